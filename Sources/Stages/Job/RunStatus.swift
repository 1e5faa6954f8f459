internal import Foundation
package import Pipeline
internal import Storage

/// What a run holds, read from its manifests and its journal.
package struct RunStatus: Sendable, Encodable {
    package struct Stage: Sendable, Encodable {
        package let name: String
        package let tasks: Int
        package let rows: Int
        /// Bytes of outputs that are there.
        package let bytes: Int
        /// Whether outputs were deleted after their last reader (`retention`).
        package let isDropped: Bool
        /// Seconds that the tasks took, as the journal says.
        package let seconds: Double
        package let figures: [String: Figure]
    }

    package let run: String
    package let generation: Int?
    package let rows: Int
    package let shards: Int
    package let embedder: String?
    /// Whether the corpus has texts, and so a token probe.
    package let hasTexts: Bool
    /// Whether a build with the run's configuration has still to come to its end.
    package let isUnfinished: Bool
    package let platform: String?
    /// How the run has grown; nothing without a generation.
    package let growth: GrowthStatus?
    package let stages: [Stage]
    /// What a build that runs, or was killed, has still to do.
    package let remaining: RemainingWork?

    /// - Throws: `missingInput` when there is no run here; `corrupt` for a damaged manifest.
    package init(directory: RunDirectory) throws(RunError) {
        try directory.requireExisting()
        let current = try directory.currentGeneration()
        run = directory.path
        generation = current?.number
        rows = current?.catalog.rows ?? 0
        shards = current?.catalog.shards.count ?? 0
        platform = current?.platform.description
        if let current {
            growth = try GrowthStatus(current, directory)
        } else {
            growth = nil
        }
        let latest = try ConfigurationNode(yamlFile: directory.configuration)
        let configuration = try PipelineConfiguration.built(in: directory)
        embedder = configuration.embed.path
        hasTexts = !configuration.corpus.isVectors
        isUnfinished = current.map { latest.yaml() != $0.configuration } ?? true
        let journal = directory.journalEntries()
        remaining = PlanRecord.read(directory).map { RemainingWork($0, journal: journal, directory: directory) }
        let seconds = Dictionary(journal.map { ($0.task, $0.seconds) }, uniquingKeysWith: { $1 })
        var stages: [Stage] = []
        let chosen = StageRegistry.optional.filter { name in
            current.map { $0.parts[name] != nil } ?? !RunDirectory.list(directory.file(name)).isEmpty
        }
        for name in StageRegistry.names(configuration, chosen: chosen) {
            stages.append(
                try Self.stage(
                    name, directory: directory, generation: current, dropped: configuration.dropped, seconds: seconds))
        }
        self.stages = stages
    }

    private static func stage(
        _ name: String, directory: RunDirectory, generation: Generation?, dropped: Set<String>,
        seconds: [String: Double]
    ) throws(RunError) -> Stage {
        let folders =
            generation?.parts[name]?.map { directory.file($0.folder) }
            ?? RunDirectory.list(directory.file(name)).map { directory.file("\(name)/\($0)") }
        var (rows, bytes, expected, time) = (0, 0, 0, 0.0)
        var figures: [String: Figure] = [:]
        for folder in folders {
            let manifest = try reporting(damaged: .corrupt) { () throws(StorageError) in
                try JSONFile.unseal(Manifest.self, path: "\(folder)/\(Manifest.fileName)")
            }
            rows += manifest.rows
            for output in manifest.outputs {
                expected += output.bytes
                bytes += RunDirectory.size(of: "\(folder)/\(output.name)") ?? 0
            }
            time += seconds["\(name)/\(manifest.task)"] ?? 0
            for (key, value) in manifest.figures {
                figures[key] =
                    folders.count == 1 ? value : sum(figures[key], rows - manifest.rows, value, manifest.rows)
            }
        }
        return Stage(
            name: name, tasks: folders.count, rows: rows, bytes: bytes,
            isDropped: dropped.contains(name) && expected > 0 && bytes == 0,
            seconds: time, figures: figures)
    }

    /// Counts of several tasks add up; of other numbers the mean over the rows is told.
    private static func sum(_ a: Figure?, _ rowsOfA: Int, _ b: Figure, _ rowsOfB: Int) -> Figure {
        switch (a, b) {
        case (.integer(let a)?, .integer(let b)): .integer(a + b)
        case (.number(let a)?, .number(let b)) where rowsOfA + rowsOfB > 0:
            .number((a * Double(rowsOfA) + b * Double(rowsOfB)) / Double(rowsOfA + rowsOfB))
        default: b
        }
    }

    package func table() -> String {
        var text = "run        \(run)\n"
        text += "generation \(generation.map(String.init) ?? "none yet: the build has not come to its end")\n"
        text += "corpus     \(grouped(rows)) rows in \(shards) shards\n"
        if isUnfinished {
            text +=
                "unfinished a build with configuration.yaml has still to come to its end: give the build command again\n"
        }
        if let embedder { text += "embedder   \(embedder)\n" }
        if !hasTexts { text += "tokens     no token probe: the corpus has no text\n" }
        if let platform { text += "platform   \(platform)\n" }
        if let growth { text += growth.text }
        text += "\n" + line(["stage", "tasks", "rows", "bytes", "time", "rows/s"], "figures")
        for stage in stages {
            let rate = stage.rows > 0 && stage.seconds > 0 ? grouped(Int(Double(stage.rows) / stage.seconds)) : "-"
            let figures = stage.figures.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.short)" }
            text += line(
                [
                    stage.name, "\(stage.tasks)", grouped(stage.rows),
                    stage.isDropped ? "dropped" : byteSize(stage.bytes),
                    duration(stage.seconds), rate,
                ], figures.joined(separator: ", "))
        }
        if let remaining { text += "\n" + remaining.text() }
        return text
    }

    private func line(_ cells: [String], _ last: String) -> String {
        let widths = [13, 7, 12, 10, 10, 11]
        var text = cells[0].padding(toLength: widths[0], withPad: " ", startingAt: 0)
        for (cell, width) in zip(cells, widths).dropFirst() {
            text += String(repeating: " ", count: max(1, width - cell.count)) + cell
        }
        return text + (last.isEmpty ? "" : "  " + last) + "\n"
    }
}

extension Figure {
    /// With four significant digits.
    var short: String {
        if case .number(let value) = self { return String(format: "%.4g", value) }
        return description
    }
}
