internal import Embedding
internal import Foundation
internal import Kernels
package import Pipeline
internal import Storage

/// A build whose stages run as jobs of a cluster.
extension BuildJob {
    /// The files that a submission's jobs read in place of the user's: the configuration as it was then, and the batches
    /// with the digests of their files. Without these every element would read the whole corpus for them.
    package struct SubmissionFiles {
        package let folder: String

        package init(_ directory: RunDirectory) { folder = directory.file("slurm") }

        package var pipeline: String { "\(folder)/pipeline.yaml" }
        var growth: String { "\(folder)/growth.json" }
    }

    /// What each stage has still to do.
    ///
    /// - Parameters:
    ///   - shards: stand in for those of a corpus that has no catalog yet.
    ///   - submitted: whether what ``prepareSubmission()`` wrote is planned, without reading the corpus.
    /// - Returns: the loads, and whether the newest generation is what they give.
    package func loads(
        standInShards shards: Int, submitted: Bool
    ) throws(RunError) -> (loads: [StageLoad], isPublished: Bool) {
        let runner = builder.runner(submitted ? try submittedInputs() : try inputs(spools: false))
        return (try runner.loads(standInShards: shards), try runner.isPublished())
    }

    /// The loads where corpus or embedder are not on this machine: as if nothing was done.
    package func loadsOfAbsentInputs(standInShards shards: Int) throws(RunError) -> [StageLoad] {
        try builder.runner(BuildInputs(standInFor: configuration)).loads(standInShards: shards)
    }

    /// Writes what jobs read: the configuration and the batches; the corpus' files are read for their digests. The caller
    /// holds the run's exclusive lock.
    ///
    /// - Throws: `configuration` for a corpus on standard input; what reading the corpus throws.
    package func prepareSubmission() throws(RunError) {
        guard !configuration.corpus.files.contains("-") else {
            throw RunError(
                .configuration,
                "corpus.files is -, and many machines cannot read one standard input; write the corpus to a file on the shared filesystem"
            )
        }
        let growth = try inputs(spools: false).growth
        let files = SubmissionFiles(directory)
        try RunDirectory.createFolder(files.folder)
        try RunDirectory.createFolder(directory.elementLogs)
        try reporting(damaged: .corrupt) { () throws(StorageError) in
            try JSONFile.seal(growth, path: files.growth)
            try DurableFile.write(builder.text, to: files.pipeline)
        }
        try builder.keepConfiguration()
    }

    /// Makes a generation of what the stages made; runs none of them.
    ///
    /// - Returns: one sentence on the result.
    /// - Throws: `missingInput` when a task is not done yet; `locked` while a stage or a build runs.
    package func publish(submitted: Bool) throws(RunError) -> String {
        try directory.requireExisting()
        let lock = try directory.lock(exclusive: true)
        defer { withExtendedLifetime(lock) {} }
        try builder.runner(submitted ? try submittedInputs() : try inputs(spools: false)).publish()
        let generation = try builder.published()
        return
            "generation \(generation.number): \(grouped(generation.catalog.rows)) rows in \(generation.catalog.shards.count) shards; attribute a log with `gradprint attribute LOG.jsonl --run-dir \(directory.path)`"
    }

    /// The inputs as they were submitted.
    func submittedInputs() throws(RunError) -> BuildInputs {
        let path = SubmissionFiles(directory).growth
        let growth = try reporting(damaged: .corrupt) { () throws(StorageError) in
            try JSONFile.unseal(Growth.self, path: path)
        }
        return try BuildInputs(configuration, growth: growth, read: [])
    }
}

extension BuildInputs {
    /// Inputs that are somewhere else, for a plan that is only looked at.
    init(standInFor configuration: PipelineConfiguration) {
        let records = configuration.corpus.files.map { Batch.File(path: $0, identity: Digest.sha256($0), bytes: 0) }
        growth = Growth(Batch(number: 0, files: records, vectors: nil))
        files = records.map { CorpusFile(record: $0) }
        embeddings = .model(AbsentEmbedder())
    }
}

/// Stands for an embedder that is not on this machine where tasks are only counted.
private struct AbsentEmbedder: Embedder {
    var dimension: Int { 1 }
    var digest: String { "absent" }
    var maximumTokens: Int { 0 }
    /// As the embedder that comes with the program is.
    var isStatic: Bool { true }

    func embed(_ texts: [String]) throws(EmbeddingError) -> Matrix {
        preconditionFailure("a plan that is only looked at embeds nothing")
    }

    func similarWords(to words: [String], count: Int) -> [String: [String]] { [:] }
}
