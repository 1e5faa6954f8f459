internal import Corpus
internal import Embedding
internal import Kernels
internal import Pipeline
internal import Storage
internal import Synchronization
internal import TensorFiles

/// Where embeddings come from: a model, or vector files made elsewhere.
enum EmbeddingSource: Sendable {
    case model(any Embedder)
    case vectors(CorpusVectors)

    /// Texts that one thread embeds at once. Fixed, so that the result does not depend on the number of threads.
    static let blockRows = 64

    /// - Parameters:
    ///   - path: a model folder or a vector file.
    ///   - growth: of the run whose texts are to be embedded: its batches may have vectors of their own.
    init(path: String, growth: Growth? = nil) throws(RunError) {
        if VectorFormat.isVectorFile(path) {
            let set = try reporting(damaged: .badInput) { () throws(StorageError) in try VectorSet([path]) }
            self = .vectors(CorpusVectors(set, growth: growth))
            return
        }
        do {
            self = .model(try EmbedderFolder.load(path))
        } catch {
            throw RunError(error)
        }
    }

    var isVectors: Bool { if case .vectors = self { true } else { false } }

    /// Whether texts are embedded by a table, without a network.
    var isStatic: Bool { if case .model(let embedder) = self { embedder.isStatic } else { false } }

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

    /// As the embedder says; nil for vectors.
    var arithmetic: Int? { if case .model(let embedder) = self { embedder.arithmetic } else { nil } }

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

/// Vectors made elsewhere, batch by batch. A batch's files are opened when they are read; the run's record says the rest.
final class CorpusVectors: Sendable {
    /// Names the vectors of the first batch, and with them those that are comparable.
    let digest: String
    let dimension: Int
    /// In the first batch.
    let rows: Int
    private let batches: [Batch]
    private let opened: Mutex<[Int: VectorSet]>

    /// - Parameter first: the set of the first batch, where it is open already.
    init(_ growth: Growth, first: VectorSet?) {
        guard let record = growth.batches[0].vectors else { preconditionFailure("batches of vectors say so") }
        (digest, dimension, rows) = (record.digest, record.dimension, record.rows)
        batches = growth.batches
        opened = Mutex(first.map { [0: $0] } ?? [:])
    }

    /// Of texts that were embedded elsewhere: one set for the first batch, and those that came with later ones.
    init(_ set: VectorSet, growth: Growth? = nil) {
        (digest, dimension, rows) = (set.digest, set.dimension, set.rows)
        batches = growth?.batches ?? []
        opened = Mutex([0: set])
    }

    /// The vectors of a batch.
    ///
    /// - Throws: `corrupt` when the files are not those any more that the run knows.
    func set(ofBatch batch: Int) throws(StorageError) -> VectorSet {
        if let known = opened.withLock({ $0[batch] }) { return known }
        let record = batches[batch]
        guard let vectors = record.vectors else {
            throw StorageError(
                .mismatch, path: record.files.first?.path ?? "",
                "was appended without vectors, so embed.path cannot be a file of vectors now; set it to the model again"
            )
        }
        let paths = vectors.path.map { [$0] } ?? record.files.map(\.path)
        let set = try VectorSet(paths, ids: vectors.ids)
        guard set.digest == vectors.digest else {
            throw StorageError(
                .corrupt, path: paths[0],
                "these are not the vectors any more that were to become part of the run")
        }
        opened.withLock { $0[batch] = set }
        return set
    }
}
