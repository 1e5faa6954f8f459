import Cluster
import Foundation
import Pipeline
import Testing

/// A run directory that was submitted, in a folder that goes when its owner does.
final class SubmittedRun {
    let path: String
    let directory: RunDirectory
    var files: ClusterFiles { ClusterFiles(directory) }

    init(token: String = "T") throws {
        path = FileManager.default.temporaryDirectory.appending(path: "gradprint-\(UUID().uuidString)").path
        directory = RunDirectory(path: path)
        for folder in [path, files.folder, files.running, files.failures] {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        }
        try Data("\(token)\n".utf8).write(to: URL(filePath: files.token))
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func element(token: String = "T", walltime: Int? = nil, patience: Double = 0) -> Element {
        Element(
            stage: "embed", rank: 3, worldSize: 8, directory: directory, token: token, walltime: walltime,
            patience: patience)
    }

    func record(_ folder: String) throws -> [String: Any]? {
        guard let data = FileManager.default.contents(atPath: "\(folder)/embed-3.json") else { return nil }
        return try JSONSerialization.jsonObject(with: data) as? [String: Any]
    }
}

@Suite struct ElementTests {
    @Test func aShareLeavesNoRecordWhenItIsDone() throws {
        let run = try SubmittedRun()
        try Data("{}".utf8).write(to: URL(filePath: "\(run.files.failures)/embed-3.json"))
        var wasRunning = false
        try run.element().run { () throws(RunError) in
            wasRunning = RunDirectory.list(run.files.running) == ["embed-3.json"]
        }
        #expect(wasRunning)
        #expect(RunDirectory.list(run.files.running).isEmpty && RunDirectory.list(run.files.failures).isEmpty)
    }

    @Test func aFailureLeavesItsReason() throws {
        let run = try SubmittedRun()
        let error = #expect(throws: RunError.self) {
            try run.element().run { () throws(RunError) in throw RunError(.badInput, "c.jsonl:7: no text") }
        }
        #expect(error?.kind == .badInput)
        let record = try #require(try run.record(run.files.failures))
        #expect(record["reason"] as? String == "c.jsonl:7: no text" && record["exitCode"] as? Int == 65)
        #expect(record["rank"] as? Int == 3 && record["worldSize"] as? Int == 8)
        #expect(record["host"] as? String == ProcessInfo.processInfo.hostName)
        #expect(record["time"] != nil && record["job"] != nil)
        #expect(RunDirectory.list(run.files.running).isEmpty)
    }

    @Test func anotherFolderOrAnotherSubmissionIsRefused() throws {
        let run = try SubmittedRun()
        let other = #expect(throws: RunError.self) {
            try run.element(token: "U").run { () throws(RunError) in Issue.record("it ran") }
        }
        #expect(other?.kind == .incompatible && other?.message.contains("submitted again") == true)
        try FileManager.default.removeItem(atPath: run.files.token)
        let absent = #expect(throws: RunError.self) {
            try run.element().run { () throws(RunError) in Issue.record("it ran") }
        }
        #expect(absent?.message.contains("filesystem that all nodes share") == true)
    }

    @Test func anotherPlatformIsRefused() throws {
        let run = try SubmittedRun()
        try Submission(token: "T", platform: .current).write(run.files)
        try run.element().run { () throws(RunError) in }
        let text = try String(contentsOfFile: run.files.submission, encoding: .utf8)
        try text.replacing(Platform.current.kernels, with: "other").write(
            toFile: run.files.submission, atomically: true, encoding: .utf8)
        let error = #expect(throws: RunError.self) {
            try run.element().run { () throws(RunError) in Issue.record("it ran") }
        }
        #expect(error?.kind == .incompatible && error?.message.contains("slurm.kernel_level") == true)
        #expect(try run.record(run.files.failures)?["exitCode"] as? Int == 79)
    }

    @Test func inputsThatComeIntoSightLaterAreWaitedFor() throws {
        let run = try SubmittedRun()
        var calls = 0
        try run.element(patience: 0.5).run { () throws(RunError) in
            calls += 1
            if calls < 2 { throw RunError(.missingInput, "not done yet") }
        }
        #expect(calls == 2)
        // Other errors are not waited for, and patience ends.
        calls = 0
        #expect(throws: RunError.self) {
            try run.element(patience: 0.5).run { () throws(RunError) in
                calls += 1
                throw RunError(.badInput, "broken")
            }
        }
        #expect(calls == 1)
        #expect(throws: RunError.self) {
            try run.element(patience: 0.3).run { () throws(RunError) in throw RunError(.missingInput, "never") }
        }
    }

    @Test func beingToldToEndMeansGoingOnUnlessNothingIsEverFinished() throws {
        let element = try SubmittedRun().element(walltime: 600)
        #expect(element.termination(seconds: 540, finished: 2).kind == .interrupted)
        // Told early, the node is wanted by somebody else.
        #expect(element.termination(seconds: 20, finished: 0).kind == .interrupted)
        let hopeless = element.termination(seconds: 540, finished: 0)
        #expect(hopeless.kind == .configuration)
        #expect(hopeless.message.contains("slurm.stages.embed.time") && hopeless.message.contains("shard_rows"))
        #expect(try SubmittedRun().element().termination(seconds: 9e9, finished: 0).kind == .interrupted)
    }
}
