internal import Foundation
package import Pipeline
internal import Probing
internal import Storage
internal import VectorIndex

/// The complete check of a run: every byte is read.
package struct RunCheck: Sendable {
    package private(set) var files = 0
    /// Whether a build has come to its end.
    package private(set) var hasGeneration = false
    package private(set) var bytes = 0
    /// One sentence for each damaged file, with its path.
    package private(set) var problems: [String] = []

    /// Compares every output with its manifest's size and SHA-256 and verifies every shard file's own checksums; checks
    /// that the generations' parts are there.
    ///
    /// - Throws: `missingInput` when there is no run here; a damaged file is no error but a problem in the result.
    package static func check(_ directory: RunDirectory) throws(RunError) -> RunCheck {
        try directory.requireExisting()
        var check = RunCheck()
        // Of the generation, and of a build that has still to come to its end.
        let latest = try PipelineConfiguration(ConfigurationNode(yamlFile: directory.configuration))
        let dropped = try PipelineConfiguration.built(in: directory).dropped.union(latest.dropped)
        for stage in StageRegistry.names {
            for task in RunDirectory.list(directory.file(stage)) {
                check.checkTask("\(directory.file(stage))/\(task)", mayBeDropped: dropped.contains(stage))
            }
        }
        check.checkGenerations(directory)
        return check
    }

    private mutating func checkTask(_ folder: String, mayBeDropped: Bool) {
        let manifest: Manifest
        do {
            manifest = try JSONFile.unseal(Manifest.self, path: "\(folder)/\(Manifest.fileName)")
            files += 1
        } catch {
            problems.append("\(error)")
            return
        }
        let present = Set(RunDirectory.list(folder))
        // Outputs that retention dropped leave the manifest alone.
        if mayBeDropped, present == [Manifest.fileName] { return }
        let found = problems.count
        for output in manifest.outputs { checkOutput("\(folder)/\(output.name)", output) }
        // What is sound as bytes may still be wrong as content.
        if problems.count == found { checkContent(folder, stage: manifest.stage) }
        for name in present.subtracting(manifest.outputs.map(\.name)).subtracting([Manifest.fileName]).sorted() {
            problems.append("\(folder)/\(name): the manifest does not name this file")
        }
    }

    private mutating func checkContent(_ folder: String, stage: String) {
        do {
            switch stage {
            case TokenizeStage.name: try TokenFile.verify(path: "\(folder)/\(ArtifactFile.tokens)")
            case SentenceStage.name: try SentenceFile.verify(path: "\(folder)/\(ArtifactFile.sentences)")
            case NearWordsStage.name: try NearWordFile.verify(path: "\(folder)/\(ArtifactFile.nearWords)")
            case TokenProbeStage.name: try TokenFrequencies.verify(path: "\(folder)/\(ArtifactFile.frequencies)")
            case TokenIndexStage.name: try PostingsIndex(folder: folder).verify()
            default: break
            }
        } catch {
            problems.append("\(error)")
        }
    }

    private mutating func checkOutput(_ path: String, _ output: Manifest.Output) {
        files += 1
        bytes += output.bytes
        do {
            if path.hasSuffix(".shard") { try ShardReader(path: path, expectedKind: nil).verify() }
            let size = RunDirectory.size(of: path) ?? 0
            guard size == output.bytes else {
                throw StorageError(
                    .corrupt, path: path, "the manifest says \(output.bytes) bytes, the file has \(size)")
            }
            let digest = try Digest.sha256(file: path)
            guard digest == output.sha256 else {
                throw StorageError(
                    .corrupt, path: path, "the manifest says SHA-256 \(output.sha256), the file has \(digest)")
            }
        } catch {
            problems.append("\(error)")
        }
    }

    private mutating func checkGenerations(_ directory: RunDirectory) {
        do {
            for generation in try directory.keptGenerations() {
                hasGeneration = true
                files += 1
                try checkParts(generation, directory)
            }
            if RunDirectory.size(of: Deletions.path(directory)) != nil { files += 1 }
            _ = try Deletions.read(directory)
            _ = try directory.pendingGrowth()
        } catch {
            problems.append("\(error)")
        }
    }

    private mutating func checkParts(_ generation: Generation, _ directory: RunDirectory) throws(RunError) {
        var catalogs: [(catalog: Catalog, files: Int)] = []
        for part in generation.parts.values.joined().sorted(by: { $0.folder < $1.folder }) {
            let artifact = try directory.artifact(part)
            guard artifact.manifest.stage == Catalog.stage, catalogs.count < generation.growth.batches.count else {
                continue
            }
            let files = generation.growth.batches[catalogs.count].files.count
            catalogs.append(
                try reporting(damaged: .corrupt) { () throws(StorageError) in
                    (try Catalog(path: artifact.path(Catalog.fileName)), files)
                })
        }
        if Catalog(catalogs) != generation.catalog {
            problems.append("generation \(generation.number): its catalog is not that of its batches")
        }
    }
}
