import Foundation
import Pipeline
import Stages
import Testing
import VectorIndex

/// The reference that `build --help` prints against what is read.
@Suite struct ConfigurationReferenceTests {
    private static let base = ["corpus.files=/c.jsonl", "embed.path=/model"]

    /// A line of the reference: key, description, default.
    private struct Entry {
        let key: String
        let description: String
        /// `nil` when the line names none.
        let standard: String?

        init(_ line: Substring) {
            let key = line.prefix { $0 != " " }
            self.key = String(key)
            let columns = line.dropFirst(key.count).components(separatedBy: "  ")
                .map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
            description = columns.first ?? ""
            standard = columns.count > 1 ? columns.last : nil
        }

        /// Whether profile `paper` has another default.
        var isOfProfile: Bool { description.hasPrefix("P ") }
    }

    private let entries = ConfigurationReference.text.split(separator: "\n").map(Entry.init)

    /// What an unknown key in a section (`""` is the topmost) is told to be instead; `nil` when `section` is a value.
    private func allowed(in section: String) throws -> [String]? {
        let key = section.isEmpty ? "zzz" : "\(section).zzz"
        let failure = #expect(throws: RunError.self) { try Workspace.configuration(Self.base + ["\(key)=1"]) }
        let message = try #require(failure?.message)
        guard message.contains("unknown key 'zzz'") else { return nil }
        #expect(section.isEmpty || message.contains("in '\(section)'"), "\(message)")
        let list = try #require(message.components(separatedBy: "allowed: ").last)
        return list.components(separatedBy: ", ")
    }

    /// The keys of all values below a section.
    private func leaves(below section: String) throws -> [String] {
        // What it holds is for `submit`, which checks it.
        if section == "slurm" { return [section] }
        guard let keys = try allowed(in: section) else { return [section] }
        return try keys.flatMap { try leaves(below: section.isEmpty ? $0 : "\(section).\($0)") }
    }

    @Test func `it lists exactly the keys that are read`() throws {
        let read = try leaves(below: "")
        #expect(read.count > 30)
        #expect(Set(read) == Set(entries.map(\.key)), "\(Set(read).symmetricDifference(entries.map(\.key)).sorted())")
        #expect(Set(entries.map(\.key)).count == entries.count)
    }

    /// A configuration as text, for comparing.
    private func text(_ assignments: [String]) throws -> String {
        let (_, parsed) = try Workspace.configuration(Self.base + assignments)
        let parts: [Any] = [
            parsed.profile, parsed.seed, parsed.workers as Any, parsed.corpus, parsed.tokens, parsed.embed,
            parsed.cluster,
            parsed.probe, parsed.curvature, parsed.project, parsed.index, parsed.refine, parsed.calibration,
            parsed.dropped.sorted(),
        ]
        return parts.map { String(reflecting: $0) }.joined(separator: "\n")
    }

    /// Defaults that are no values.
    private static let inWords: Set = ["required", "row numbers", "off", "3/4 of tokens"]

    private var plain: [(key: String, standard: String, isOfProfile: Bool)] {
        entries.compactMap { entry in
            guard let standard = entry.standard, !Self.inWords.contains(standard) else { return nil }
            return (entry.key, standard, entry.isOfProfile)
        }
    }

    @Test func `its defaults are those that are read`() throws {
        let base = try text([])
        #expect(plain.count > 25)
        for entry in plain {
            #expect(try text(["\(entry.key)=\(entry.standard)"]) == base, "\(entry.key)")
        }
        // The comparison sees a changed value.
        #expect(try text(["cluster.clusters=11"]) != base)
        let (_, passages) = try Workspace.configuration(Self.base + ["corpus.passage.tokens=100"])
        #expect(passages.corpus.passage?.stride == 75)
        let (_, parsed) = try Workspace.configuration(Self.base)
        #expect(parsed.corpus.passage == nil && parsed.corpus.ids == nil && parsed.runDirectory == nil)
        let (_, unworded) = try Workspace.configuration(Self.base + ["refine.rank_by=similarity"])
        #expect(parsed.index.search.recall == 0.9 && unworded.index.search.recall == 0.95)
    }

    @Test func `exactly the defaults marked P are the profile's`() throws {
        let paper = try text(["profile=paper"])
        for entry in plain where entry.key != "profile" {
            let isOther = try text(["profile=paper", "\(entry.key)=\(entry.standard)"]) != paper
            #expect(isOther == entry.isOfProfile, "\(entry.key)")
        }
    }
}

@Suite struct PipelineFilesTests {
    private static let names = RunDirectory.list(Workspace.repository.appending(path: "pipelines").path)

    private static func parse(_ name: String) throws -> PipelineConfiguration {
        var root = try ConfigurationNode(yamlFile: Workspace.repository.appending(path: "pipelines/\(name)").path)
        for assignment in ["corpus.files=/c.jsonl", "embed.path=/model"] { try root.set(assignment) }
        return try PipelineConfiguration(root)
    }

    @Test func `every pipeline that we ship is read`() throws {
        #expect(Self.names.contains("default.yaml") && Self.names.contains("paper.yaml"))
        for name in Self.names {
            #expect(name.hasSuffix(".yaml"))
            #expect(throws: Never.self, "\(name)") { try Self.parse(name) }
        }
    }

    @Test func `paper is the reference method`() throws {
        let paper = try Self.parse("paper.yaml")
        #expect(paper.profile == .paper && paper.embed.normalise)
        #expect(paper.cluster.clusters == 10 && paper.probe.kind == .linear)
        #expect(paper.project.dimension == 32 && paper.project.layout.combine == .raw)
        #expect(paper.index.layout.kind == .flat && paper.index.layout.metric == .l2)
        #expect(paper.curvature.iterations == 10 && paper.curvature.hessianRows == nil)
        #expect(paper.refine.candidates == 10 && paper.refine.rankBy == .influence)
        // The profile alone means the same method.
        let (_, short) = try Workspace.configuration(["profile=paper", "corpus.files=/c", "embed.path=/m"])
        #expect(short.project == paper.project && short.index == paper.index && short.refine == paper.refine)
        #expect(short.cluster == paper.cluster && short.probe == paper.probe)
    }

    @Test func `default is what stands without a file`() throws {
        let file = try Self.parse("default.yaml")
        let (_, bare) = try Workspace.configuration(["corpus.files=/c.jsonl", "embed.path=/model"])
        #expect(file.profile == .default && file.seed == bare.seed && file.dropped == bare.dropped)
        #expect(file.project == bare.project && file.index == bare.index && file.refine == bare.refine)
        #expect(file.cluster == bare.cluster && file.probe == bare.probe && file.curvature == bare.curvature)
    }
}
