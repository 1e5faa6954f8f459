internal import Corpus
internal import Foundation
package import Pipeline
internal import Storage
internal import TensorFiles

/// Goes on from a run's generation under its own configuration and models: appends a batch, or merges segments.
package struct GrowJob {
    private let builder: RunBuilder
    private let generation: Generation
    private let log: (String) -> Void
    private var directory: RunDirectory { builder.directory }

    /// - Parameters:
    ///   - workers: threads in all.
    ///   - log: takes what the user should know.
    /// - Throws: `missingInput` when there is no run or no finished build.
    package init(
        directory: RunDirectory, workers: Int, allowsMixedPlatforms: Bool, progress: BuildProgress,
        log: @escaping (String) -> Void
    ) throws(RunError) {
        try directory.requireExisting()
        guard let generation = try directory.currentGeneration() else {
            throw RunError(
                .missingInput,
                "\(directory.path): the build has not come to its end, so there are no models yet; run `gradprint build` again"
            )
        }
        self.generation = generation
        self.log = log
        builder = RunBuilder(
            configuration: try PipelineConfiguration(
                ConfigurationNode(yaml: generation.configuration, path: directory.configuration)),
            text: generation.configuration, directory: directory, workers: workers,
            allowsMixedPlatforms: allowsMixedPlatforms, progress: progress,
            optionalStages: generation.optionalStages)
    }

    /// Files that become a batch.
    package struct Files: Sendable {
        let paths: [String]
        let ids: String?
        let vectors: String?
        let isRepeated: Bool

        /// - Parameters:
        ///   - paths: as the run's corpus: JSON Lines (`-` is standard input), or vector files.
        ///   - ids: one id a line, for vector files.
        ///   - vectors: a file of one vector for each sample, for texts that are embedded elsewhere.
        ///   - isRepeated: whether files that are in the run already are appended again.
        package init(_ paths: [String], ids: String? = nil, vectors: String? = nil, isRepeated: Bool = false) {
            (self.paths, self.ids, self.vectors, self.isRepeated) = (paths, ids, vectors, isRepeated)
        }
    }

    /// What an append would run.
    ///
    /// - Throws: `badInput` for standard input, which can be read only once.
    package func plan(_ files: Files) throws(RunError) -> PlanSummary {
        guard !files.paths.contains("-") else {
            throw RunError(
                .badInput, "standard input can be read only once, so a dry run cannot look at it; name files")
        }
        return try builder.plan(try inputs(files).inputs)
    }

    /// Makes the files' samples part of the run, under the run's exclusive lock.
    ///
    /// Killed at any moment, the same call goes on. After an error nothing of it is part of the run.
    ///
    /// - Returns: one sentence on the result.
    /// - Throws: `badInput` for files that are not as the run's corpus is; `locked`.
    package func append(_ files: Files) throws(RunError) -> String {
        let lock = try lock()
        defer { withExtendedLifetime(lock) {} }
        let start = ContinuousClock.now
        let (inputs, isNew) = try inputs(files)
        guard isNew || inputs.growth != generation.growth else {
            return
                "these files are in the run already, so there is nothing to do; --again appends them once more"
        }
        let (before, after) = (generation, try grow(inputs))
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        return try summary(before, after) + ", in \(duration(seconds))"
    }

    /// Makes one segment of all that was appended.
    ///
    /// - Returns: one sentence on the result.
    package func merge() throws(RunError) -> String {
        let lock = try lock()
        defer { withExtendedLifetime(lock) {} }
        var growth = try directory.targetGrowth() ?? generation.growth
        growth.mergeAppended()
        let after = try grow(try BuildInputs(builder.configuration, growth: growth, read: []))
        return
            "generation \(after.number): \(Self.segments(generation)) before, now \(Self.segments(after)) of \(grouped(after.catalog.rows)) rows"
    }

    /// Holds the run alone.
    private func lock() throws(RunError) -> FileLock {
        let lock = try directory.lock(exclusive: true)
        guard try directory.currentGeneration()?.number == generation.number else {
            throw RunError(
                .locked, "\(directory.path): another command has just changed the run; give the command again")
        }
        return lock
    }

    private static func segments(_ generation: Generation) -> String {
        generation.segments.count == 1 ? "1 segment" : "\(generation.segments.count) segments"
    }

    /// Builds what the growth lacks; an error takes it back.
    private func grow(_ inputs: BuildInputs) throws(RunError) -> Generation {
        let started = try directory.pendingGrowth()
        try directory.keepPending(inputs.growth)
        do {
            return try builder.build(inputs)
        } catch {
            directory.forgetPending()
            let lost = (started?.batches ?? []).dropFirst(generation.growth.batches.count).flatMap(\.files).map(\.path)
            if !lost.isEmpty {
                log("an append that was cut short earlier is taken back with this one: \(lost.joined(separator: ", "))")
            }
            throw error
        }
    }

    /// The run's growth with the files as its last batch, unless they are part of it.
    private func inputs(_ files: Files) throws(RunError) -> (inputs: BuildInputs, isNew: Bool) {
        try check(files)
        let configuration = builder.configuration
        let embedded: VectorSet?
        if let path = files.vectors {
            embedded = try reporting(damaged: .badInput) { () throws(StorageError) in try VectorSet([path]) }
        } else {
            embedded = nil
        }
        let (read, vectors) = try RunBuilder.read(
            files.paths, ids: files.ids, isVectors: configuration.corpus.isVectors, embedded: embedded?.digest
        ) { () throws(RunError) in
            try StandardInput.copy(in: directory, spools: true, keepsOthers: true)
        }
        var growth = try directory.targetGrowth() ?? generation.growth
        if let vectors, let first = growth.batches[0].vectors, first.dimension != vectors.dimension {
            throw RunError(
                .badInput,
                "\(files.paths[0]): its vectors have \(vectors.dimension) dimensions and the run's \(first.dimension)")
        }
        let identities = read.map(\.record.identity)
        func isSame(_ batch: Batch) -> Bool { batch.files.map(\.identity) == identities }
        // An append that a kill cut short is the last one of the growth and not of the generation.
        let begun = growth.batches.dropFirst(generation.growth.batches.count)
        let isNew =
            files.isRepeated ? !begun.contains(where: isSame) : !growth.batches.contains(where: isSame)
        if isNew {
            growth.append(
                files: read.map(\.record),
                vectors: embedded.map { Batch.Vectors($0, path: files.vectors) }
                    ?? vectors.map { Batch.Vectors($0, ids: files.ids) })
        }
        try Resources.available(at: directory.path).check(
            corpusBytes: read.reduce(0) { $0 + $1.record.bytes }, at: directory.path)
        let inputs = try BuildInputs(configuration, growth: growth, read: read)
        if let embedded, let path = files.vectors, embedded.dimension != inputs.embeddings.dimension {
            throw RunError(
                .badInput,
                "\(path): its vectors have \(embedded.dimension) dimensions and the run's \(inputs.embeddings.dimension)"
            )
        }
        return (inputs, isNew)
    }

    /// Refuses files that are not as the run's corpus is.
    private func check(_ files: Files) throws(RunError) {
        let configuration = builder.configuration
        if configuration.embed.isVectors, !configuration.corpus.isVectors, files.vectors == nil {
            throw RunError(
                .badInput,
                "the run's texts were embedded elsewhere (embed.path is a file of vectors), so it cannot embed new ones: name a file with a vector for each new sample with --vectors FILE"
            )
        }
        if files.vectors != nil, configuration.corpus.isVectors || !configuration.embed.isVectors {
            throw RunError(
                .badInput,
                configuration.corpus.isVectors
                    ? "--vectors is for texts that were embedded elsewhere; the run's corpus is vectors: name their files alone"
                    : "--vectors is for a run whose texts were embedded elsewhere; this one embeds new samples itself")
        }
        for path in files.paths where VectorFormat.isVectorFile(path) != configuration.corpus.isVectors {
            throw RunError(
                .badInput,
                "\(path): the run's corpus is \(configuration.corpus.isVectors ? "vectors (.npy, .safetensors, .fbin, .fvecs)" : "JSON Lines") and this file is not"
            )
        }
        if configuration.corpus.isVectors, files.ids == nil {
            throw RunError(
                .badInput,
                "the run's corpus is vectors: name their ids with --ids IDS.txt, one a line; row numbers would be those of samples that the run has"
            )
        }
        if !configuration.corpus.isVectors, files.ids != nil {
            throw RunError(.badInput, "--ids is for vectors; texts have their ids with them")
        }
        if files.paths.filter({ $0 == "-" }).count > 1 {
            throw RunError(.badInput, "standard input (-) is named more than once")
        }
    }

    private func summary(_ before: Generation, _ after: Generation) throws(RunError) -> String {
        let deletions = try Deletions.read(directory)
        let live = try LiveRows(after, deletions, directory)
        let earlier = try LiveRows(before, deletions, directory)
        let rows = after.catalog.rows - before.catalog.rows
        var text = "generation \(after.number): \(grouped(rows)) rows appended"
        let replaced = live.replaced - earlier.replaced
        if replaced > 0 { text += ", which replace \(grouped(replaced)) rows of the same ids" }
        let returned = try returned(deletions, before, after)
        if returned > 0 { text += "; \(grouped(returned)) ids that were deleted are there again" }
        return text
            + "; \(grouped(after.catalog.rows - live.hidden)) live rows of \(grouped(after.catalog.rows)) in \(Self.segments(after))"
    }

    /// Deleted ids that later batches have again.
    private func returned(
        _ deletions: Deletions, _ before: Generation, _ after: Generation
    ) throws(RunError) -> Int {
        guard !deletions.entries.isEmpty else { return 0 }
        var count = 0
        for file in before.growth.files.count..<max(before.growth.files.count, after.growth.files.count) {
            count += try deletions.returned(in: after, file: file, directory)
        }
        return count
    }
}
