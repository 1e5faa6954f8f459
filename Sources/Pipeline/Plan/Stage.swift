/// One kind of job of the pipeline: a struct in a file of its own that holds its parameters and turns input files into
/// output files. It knows nothing of directories, workers, resume or the executor; ``Runner`` owns those.
///
/// A task is done when a directory with a manifest of its fingerprint exists. The fingerprint covers the stage's name
/// and version, `parameters`, and the fingerprints of the inputs, so a changed parameter re-runs exactly what depends
/// on it. Whatever changes the output's bytes has to be in `parameters` (or raise `version`); whatever does not (paths,
/// thread counts) has to stay out.
package protocol Stage: Sendable {
    associatedtype Parameters: Encodable, Sendable
    /// The folder of the stage's outputs and the word on the command line.
    static var name: String { get }
    /// Raised when the code gives other bytes for the same parameters.
    static var version: Int { get }
    var parameters: Parameters { get }
    /// How the stage's work is cut into tasks.
    var granularity: Granularity { get }
    /// What its tasks read.
    var inputs: [StageInput] { get }
    /// Into how many tasks a segment of so many rows is cut, where ``granularity`` is `slice`.
    ///
    /// - Parameter trainedRows: of the batches that the models are trained on.
    func slices(rows: Int, trainedRows: Int) -> Int
    /// How a task's outputs lose what they hold of deleted rows.
    static func erasure(of artifact: Artifact) throws -> Erasure
    /// Writes the outputs of a task once more, without the content of some rows.
    func erase(_ rows: [Int], from artifact: Artifact, trained: Catalog, into folder: String) throws
    /// What one task needs and leaves, for the check before a build starts.
    func estimate(_ extent: Extent) -> ResourceEstimate
    /// Does one task: reads `context.input(…)`, writes into `context.output(…)`.
    func run(_ context: TaskContext) throws
}

extension Stage {
    package var name: String { Self.name }
    package var version: Int { Self.version }
    package func slices(rows: Int, trainedRows: Int) -> Int { 1 }
}

package enum Granularity: String, Sendable {
    /// One task for each file of the corpus.
    case file
    /// One task for each batch of files: the corpus' own, and each append's.
    case batch
    /// One task for each shard; the streaming stages.
    case shard
    /// One task for each segment of the indexes.
    case segment
    /// As many tasks for each segment as the stage says.
    case slice
    /// One task; the training stages. It reads the batches that the models are trained on.
    case whole
}

/// A stage's output that another stage reads.
package struct StageInput: Hashable, Sendable {
    package enum Scope: Sendable {
        /// What belongs to the task's own shard.
        case same
        /// What belongs to any of the task's batches.
        case all
        /// What belongs to the task's batches and those before them.
        case upTo
    }

    package let stage: String
    package let scope: Scope

    package static func same(_ stage: String) -> StageInput { StageInput(stage: stage, scope: .same) }
    package static func all(_ stage: String) -> StageInput { StageInput(stage: stage, scope: .all) }
    package static func upTo(_ stage: String) -> StageInput { StageInput(stage: stage, scope: .upTo) }
}

/// What an estimate starts from.
package struct Extent: Sendable {
    /// Rows of the task's shard or segment; of the trained corpus for a whole stage.
    package let rows: Int
    /// Bytes of text of these rows (0 for vectors).
    package let textBytes: Int

    package init(rows: Int, textBytes: Int) {
        self.rows = rows
        self.textBytes = textBytes
    }
}

/// What one task needs at its peak and leaves behind.
package struct ResourceEstimate: Sendable {
    /// Bytes resident at the task's peak, beside memory-mapped files.
    package let memory: Int
    /// Bytes of its outputs.
    package let disk: Int

    package init(memory: Int, disk: Int) {
        self.memory = memory
        self.disk = disk
    }
}
