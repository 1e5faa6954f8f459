internal import Corpus
internal import Embedding
internal import Foundation
internal import Kernels
internal import Pipeline
internal import Storage
internal import TensorFiles

/// What a build reads from outside: the corpus' files and the embedder, each with the digest that fingerprints use.
struct BuildInputs: Sendable {
    let files: [String]
    let fileDigests: [String]
    let embeddings: EmbeddingSource

    /// Spools standard input into the run first, since it can be read only once.
    init(_ configuration: PipelineConfiguration, directory: RunDirectory) throws(RunError) {
        let corpus = configuration.corpus
        var files: [String] = []
        for file in corpus.files {
            files.append(file == "-" ? try Self.spool(directory) : file)
        }
        self.files = files
        fileDigests = try reporting(damaged: .badInput) { () throws(StorageError) in
            var digests: [String] = []
            for file in files { digests.append(try Digest.sha256(file: file)) }
            return digests
        }
        if corpus.isVectors {
            embeddings = .vectors(
                try reporting(damaged: .badInput) { () throws(StorageError) in try VectorSet(files, ids: corpus.ids) })
        } else if let path = configuration.embed.path {
            embeddings = try EmbeddingSource(path: path)
        } else {
            preconditionFailure("the configuration was validated")
        }
    }

    /// Copies standard input to a file of the run; with nothing to read there, an earlier copy is used.
    private static func spool(_ directory: RunDirectory) throws(RunError) -> String {
        let path = directory.file("input/stdin")
        let hasCopy = FileManager.default.fileExists(atPath: path)
        if isatty(0) == 1 {
            guard hasCopy else {
                throw RunError(
                    .missingInput, "corpus.files is - and standard input is a terminal; pipe the corpus into gradprint")
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
            if bytes == 0, hasCopy {
                RunDirectory.remove(part)
                return path
            }
            try DurableFile.rename(part, to: path)
            return path
        }
    }
}

/// Where embeddings come from: a model, or vector files made elsewhere.
enum EmbeddingSource: Sendable {
    case model(any Embedder)
    case vectors(VectorSet)

    /// Texts that one thread embeds at once. Fixed, so that the result does not depend on the number of threads.
    static let blockRows = 64

    /// - Parameter path: a model folder or a vector file.
    init(path: String) throws(RunError) {
        if VectorFormat.isVectorFile(path) {
            self = .vectors(try reporting(damaged: .badInput) { () throws(StorageError) in try VectorSet([path]) })
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
                .incompatible, "this run was built from vectors, so it cannot embed texts; give --vectors and --ids")
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
