import Pipeline
import Testing

@Suite struct ConfigurationTests {
    private func section(_ yaml: String) throws -> ConfigurationSection {
        try ConfigurationSection(ConfigurationNode(yaml: yaml, path: "/etc/pipe.yaml"))
    }

    private func message(_ body: () throws -> Void) -> String {
        do {
            try body()
            return "no error"
        } catch {
            return "\(error)"
        }
    }

    @Test func readsTypedValuesAndDefaults() throws {
        var section = try section("count: 1_000\nrate: 0.5\non: yes\nname: x\n")
        #expect(try section.integer("count", default: 1, in: 0...2000) == 1000)
        #expect(try section.number("rate", default: 1, in: 0...1) == 0.5)
        #expect(try section.boolean("on", default: false))
        #expect(try section.string("name") == "x")
        #expect(try section.integer("absent", default: 7, in: 0...9) == 7)
        try section.finish()
    }

    @Test func unknownKeysAreRefusedWithLineAndWhatIsAllowed() throws {
        var section = try section("a: 1\n\nclusterz: 2\n")
        _ = try section.integer("a", default: 0, in: 0...9)
        _ = try section.integer("clusters", default: 0, in: 0...9)
        let text = message { try section.finish() }
        #expect(text == "/etc/pipe.yaml:3: unknown key 'clusterz'; allowed: a, clusters")
    }

    @Test(arguments: [
        ("a: 10", "from 0 to 9"), ("a: x", "from 0 to 9"), ("a: [1]", "single value"), ("a: 1.5", "whole"),
    ])
    func impossibleValuesAreRefused(yaml: String, expected: String) throws {
        var section = try section(yaml)
        let text = message { _ = try section.integer("a", default: 0, in: 0...9) }
        #expect(text.hasPrefix("/etc/pipe.yaml:1: ") && text.contains(expected), "\(text)")
    }

    @Test func choicesAreListed() throws {
        enum Kind: String, CaseIterable { case linear, hidden }
        var section = try section("kind: round")
        let text = message { _ = try section.choice("kind", default: Kind.linear) }
        #expect(text == "/etc/pipe.yaml:1: 'kind' is 'round'; it has to be one of linear, hidden")
    }

    @Test func repeatedKeysAliasesAndBrokenYAMLAreRefused() {
        #expect(message { _ = try section("a: 1\na: 2") }.contains("duplicated key(s): 'a'"))
        #expect(message { _ = try section("a: [1") }.contains("/etc/pipe.yaml"))
        #expect(message { _ = try section("- 1") }.contains("mapping"))
    }

    @Test func setOverridesAndAddsNestedKeys() throws {
        var root = try ConfigurationNode(yaml: "cluster: {clusters: 10}\n", path: "p.yaml")
        try root.set("cluster.clusters=20")
        try root.set("probe.kind=hidden")
        try root.set("corpus.files=[a.jsonl, b.jsonl]")
        var section = try ConfigurationSection(root)
        var cluster = try section.section("cluster")
        #expect(try cluster.integer("clusters", default: 0, in: 0...99) == 20)
        var probe = try section.section("probe")
        #expect(try probe.string("kind") == "hidden")
        var corpus = try section.section("corpus")
        #expect(try corpus.paths("files").map { $0.split(separator: "/").last } == ["a.jsonl", "b.jsonl"])
        #expect(message { try root.set("novalue") }.contains("key=value"))
        #expect(message { try root.set("a..b=1") }.contains("empty"))
    }

    @Test func pathsAreRelativeToTheFileThatNamesThem() throws {
        var root = try ConfigurationNode(yaml: "a: ../x/y\nb: /abs\nc: '-'\n", path: "/etc/sub/pipe.yaml")
        var section = try ConfigurationSection(root)
        #expect(try section.path("a") == "/etc/x/y")
        #expect(try section.path("b") == "/abs")
        #expect(try section.path("c") == "-")
        try root.set("a=x/y")
        section = try ConfigurationSection(root)
        let path = try #require(try section.path("a"))
        #expect(path.hasSuffix("/x/y") && !path.hasPrefix("/etc"))
    }

    @Test func writtenConfigurationReadsBackTheSame() throws {
        var root = try ConfigurationNode(yaml: "b: {d: 'true', c: [1, 2]}\na: ~\n", path: "p.yaml")
        try root.set("b.e=x y")
        let text = root.yaml()
        #expect(try ConfigurationNode(yaml: text, path: "q.yaml").yaml() == text)
        #expect(text.contains("e: x y"))
    }
}
