internal import Embedding
internal import Foundation
internal import Kernels
package import Pipeline
internal import Storage

/// A build whose stages run as jobs of a cluster.
extension BuildJob {
    /// The files that a submission's jobs read in place of the user's: the configuration as it was then, and the digests
    /// of the corpus' files.
    package struct SubmissionFiles {
        package let folder: String

        package init(_ directory: RunDirectory) { folder = directory.file("slurm") }

        package var pipeline: String { "\(folder)/pipeline.yaml" }
        var digests: String { "\(folder)/digests.json" }
    }

    /// What each stage has still to do.
    ///
    /// - Parameters:
    ///   - shards: stand in for those of a corpus that has no catalog yet.
    ///   - submitted: whether the digests that ``prepareSubmission()`` took serve.
    package func loads(standInShards shards: Int, submitted: Bool) throws(RunError) -> [StageLoad] {
        try runner(spools: false, digests: submitted ? submittedDigests() : FileDigests()).loads(standInShards: shards)
    }

    /// The same where corpus or embedder are not on this machine: as if nothing was done.
    package func loadsOfAbsentInputs(standInShards shards: Int) throws(RunError) -> [StageLoad] {
        let inputs = BuildInputs(standInFor: configuration)
        return try runner(inputs).loads(standInShards: shards)
    }

    /// Whether the newest generation is what a build would give now.
    package func isPublished() throws(RunError) -> Bool {
        try runner(spools: false, digests: submittedDigests()).isPublished()
    }

    /// Writes what jobs read: the configuration, and the digests of the corpus' files, which are read for that. The
    /// caller holds the run's exclusive lock.
    ///
    /// - Throws: `configuration` for a corpus on standard input; what reading the corpus throws.
    package func prepareSubmission() throws(RunError) {
        guard !configuration.corpus.files.contains("-") else {
            throw RunError(
                .configuration,
                "corpus.files is -, and many machines cannot read one standard input; write the corpus to a file on the shared filesystem"
            )
        }
        let files = SubmissionFiles(directory)
        try RunDirectory.createFolder(files.folder)
        try RunDirectory.createFolder(directory.elementLogs)
        let corpus = configuration.corpus
        let vectors = configuration.embed.isVectors ? [configuration.embed.path] : []
        let paths = corpus.files + [corpus.ids].compactMap { $0 } + vectors.compactMap { $0 }
        let digests = try reporting(damaged: .badInput) { () throws(StorageError) in try FileDigests(of: paths) }
        try reporting(damaged: .corrupt) { () throws(StorageError) in
            try digests.write(to: files.digests)
            try DurableFile.write(text, to: files.pipeline)
        }
        try keepConfiguration()
    }

    /// Makes a generation of what the stages made; runs none of them.
    ///
    /// - Returns: one sentence on the result.
    /// - Throws: `missingInput` when a task is not done yet; `locked` while a stage or a build runs.
    package func publish(submitted: Bool) throws(RunError) -> String {
        try directory.requireExisting()
        let lock = try directory.lock(exclusive: true)
        defer { withExtendedLifetime(lock) {} }
        try runner(spools: false, digests: submitted ? submittedDigests() : FileDigests()).publish()
        let generation = try published()
        return
            "generation \(generation.number): \(grouped(generation.catalog.rows)) rows in \(generation.catalog.shards.count) shards; attribute a log with `gradprint attribute LOG.jsonl --run-dir \(directory.path)`"
    }

    /// The digests that the submission took; none where there is no submission.
    func submittedDigests() throws(RunError) -> FileDigests {
        let path = SubmissionFiles(directory).digests
        guard FileManager.default.fileExists(atPath: path) else { return FileDigests() }
        return try reporting(damaged: .corrupt) { () throws(StorageError) in try FileDigests(path: path) }
    }
}

extension BuildInputs {
    /// Inputs that are somewhere else, for a plan that is only looked at.
    init(standInFor configuration: PipelineConfiguration) {
        files = configuration.corpus.files.map { CorpusFile(standInFor: $0) }
        embeddings = .model(AbsentEmbedder())
    }
}

/// Stands for an embedder that is not on this machine where tasks are only counted.
private struct AbsentEmbedder: Embedder {
    var dimension: Int { 1 }
    var digest: String { "absent" }
    var maximumTokens: Int { 0 }

    func embed(_ texts: [String]) throws(EmbeddingError) -> Matrix {
        preconditionFailure("a plan that is only looked at embeds nothing")
    }

    func similarWords(to words: [String], count: Int) -> [String: [String]] { [:] }
}
