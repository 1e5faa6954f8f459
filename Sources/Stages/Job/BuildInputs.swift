internal import Corpus
internal import Embedding
internal import Foundation
internal import Kernels
internal import Pipeline
internal import Storage
internal import TensorFiles

/// What a build reads from outside: the corpus' files and the embedder, each with the digest that fingerprints use.
struct BuildInputs: Sendable {
    let growth: Growth
    /// Those of all batches.
    let files: [CorpusFile]
    let embeddings: EmbeddingSource
    /// Of the run; nothing for a plan that is only looked at.
    var directory: RunDirectory?

    /// - Parameters:
    ///   - growth: whose batches there are to be.
    ///   - read: files whose digests were taken just now, by path.
    ///   - vectors: of the first batch, where they are open already.
    init(
        _ configuration: PipelineConfiguration, growth: Growth, read: [CorpusFile], vectors: VectorSet? = nil
    ) throws(RunError) {
        self.growth = growth
        files = growth.batches.flatMap { batch in
            let embedded = configuration.corpus.isVectors ? nil : batch.vectors?.digest
            return batch.files.map { record in
                read.first { $0.record == record } ?? CorpusFile(record: record, embedded: embedded)
            }
        }
        if configuration.corpus.isVectors {
            embeddings = .vectors(CorpusVectors(growth, first: vectors))
        } else if let path = configuration.embed.path {
            embeddings = try EmbeddingSource(path: path, growth: growth)
        } else {
            preconditionFailure("the configuration was validated")
        }
    }
}

/// A file of the corpus: as it was when the plan was made, or as the run's record says.
struct CorpusFile: Sendable {
    let record: Batch.File
    /// Size, and time of the last change in nanoseconds, when the digest was taken; nothing where the record alone is known.
    private let stamp: Stamp?
    /// The digest of the vectors that came with its texts, which is part of its identity.
    private let embedded: String?

    struct Stamp: Equatable {
        let bytes: Int
        let changed: Int
    }

    /// Takes the digest of a file.
    ///
    /// - Parameters:
    ///   - identity: what stands for its content where that is not its own digest.
    ///   - embedded: the digest of the vectors that come with its texts.
    init(path: String, identity: String? = nil, embedded: String? = nil) throws(StorageError) {
        let stamp = try Self.stamp(path)
        let known: String
        if let identity { known = identity } else { known = try Self.identity(path, embedded: embedded) }
        record = Batch.File(path: path, identity: known, bytes: stamp.bytes)
        self.stamp = stamp
        self.embedded = embedded
    }

    init(record: Batch.File, embedded: String? = nil) {
        self.record = record
        self.embedded = embedded
        stamp = nil
    }

    private static func identity(_ path: String, embedded: String?) throws(StorageError) -> String {
        let own = try Digest.sha256(file: path)
        return embedded.map { Digest.sha256("\(own) \($0)") } ?? own
    }

    /// Before it is read.
    ///
    /// - Throws: `corrupt` when the file is not the one that the run knows.
    func open(isVectors: Bool) throws(StorageError) -> Stamp {
        if let stamp { return stamp }
        let stamp = try Self.stamp(record.path)
        // The digests of vectors are compared where they are opened.
        if isVectors { return stamp }
        guard try Self.identity(record.path, embedded: embedded) == record.identity else {
            throw StorageError(
                .corrupt, path: record.path, "it is not the file any more that was to become part of the run")
        }
        return stamp
    }

    /// After it was read.
    ///
    /// - Throws: `corrupt` when it changed meanwhile.
    func requireUnchanged(since stamp: Stamp) throws(StorageError) {
        guard try Self.stamp(record.path) == stamp else {
            throw StorageError(
                .corrupt, path: record.path, "it changed while it was read; build again when nobody writes it")
        }
    }

    private static func stamp(_ path: String) throws(StorageError) -> Stamp {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else {
            throw StorageError.lastSystemError(path: path, doing: "looking at")
        }
        return Stamp(
            bytes: Int(status.st_size),
            changed: status.st_mtim.tv_sec &* 1_000_000_000 &+ status.st_mtim.tv_nsec)
    }
}

/// The run's copy of standard input, which can be read only once.
enum StandardInput {
    /// - Parameter keepsOthers: whether copies of other input stay, and this one gets a name of its own.
    /// - Returns: the copy's path.
    /// - Throws: `missingInput` when there is neither input nor copy, `badInput` for an empty or damaged stream.
    static func copy(in directory: RunDirectory, spools: Bool, keepsOthers: Bool = false) throws(RunError) -> String {
        let path = directory.file("input/stdin")
        let hasCopy = !keepsOthers && FileManager.default.fileExists(atPath: path)
        guard spools, !hasNoInput else {
            guard hasCopy else {
                throw RunError(
                    .missingInput,
                    "the input is - and there is nothing on standard input; pipe the corpus into the command")
            }
            return path
        }
        try RunDirectory.createFolder(directory.file("input"))
        return try reporting(damaged: .badInput) { () throws(StorageError) in
            let part = path + ".part"
            let source = try ByteSource(path: "-")
            let sink = try ByteSink(path: part)
            var block: [UInt8] = []
            var bytes = 0
            while try source.read(into: &block) {
                bytes += block.count
                try sink.write(block.span.rawBytes)
            }
            try sink.finish(sync: true)
            guard bytes > 0 else {
                RunDirectory.remove(part)
                throw StorageError(
                    .corrupt, path: "standard input", "it is empty; did the program that writes it fail?")
            }
            let name = keepsOthers ? "\(path)-\(try Digest.sha256(file: part).prefix(12))" : path
            try DurableFile.rename(part, to: name)
            return name
        }
    }

    /// A terminal or the null device: the copy of an earlier call is meant.
    private static var hasNoInput: Bool {
        var status = stat()
        let isKnown = unsafe fstat(0, &status) == 0
        return isKnown && status.st_mode & S_IFMT == S_IFCHR
    }
}
