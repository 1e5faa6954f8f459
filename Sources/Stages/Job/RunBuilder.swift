internal import Corpus
internal import Foundation
internal import Pipeline
internal import Storage

/// What every job that builds shares: a configuration, where the run is, and how it is run.
struct RunBuilder {
    let configuration: PipelineConfiguration
    /// The configuration as the run keeps it.
    let text: String
    let directory: RunDirectory
    var options: Runner.Options
    let progress: BuildProgress
    /// Those of the stages not every run has that it is to have; as the configuration says where nil.
    private let optionalStages: Set<String>?

    /// - Parameter optionalStages: those of the stages not every run has that it is to have; as the configuration says where
    ///   nil. What goes on from a generation has the generation's.
    init(
        configuration: PipelineConfiguration, text: String, directory: RunDirectory, workers: Int,
        allowsMixedPlatforms: Bool, progress: BuildProgress, optionalStages: Set<String>? = nil
    ) {
        self.optionalStages = optionalStages
        self.configuration = configuration
        self.text = text
        self.directory = directory
        self.progress = progress
        options = Runner.Options(
            workers: workers, dropped: configuration.dropped, allowsMixedPlatforms: allowsMixedPlatforms)
    }

    /// The stages of a build, in their order.
    func stages(_ inputs: BuildInputs) -> [String] {
        StageRegistry.names(configuration, chosen: chosen(inputs))
    }

    private func chosen(_ inputs: BuildInputs) -> Set<String> {
        optionalStages ?? configuration.optionalStages(with: inputs.embeddings)
    }

    func runner(_ inputs: BuildInputs) -> Runner {
        let present = stages(inputs)
        var inputs = inputs
        inputs.directory = directory
        var options = options
        options.absent = StageRegistry.names.filter { !present.contains($0) }
        return Runner(
            directory: directory, stages: StageRegistry.stages(configuration, inputs: inputs, chosen: chosen(inputs)),
            growth: inputs.growth, configuration: text, options: options, progress: progress)
    }

    /// What would run.
    func plan(_ inputs: BuildInputs) throws(RunError) -> PlanSummary {
        let runner = runner(inputs)
        let plan = try runner.currentPlan()
        return PlanSummary(plan, stages: stages(inputs), mustRun: try runner.missing(in: plan))
    }

    /// Builds what is missing and publishes it. The caller holds the run alone.
    func build(_ inputs: BuildInputs) throws(RunError) -> Generation {
        // What cannot be read is said before anything is made.
        _ = try Deletions.read(directory)
        try keepConfiguration()
        try runner(inputs).build()
        return try published()
    }

    /// The generation that was published just now, with the deleted rows found.
    func published() throws(RunError) -> Generation {
        try Self.keepDeletedRows(directory)
        guard let generation = try directory.currentGeneration() else {
            throw RunError(.defect, "the build ended without a generation")
        }
        return generation
    }

    func keepConfiguration() throws(RunError) {
        let path = directory.configuration
        if FileManager.default.contents(atPath: path) == Data(text.utf8) { return }
        try reporting(damaged: .corrupt) { () throws(StorageError) in try DurableFile.write(text, to: path) }
    }

    /// Finds the deleted rows of the generations that are there, so that no reader has to.
    ///
    /// - Parameter purged: those that have been erased.
    static func keepDeletedRows(_ directory: RunDirectory, purged: Deletions = Deletions()) throws(RunError) {
        let lock = try Deletions.lock(directory)
        defer { withExtendedLifetime(lock) {} }
        let old = try Deletions.read(directory)
        guard !old.entries.isEmpty else { return }
        var deletions = old
        deletions.markPurged(purged)
        try deletions.resolve(try directory.keptGenerations(), directory)
        if deletions != old { try deletions.write(directory) }
    }

    /// Takes the digests of the files of a batch.
    ///
    /// - Parameters:
    ///   - ids: one id a line, for vectors.
    ///   - embedded: the digest of the vectors that come with texts.
    ///   - stdin: the path of the copy that stands for `-`.
    static func read(
        _ paths: [String], ids: String?, isVectors: Bool, embedded: String? = nil, stdin: () throws(RunError) -> String
    ) throws(RunError) -> (files: [CorpusFile], vectors: VectorSet?) {
        var vectors: VectorSet?
        if isVectors {
            vectors = try reporting(damaged: .badInput) { () throws(StorageError) in
                try VectorSet(paths, ids: ids)
            }
        }
        var files: [CorpusFile] = []
        for (index, path) in paths.enumerated() {
            let path = path == "-" ? try stdin() : path
            // Ids come from the list, or are row numbers that run through all files.
            let identity = vectors.map { Digest.sha256("\($0.digest) \($0.rows(ofFile: index).lowerBound)") }
            files.append(
                try reporting(damaged: .badInput) { () throws(StorageError) in
                    try CorpusFile(path: path, identity: identity, embedded: embedded)
                })
        }
        return (files, vectors)
    }
}

extension Batch.Vectors {
    init(_ set: VectorSet, path: String? = nil, ids: String? = nil) {
        self.init(path: path, ids: ids, digest: set.digest, dimension: set.dimension, rows: set.rows)
    }
}
