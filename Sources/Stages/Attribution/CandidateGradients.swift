internal import Kernels
internal import Pipeline
internal import Probing
internal import Storage

/// The gradients of any rows of the corpus: factors and embeddings, read from their shards.
struct CandidateGradients: Sendable {
    private let embeddings: ShardedColumn
    private let deltas: [ShardedColumn]
    /// What the layers after the first read.
    private let inputs: [ShardedColumn]

    /// - Parameters: the artifacts of all shards, in order.
    init(embeddings: [Artifact], gradients: [Artifact]) throws(StorageError) {
        self.embeddings = try ShardedColumn.embeddings(embeddings)
        var deltas: [ShardedColumn] = []
        var inputs: [ShardedColumn] = []
        let first = try ShardReader(
            path: gradients[0].path(ArtifactFile.gradients), expectedKind: ShardKind.gradients)
        while first.hasColumn("delta-\(deltas.count)") {
            let number = deltas.count
            deltas.append(try Self.column(gradients, "delta-\(number)"))
            if number > 0 { inputs.append(try Self.column(gradients, "inputs-\(number)")) }
        }
        self.deltas = deltas
        self.inputs = inputs
    }

    private static func column(_ artifacts: [Artifact], _ name: String) throws(StorageError) -> ShardedColumn {
        try ShardedColumn(artifacts, file: ArtifactFile.gradients, kind: ShardKind.gradients, column: name)
    }

    /// Embeddings `[rows × d]` and gradient factors of some rows, in the order given.
    func read(_ rows: [Int]) throws(StorageError) -> (embeddings: Matrix, factors: GradientFactors) {
        var layers: [GradientFactors.Layer] = []
        for (number, delta) in deltas.enumerated() {
            layers.append(
                GradientFactors.Layer(
                    delta: try matrix(delta, rows), inputs: number == 0 ? nil : try matrix(inputs[number - 1], rows)))
        }
        return (try matrix(embeddings, rows), GradientFactors(layers: layers))
    }

    private func matrix(_ column: ShardedColumn, _ rows: [Int]) throws(StorageError) -> Matrix {
        Matrix(rows: rows.count, columns: column.width, elements: try column.floats(rows))
    }
}
