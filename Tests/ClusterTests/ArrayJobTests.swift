import Cluster
import Foundation
import Pipeline
import Testing

@Suite struct ArrayJobTests {
    private static func load(
        _ stage: String, _ inputs: [String], tasks: Int, missing: [Int]? = nil, memory: Int = 0, slowest: Double? = nil
    ) -> StageLoad {
        StageLoad(
            stage: stage, inputs: inputs, tasks: tasks, missing: missing ?? Array(0..<tasks), isKnown: true,
            memory: memory, slowest: slowest)
    }

    private static func settings(_ arraySize: Int) throws -> SlurmSettings {
        try SettingsTests.settings("slurm: {array_size: \(arraySize)}")
    }

    @Test func eachStageWaitsForThoseItReadsAndForTheCatalog() throws {
        let jobs = ArrayJob.jobs(
            for: [
                Self.load("ingest", [], tasks: 3), Self.load("catalog", ["ingest"], tasks: 1),
                Self.load("embed", ["ingest"], tasks: 10), Self.load("merge", ["embed"], tasks: 1),
            ], isPublished: false, settings: try Self.settings(4))
        #expect(jobs.map(\.stage) == ["ingest", "catalog", "embed", "merge", "publish"])
        #expect(jobs.map(\.worldSize) == [3, 1, 4, 1, 1])
        #expect(jobs[0].dependencies == [] && jobs[1].dependencies == ["ingest"])
        #expect(jobs[2].dependencies == ["ingest", "catalog"] && jobs[3].dependencies == ["catalog", "embed"])
        #expect(jobs[4].dependencies == ["ingest", "catalog", "embed", "merge"])
    }

    @Test func onlyRanksWithMissingTasksAreSubmitted() throws {
        let loads = [
            Self.load("ingest", [], tasks: 3, missing: []), Self.load("catalog", ["ingest"], tasks: 1, missing: []),
            Self.load("embed", ["ingest"], tasks: 10, missing: [1, 3, 7, 9]),
            Self.load("merge", ["embed"], tasks: 1),
        ]
        let jobs = ArrayJob.jobs(for: loads, isPublished: false, settings: try Self.settings(6))
        #expect(jobs.map(\.stage) == ["embed", "merge", "publish"])
        // Tasks 1 and 7 are rank 1's; 3 and 9 are rank 3's.
        #expect(jobs[0].ranks == [1, 3] && jobs[0].worldSize == 6 && jobs[0].dependencies == [])
        #expect(jobs[0].array == "1,3" && jobs[1].array == "0")
        let done = loads.map { Self.load($0.stage, $0.inputs, tasks: $0.tasks, missing: []) }
        #expect(ArrayJob.jobs(for: done, isPublished: true, settings: try Self.settings(6)).isEmpty)
        #expect(
            ArrayJob.jobs(for: done, isPublished: false, settings: try Self.settings(6)).map(\.stage) == ["publish"])
    }

    /// Whatever is missing, the submitted ranks' shares have all of it, each task once.
    @Test func sharesCoverWhatIsMissing() throws {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            let tasks = Int.random(in: 1...40, using: &generator)
            let missing = (0..<tasks).filter { _ in Bool.random(using: &generator) }
            let arraySize = Int.random(in: 1...50, using: &generator)
            let jobs = ArrayJob.jobs(
                for: [Self.load("embed", [], tasks: tasks, missing: missing)], isPublished: true,
                settings: try Self.settings(arraySize))
            guard let job = jobs.first else {
                #expect(missing.isEmpty)
                continue
            }
            let shares = job.ranks.flatMap { rank in (0..<tasks).filter { $0 % job.worldSize == rank } }
            #expect(Set(shares).count == shares.count && Set(missing).isSubset(of: shares))
            #expect(job.ranks.count <= min(arraySize, missing.count))
        }
    }

    @Test func ranksAreWrittenAsRanges() throws {
        let load = Self.load("embed", [], tasks: 12, missing: [0, 1, 2, 5, 7, 8, 11])
        let jobs = ArrayJob.jobs(for: [load], isPublished: true, settings: try Self.settings(12))
        #expect(jobs.first?.array == "0-2,5,7-8,11")
    }

    // MARK: What is judged before

    private func judge(_ load: StageLoad, _ yaml: String) throws -> [String] {
        let settings = try SettingsTests.settings("slurm:\n  \(yaml)\n")
        let jobs = ArrayJob.jobs(for: [load], isPublished: true, settings: settings)
        return try Submitter.judge(jobs, loads: [load], notice: settings.notice)
    }

    @Test func aTimeTooShortForOneTaskIsRefused() throws {
        let slow = Self.load("embed", [], tasks: 8, slowest: 700)
        let error = #expect(throws: RunError.self) { try judge(slow, "time: 00:10:00") }
        #expect(error?.kind == .configuration)
        for word in ["embed", "00:10:00", "corpus.shard_rows", "at least 00:"] {
            #expect(error?.message.contains(word) == true, "\(word): \(error?.message ?? "")")
        }
        // The time that it names is enough.
        let named = try #require(error?.message.firstMatch(of: /at least ([0-9:-]+)/)?.output.1)
        #expect(try judge(slow, "time: \(named)").isEmpty)
    }

    @Test func aShareThatTakesLongerIsSaid() throws {
        let slow = Self.load("embed", [], tasks: 8, slowest: 400)
        let sentences = try judge(slow, "{time: '00:10:00', array_size: 2, cpus: 1}")
        #expect(sentences.count == 1 && sentences.first?.contains("back to the queue") == true, "\(sentences)")
        #expect(try judge(slow, "{time: '00:10:00', array_size: 8}").isEmpty)
    }

    @Test func unmeasuredStagesAndScarceMemoryAreSaid() throws {
        let unknown = try judge(Self.load("embed", [], tasks: 8), "cpus: 2")
        #expect(unknown.count == 1 && unknown.first?.contains("embed") == true)
        let large = Self.load("embed", [], tasks: 8, memory: 5 << 30, slowest: 1)
        let sentences = try judge(large, "{memory: 8G, cpus: 2, array_size: 2}")
        #expect(sentences.count == 1 && sentences.first?.contains("10.7 GB") == true, "\(sentences)")
        #expect(try judge(large, "{memory: 8G, cpus: 2, array_size: 8}").isEmpty, "one task an element")
    }
}
