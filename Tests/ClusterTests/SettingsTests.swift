import Cluster
import Foundation
import Pipeline
import Testing

@Suite struct SettingsTests {
    private static let stages = ["ingest", "catalog", "embed", "merge"]

    static func settings(_ yaml: String) throws -> SlurmSettings {
        let root = try ConfigurationNode(yaml: yaml, path: "p.yaml")
        var section = try ConfigurationSection(root)
        return try SlurmSettings(section.subtree("slurm"), stages: stages)
    }

    @Test(arguments: [
        ("10", 600), ("10:30", 630), ("01:00:00", 3600), ("2-0", 172_800), ("1-12:30", 131_400),
        ("1-00:00:30", 86_430), ("90:00", 5400), ("0100:00:00", 360_000),
    ])
    func aTimeIsReadAsSlurmReadsIt(text: String, seconds: Int) {
        #expect(WallTime(text)?.seconds == seconds)
    }

    @Test(arguments: ["", "0", "0:30", "1:2:3:4", "-1", "a", "1-", "infinite", "1d", "5:", "1--2"])
    func whatIsNoTimeIsRefused(text: String) { #expect(WallTime(text) == nil) }

    @Test(arguments: [60, 599, 3600, 86_399, 86_400, 1_000_000])
    func aTimeIsWrittenAsItIsRead(seconds: Int) {
        #expect(WallTime("\(WallTime(seconds: seconds))")?.seconds == seconds)
    }

    @Test func memoryHasItsUnits() {
        #expect(MemorySize("500M")?.bytes == 500 << 20 && MemorySize("500")?.bytes == 500 << 20)
        #expect(MemorySize("16G")?.bytes == 16 << 30 && MemorySize("2T")?.bytes == 2 << 40)
        for text in ["", "G", "16 G", "-1G", "1.5G", "16g", "0G"] { #expect(MemorySize(text) == nil, "\(text)") }
    }

    @Test func aStageHasItsOwnAndElseTheCommonResources() throws {
        let settings = try Self.settings(
            """
            slurm:
              partition: cpu
              time: 02:00:00
              stages:
                embed: {cpus: 16, memory: 64G}
                merge: {time: 1-00:00:00, partition: big, constraint: "[a|b]"}
            """)
        let embed = settings.resources(of: "embed")
        #expect(embed.cpus == 16 && embed.memory.description == "64G" && embed.partition == "cpu")
        #expect(embed.time.seconds == 7200)
        let merge = settings.resources(of: "merge")
        #expect(merge.partition == "big" && merge.constraint == "[a|b]" && merge.time.seconds == 86_400)
        #expect(merge.cpus == settings.common.cpus)
        var overridden = settings
        overridden.override(partition: "other", time: WallTime(seconds: 60))
        #expect(overridden.resources(of: "merge").partition == "other")
        #expect(overridden.resources(of: "merge").time.seconds == 60)
        #expect(overridden.resources(of: "merge").constraint == "[a|b]")
    }

    @Test(arguments: [
        ("partition: 'a b'", "partition"), ("time: soon", "HH:MM:SS"), ("memory: much", "16G"), ("cpus: 0", "cpus"),
        ("nodes: 4", "unknown key 'nodes'"), ("stages: {embedd: {cpus: 2}}", "unknown key 'embedd'"),
        ("stages: {embed: {gpus: 2}}", "unknown key 'gpus'"), ("kernel_level: sse", "avx2"),
        ("account: '$(x)'", "account"), ("array_size: 0", "array_size"),
    ])
    func impossibleValuesAreRefusedWithTheirPlace(line: String, word: String) {
        let error = #expect(throws: RunError.self) { try Self.settings("slurm:\n  \(line)\n") }
        #expect(error?.kind == .configuration)
        #expect(
            error?.message.contains(word) == true && error?.message.contains("p.yaml:2") == true,
            "\(error?.message ?? "")")
    }

    @Test func theReferenceNamesEveryKey() throws {
        let error = #expect(throws: RunError.self) { try Self.settings("slurm: {zzz: 1}") }
        let allowed = try #require(error?.message.components(separatedBy: "allowed: ").last)
        let keys = Set(allowed.components(separatedBy: ", ").map { $0 == "stages" ? "stages.STAGE" : $0 })
        let lines = SlurmSettings.reference.split(separator: "\n").filter { $0.hasPrefix("slurm.") }
        let named = lines.map { String($0.prefix { $0 != " " }.dropFirst("slurm.".count)) }
        #expect(Set(named) == keys && named.count == keys.count)
    }
}
