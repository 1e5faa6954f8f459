import Foundation
import Testing

/// Documents that name what isn't there mislead.
@Suite struct ArchitectureTests {
    @Test(arguments: ["ARCHITECTURE.md", "README.md", "CONTRIBUTING.md"])
    func everyPathThatIsNamedExists(document: String) throws {
        let root = CommandLineTool.repository
        let text = try String(contentsOf: root.appending(path: document), encoding: .utf8)
        let paths = text.matches(of: /`((?:Sources|Tests|Benchmarks|pipelines|data|docs)(?:\/[A-Za-z0-9_.+\-]+)*)`/)
        #expect(!paths.isEmpty)
        for path in paths where !path.output.1.hasPrefix("data/cache") {
            #expect(
                FileManager.default.fileExists(atPath: root.appending(path: String(path.output.1)).path),
                "\(path.output.1)")
        }
    }

    @Test func everyFolderOfSourcesIsExplained() throws {
        let root = CommandLineTool.repository
        let text = try String(contentsOf: root.appending(path: "ARCHITECTURE.md"), encoding: .utf8)
        let folders = try FileManager.default.contentsOfDirectory(atPath: root.appending(path: "Sources").path)
        for folder in folders { #expect(text.contains("`Sources/\(folder)`"), "\(folder)") }
    }
}
