internal import Corpus
internal import Embedding
internal import Foundation
internal import Kernels
internal import Pipeline
internal import Storage
internal import TensorFiles

/// What a build reads from outside: the corpus' files and the embedder, each with the digest that fingerprints use.
struct BuildInputs: Sendable {
    let files: [CorpusFile]
    let embeddings: EmbeddingSource

    /// - Parameter spools: whether standard input may be read and copied into the run, which needs the run's exclusive
    ///   lock; otherwise an earlier copy has to be there.
    /// - Parameter digests: those of the corpus' files that are known already.
    init(
        _ configuration: PipelineConfiguration, directory: RunDirectory, spools: Bool,
        digests: FileDigests = FileDigests()
    ) throws(RunError) {
        let corpus = configuration.corpus
        var files: [CorpusFile] = []
        for file in corpus.files {
            let path = file == "-" ? try StandardInput.copy(in: directory, spools: spools) : file
            files.append(
                try reporting(damaged: .badInput) { () throws(StorageError) in
                    try CorpusFile(path: path, digests: digests)
                })
        }
        if corpus.isVectors {
            let vectors = try reporting(damaged: .badInput) { () throws(StorageError) in
                try VectorSet(corpus.files, ids: corpus.ids, digest: digests.sha256)
            }
            // Ids come from the list, or are row numbers that run through all files.
            for index in files.indices {
                let rows = vectors.rows(ofFile: index)
                files[index].identity = Digest.sha256("\(vectors.digest) \(rows.lowerBound)")
            }
            embeddings = .vectors(vectors)
        } else if let path = configuration.embed.path {
            embeddings = try EmbeddingSource(path: path, digests: digests)
        } else {
            preconditionFailure("the configuration was validated")
        }
        self.files = files
    }
}

/// A file of the corpus as it was when the plan was made.
struct CorpusFile: Sendable {
    let path: String
    /// What the ingest's fingerprint says about it.
    var identity: String
    let bytes: Int
    private let stamp: FileStamp

    init(path: String, digests: FileDigests) throws(StorageError) {
        self.path = path
        identity = try digests.sha256(path)
        stamp = try FileStamp(path: path)
        bytes = stamp.bytes
    }

    /// A file that is somewhere else, for a plan that is only looked at.
    init(standInFor path: String) {
        self.path = path
        identity = Digest.sha256(path)
        stamp = FileStamp(bytes: 0, changed: 0)
        bytes = 0
    }

    /// - Throws: `corrupt` when the file is not the one that the digest was taken of.
    func requireUnchanged() throws(StorageError) {
        guard try FileStamp(path: path) == stamp else {
            throw StorageError(.corrupt, path: path, "it changed while it was read; build again when nobody writes it")
        }
    }
}

/// The run's copy of standard input, which can be read only once.
enum StandardInput {
    /// - Returns: the copy's path.
    /// - Throws: `missingInput` when there is neither input nor copy, `badInput` for an empty or damaged stream.
    static func copy(in directory: RunDirectory, spools: Bool) throws(RunError) -> String {
        let path = directory.file("input/stdin")
        let hasCopy = FileManager.default.fileExists(atPath: path)
        guard spools, !hasNoInput else {
            guard hasCopy else {
                throw RunError(
                    .missingInput,
                    "corpus.files is - and there is nothing on standard input; pipe the corpus into `gradprint build`")
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
            try DurableFile.rename(part, to: path)
            return path
        }
    }

    /// A terminal or the null device: the copy of an earlier call is meant.
    private static var hasNoInput: Bool {
        var status = stat()
        let isKnown = unsafe fstat(0, &status) == 0
        return isKnown && status.st_mode & S_IFMT == S_IFCHR
    }
}

/// Where embeddings come from: a model, or vector files made elsewhere.
enum EmbeddingSource: Sendable {
    case model(any Embedder)
    case vectors(VectorSet)

    /// Texts that one thread embeds at once. Fixed, so that the result does not depend on the number of threads.
    static let blockRows = 64

    /// - Parameter path: a model folder or a vector file.
    init(path: String, digests: FileDigests = FileDigests()) throws(RunError) {
        if VectorFormat.isVectorFile(path) {
            self = .vectors(
                try reporting(damaged: .badInput) { () throws(StorageError) in
                    try VectorSet([path], digest: digests.sha256)
                })
            return
        }
        do {
            self = .model(try EmbedderFolder.load(path))
        } catch {
            throw RunError(error)
        }
    }

    var isVectors: Bool { if case .vectors = self { true } else { false } }

    var dimension: Int {
        switch self {
        case .model(let embedder): embedder.dimension
        case .vectors(let vectors): vectors.dimension
        }
    }

    var digest: String {
        switch self {
        case .model(let embedder): embedder.digest
        case .vectors(let vectors): vectors.digest
        }
    }

    /// The embeddings of texts, `[texts.count × dimension]`, on several threads.
    func embed(_ texts: [String], workers: Int) throws(RunError) -> Matrix {
        guard case .model(let embedder) = self else {
            throw RunError(
                .incompatible, "the embeddings of this run come from vector files, so it cannot embed texts")
        }
        let parts = Parallel.map(count: texts.count, blockSize: Self.blockRows, workers: workers) { rows in
            Result { () throws(EmbeddingError) in try embedder.embed(Array(texts[rows])) }
        }
        var elements: [Float] = []
        elements.reserveCapacity(texts.count * embedder.dimension)
        for part in parts {
            do {
                elements += try part.get().elements
            } catch {
                throw RunError(error)
            }
        }
        return Matrix(rows: texts.count, columns: embedder.dimension, elements: elements)
    }
}

extension RunError {
    init(_ error: EmbeddingError) {
        let kind: Kind =
            switch error.kind {
            case .missingFile: .missingInput
            case .unreadable, .tensor, .nonFinite: .badInput
            case .unsupported: .incompatible
            }
        self.init(kind, error.description)
    }
}
