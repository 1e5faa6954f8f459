internal import Clustering
internal import Kernels
package import Pipeline
internal import Probing
internal import Storage

/// Trains the probe to predict the pseudo-labels from the embeddings, on a seeded sample of rows.
///
/// Convergence: no component of the objective's gradient is greater than `tolerance`, or an iteration of L-BFGS lowers
/// the objective by no more than 10⁻⁷ of it. Loss and accuracy are recorded in the manifest.
package struct ProbeTrainStage: Stage {
    /// The configuration's `probe:` section.
    package struct Settings: Codable, Hashable, Sendable {
        package enum Kind: String, CaseIterable, Codable, Sendable { case linear, hidden }

        package let kind: Kind
        package let hiddenUnits: Int
        package let l2: Double
        package let tolerance: Double
        package let iterations: Int
        package let sampleRows: Int

        init(_ section: ConfigurationSection) throws(RunError) {
            var section = section
            kind = try section.choice("kind", default: .linear)
            hiddenUnits = try section.integer("hidden_units", default: 64, in: 1...65_536)
            l2 = try section.number("l2", default: 1e-4, in: 0...1e6)
            tolerance = try section.number("tolerance", default: 1e-4, in: 1e-12...1)
            iterations = try section.integer("iterations", default: 500, in: 1...1_000_000)
            sampleRows = try section.integer("sample_rows", default: 65_536, in: 2...100_000_000)
            try section.finish()
        }
    }

    package static let name = "probe-train"
    package static let version = 1
    package let parameters: Seeded<Settings>

    private let sizes: RowSizes

    init(_ settings: Settings, sizes: RowSizes, seed: UInt64) {
        parameters = Seeded(settings: settings, seed: seed)
        self.sizes = sizes
    }

    package var granularity: Granularity { .whole }
    package static func erasure(of artifact: Artifact) -> Erasure { .none }
    package var inputs: [StageInput] { [.all(EmbedStage.name), .all(LabelStage.name), .same(ClusterStage.name)] }

    package func estimate(_ extent: Extent) -> ResourceEstimate {
        let sample = min(extent.rows, parameters.settings.sampleRows) * sizes.embedding
        // L-BFGS keeps ten pairs, and blocks of rows their sums, in double precision.
        return ResourceEstimate(memory: 2 * sample + 512 * sizes.parameters, disk: 4 * sizes.parameters)
    }

    package func run(_ context: TaskContext) throws {
        let settings = parameters.settings
        let embeddings = try ShardedColumn.embeddings(context.inputs(EmbedStage.name))
        let labels = try ShardedColumn(
            context.inputs(LabelStage.name), file: ArtifactFile.labels, kind: ShardKind.labels, column: "label")
        let sample = try embeddings.sample(settings.sampleRows, seed: parameters.seed, stream: 2)
        let record = try train(
            sample.matrix, labels: try labels.unsignedIntegers(sample.rows),
            classes: try Centroids.read(context.input(ClusterStage.name)).centroids.rows, workers: context.workers)
        try ProbeFile.write(record, path: context.output(ArtifactFile.probe))
        context.advance(rows: sample.rows.count)
        context.record("loss", .number(record.report.loss))
        context.record("accuracy", .number(record.report.accuracy))
        context.record("iterations", .integer(record.report.iterations))
        context.record("gradient norm", .number(record.report.gradientNorm))
        context.record("converged", .text(record.report.converged ? "yes" : "no"))
    }

    private func train(
        _ sample: Matrix, labels: [UInt32], classes: Int, workers: Int
    ) throws(RunError) -> ProbeRecord {
        let settings = parameters.settings
        let training = ProbeTraining(
            l2: settings.l2,
            optimizer: LBFGS(iterations: settings.iterations, gradientTolerance: settings.tolerance))
        do {
            switch settings.kind {
            case .linear:
                var probe = LinearProbe(dimension: sample.columns, classes: classes)
                let report = try probe.train(sample: sample, labels: labels, training, workers: workers)
                return ProbeRecord(probe, report: report)
            case .hidden:
                var probe = HiddenProbe(
                    dimension: sample.columns, classes: classes, hidden: settings.hiddenUnits, seed: parameters.seed)
                let report = try probe.train(sample: sample, labels: labels, training, workers: workers)
                return ProbeRecord(probe, report: report)
            }
        } catch {
            throw RunError(.badInput, "\(error)")
        }
    }
}

/// The probe on disk: one row with all parameters; the shape and how training went are attributes.
enum ProbeFile {
    static func write(_ record: ProbeRecord, path: String) throws(StorageError) {
        let writer = try ShardWriter(
            path: path, kind: ShardKind.probe,
            columns: [ColumnDescription("parameters", .float32, width: record.parameters.count)],
            attributes: ["record": String(decoding: JSONFile.encode(Shape(record)), as: UTF8.self)])
        try writer.append("parameters", floats: record.parameters.span)
        _ = try writer.finish()
    }

    static func read(_ artifact: Artifact) throws(StorageError) -> any Probe {
        let path = artifact.path(ArtifactFile.probe)
        let reader = try ShardReader(path: path, expectedKind: ShardKind.probe)
        var parameters: [Float] = []
        try reader.read("parameters", rows: 0..<reader.rows, into: &parameters)
        guard let text = reader.attributes["record"], let shape = try? JSONFile.decode(Shape.self, from: text),
            let probe = shape.record(parameters).probe
        else { throw StorageError(.corrupt, path: path, "its parameters do not fit the probe it describes") }
        return probe
    }

    /// A record without its parameters.
    private struct Shape: Codable {
        let kind: ProbeRecord.Kind
        let dimension: Int
        let classes: Int
        let hidden: Int
        let report: TrainingReport

        init(_ record: ProbeRecord) {
            (kind, dimension, classes, hidden) = (record.kind, record.dimension, record.classes, record.hidden)
            report = record.report
        }

        func record(_ parameters: [Float]) -> ProbeRecord {
            ProbeRecord(
                kind: kind, dimension: dimension, classes: classes, hidden: hidden, parameters: parameters,
                report: report)
        }
    }
}
