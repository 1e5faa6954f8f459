internal import Influence
internal import Kernels
package import Pipeline
internal import Probing
internal import Storage

/// The gradient of every row's loss, as its factors, and the row's self-influence.
package struct GradientSignStage: Stage {
    package struct Parameters: Codable, Sendable {}

    package static let name = "gradient-sign"
    package static let version = 2
    package let parameters = Parameters()
    private let sizes: RowSizes

    init(sizes: RowSizes) { self.sizes = sizes }

    package var granularity: Granularity { .shard }
    package static func erasure(of artifact: Artifact) -> Erasure { .rows }
    package var inputs: [StageInput] {
        [.same(EmbedStage.name), .same(LabelStage.name), .same(ProbeTrainStage.name), .same(CurvatureStage.name)]
    }

    package func estimate(_ extent: Extent) -> ResourceEstimate {
        ResourceEstimate(
            memory: 64 << 20 + 4 * SelfInfluenceSketch.standardRows * sizes.parameters,
            disk: extent.rows * (sizes.gradient + 4))
    }

    package func run(_ context: TaskContext) throws {
        let embeddings = try EmbeddingBlocks(context.input(EmbedStage.name))
        let labels = try ShardReader(
            path: context.input(LabelStage.name).path(ArtifactFile.labels), expectedKind: ShardKind.labels)
        let probe = try ProbeFile.read(context.input(ProbeTrainStage.name))
        let sketch = try SketchFile.read(context.input(CurvatureStage.name), parameterCount: probe.parameterCount)
        let writer = try GradientFile.writer(probe, path: context.output(ArtifactFile.gradients))
        for rows in embeddings.blocks {
            let block = try embeddings.matrix(rows)
            var blockLabels: [UInt32] = []
            try labels.read("label", rows: rows, into: &blockLabels)
            let factors = try probe.gradientFactors(
                block.elements.span, labels: blockLabels.span, workers: context.workers)
            let selfInfluence = sketch.selfInfluence(
                factors, embeddings: block.elements.span, workers: context.workers)
            try GradientFile.append(factors, selfInfluence: selfInfluence, to: writer)
            context.advance(rows: rows.count)
        }
        _ = try writer.finish()
    }
}

/// Gradient factors on disk: for layer l the column `delta-l`, and `inputs-l` where the layer read no embedding; and
/// `self_influence`, gᵀ(H + λI)⁻¹g of each row as the sketch estimates it.
enum GradientFile {
    static let selfInfluence = "self_influence"

    static func writer(_ probe: some Probe, path: String) throws(StorageError) -> ShardWriter {
        var columns: [ColumnDescription] = []
        for (number, layer) in probe.layers.enumerated() {
            columns.append(ColumnDescription("delta-\(number)", .float32, width: layer.outputs))
            if number > 0 { columns.append(ColumnDescription("inputs-\(number)", .float32, width: layer.inputs)) }
        }
        columns.append(ColumnDescription(selfInfluence, .float32, width: 1))
        return try ShardWriter(path: path, kind: ShardKind.gradients, columns: columns)
    }

    static func append(
        _ factors: GradientFactors, selfInfluence values: [Float], to writer: ShardWriter
    ) throws(StorageError) {
        for (number, layer) in factors.layers.enumerated() {
            try writer.append("delta-\(number)", floats: layer.delta.elements.span)
            if let inputs = layer.inputs { try writer.append("inputs-\(number)", floats: inputs.elements.span) }
        }
        try writer.append(selfInfluence, floats: values)
    }

    /// The factors of a range of rows of one shard.
    static func read(_ reader: ShardReader, rows: Range<Int>) throws(StorageError) -> GradientFactors {
        var layers: [GradientFactors.Layer] = []
        while reader.hasColumn("delta-\(layers.count)") {
            let delta = try matrix(reader, "delta-\(layers.count)", rows)
            let inputs = layers.isEmpty ? nil : try matrix(reader, "inputs-\(layers.count)", rows)
            layers.append(GradientFactors.Layer(delta: delta, inputs: inputs))
        }
        return GradientFactors(layers: layers)
    }

    private static func matrix(_ reader: ShardReader, _ column: String, _ rows: Range<Int>) throws(StorageError)
        -> Matrix
    {
        var elements: [Float] = []
        try reader.read(column, rows: rows, into: &elements)
        return Matrix(rows: rows.count, columns: try reader.column(column).fixedWidth ?? 0, elements: elements)
    }
}
