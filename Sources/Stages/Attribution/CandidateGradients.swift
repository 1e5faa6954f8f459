package import Kernels
package import Pipeline
package import Probing
package import Storage

/// The gradients of any rows of the corpus: factors, embeddings and self-influence, read from their shards.
package struct CandidateGradients: Sendable {
    private let embeddings: ShardedColumn
    private let deltas: [ShardedColumn]
    /// What the layers after the first read.
    private let inputs: [ShardedColumn]
    private let selfInfluence: ShardedColumn

    /// Some rows, in the order they were asked for.
    package struct Rows: Sendable {
        /// `[rows × d]`.
        package let embeddings: Matrix
        package let factors: GradientFactors
        /// gᵀ(H + λI)⁻¹g of each, as the sketch estimates it.
        package let selfInfluence: [Float]
    }

    /// - Parameters: the artifacts of all shards, in order.
    package init(embeddings: [Artifact], gradients: [Artifact]) throws(StorageError) {
        self.embeddings = try ShardedColumn.embeddings(embeddings, reads: .scattered)
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
        selfInfluence = try Self.column(gradients, GradientFile.selfInfluence)
    }

    private static func column(_ artifacts: [Artifact], _ name: String) throws(StorageError) -> ShardedColumn {
        try ShardedColumn(
            artifacts, file: ArtifactFile.gradients, kind: ShardKind.gradients, column: name, reads: .scattered)
    }

    /// - Parameter rows: numbers of the corpus' rows.
    /// - Complexity: copies what it reads.
    package func read(_ rows: [Int]) throws(StorageError) -> Rows {
        var layers: [GradientFactors.Layer] = []
        for (number, delta) in deltas.enumerated() {
            layers.append(
                GradientFactors.Layer(
                    delta: try matrix(delta, rows), inputs: number == 0 ? nil : try matrix(inputs[number - 1], rows)))
        }
        return Rows(
            embeddings: try matrix(embeddings, rows), factors: GradientFactors(layers: layers),
            selfInfluence: try selfInfluence.floats(rows))
    }

    /// The embeddings alone, `[rows × d]`.
    package func embeddings(_ rows: [Int]) throws(StorageError) -> Matrix { try matrix(embeddings, rows) }

    private func matrix(_ column: ShardedColumn, _ rows: [Int]) throws(StorageError) -> Matrix {
        Matrix(rows: rows.count, columns: column.width, elements: try column.floats(rows))
    }
}
