import Foundation
import Pipeline
import Stages
import Testing

/// Deleted rows and filters: what a reader does not find.
@Suite struct HiddenRowsTests {
    private let workspace = Workspace()

    @Test func deletionsHideRowsInEveryGeneration() throws {
        let run = try GrowingRun(workspace, 0..<60)
        try run.append(GrowingRun.lines(60..<70))
        #expect(try run.sources(of: [4, 62]).map(\.first?.id) == ["sample-4", "sample-62"])
        let unknown = #expect(throws: RunError.self) { try run.delete(["sample-4", "nobody"]) }
        #expect(unknown?.kind == .badInput && unknown?.message.contains("'nobody'") == true)
        #expect(try run.sources(of: [4])[0].first?.id == "sample-4")
        let summary = try run.delete(["sample-4", "sample-62", "nobody"], ignoringMissing: true)
        #expect(summary.contains("2 ids are deleted: 2 more rows"), "\(summary)")
        // Deleting again changes nothing.
        #expect(try run.delete(["sample-4"]).contains("0 more rows"))
        for _ in 0..<2 {
            let found = try run.sources(of: [4, 62])
            // A hidden row takes nobody's place.
            #expect(found.allSatisfy { $0.count == 10 })
            #expect(!found.joined().contains { ["sample-4", "sample-62"].contains($0.id) })
            _ = try RollbackJob.rollBack(run.directory)
        }
        // Appended again it is another sample, of whatever text.
        let again = try run.append(GrowingRun.lines([4]))
        #expect(again.contains("1 ids that were deleted are there again"), "\(again)")
        #expect(try run.sources(of: [4])[0].first?.id == "sample-4")
        try run.delete(["sample-4"])
        #expect(try !run.sources(of: [4])[0].contains { $0.id == "sample-4" })
    }

    @Test func aDocumentGoesWithAllItsPassages() throws {
        let long = (0..<40).map { "word\($0) of the long document and more of it" }.joined(separator: " ")
        let other = (0..<40).map { "another\($0) text that is long as well" }.joined(separator: " ")
        let corpus =
            GrowingRun.lines(0..<40)
            + "{\"id\": \"long\", \"text\": \"\(long)\"}\n{\"id\": \"other\", \"text\": \"\(other)\"}\n"
        let path = try workspace.write(corpus, to: "documents.jsonl")
        let run = try GrowingRun(
            workspace, 0..<1, ["corpus.files=\(path)", "corpus.passage.tokens=20", "corpus.shard_rows=7"])
        let passages = try #require(try run.directory.currentGeneration()).catalog.rows - 40
        #expect(passages > 20)
        // A newer version of a document replaces all passages of the older one, however few it has.
        try run.append("{\"id\": \"other\", \"text\": \"a short text now\"}\n")
        let status = try RunStatus(directory: run.directory)
        try run.delete(["long"])
        let after = try RunStatus(directory: run.directory)
        let (replaced, deleted) = (status.growth?.replacedRows ?? 0, after.growth?.deletedRows ?? 0)
        #expect(replaced > 5 && deleted > 5 && replaced + deleted == passages)
        let found = try run.sources(of: 0..<20, count: 40)
        #expect(!found.joined().contains { $0.id == "long" || $0.text.contains("another") })
    }

    @Test func filtersNarrowTheSearch() throws {
        let run = try GrowingRun(workspace, 0..<60)
        try run.append(GrowingRun.lines(60..<80))
        func found(_ set: (inout RowFilter) -> Void) throws -> [[GrowingRun.Source]] {
            var filter = RowFilter()
            set(&filter)
            return try run.sources(of: 0..<80, filter: filter)
        }
        func number(_ source: GrowingRun.Source) -> Int { Int(source.id.dropFirst(7)) ?? -1 }
        let books = try found { $0.conditions = [RowFilter.Condition("source=books")!] }
        #expect(books.joined().allSatisfy { number($0) % 2 == 0 } && books.allSatisfy { $0.count == 10 })
        for row in stride(from: 0, to: 80, by: 2) { #expect(number(books[row][0]) == row) }
        let both = try found {
            $0.conditions = [RowFilter.Condition("source=mail")!, RowFilter.Condition("year=2001")!]
        }
        #expect(both.joined().allSatisfy { number($0) % 2 == 1 && number($0) % 3 == 1 })
        let listed = Set([3, 5, 61, 62, 63])
        let ids = try workspace.write(listed.map { "sample-\($0)\n" }.joined(), to: "ids.txt")
        let only = try found { $0.onlyIDs = ids }
        #expect(only.allSatisfy { Set($0.map(number)) == listed })
        let without = try found { $0.withoutIDs = ids }
        #expect(without.joined().allSatisfy { !listed.contains(number($0)) })
        // The order is that of the whole search with the others taken out.
        let whole = try run.sources(of: 0..<80, count: 80)
        for (filtered, all) in zip(without, whole) {
            #expect(filtered.map(\.id) == all.filter { !listed.contains(number($0)) }.prefix(10).map(\.id))
        }
        let none = #expect(throws: RunError.self) {
            try found { $0.conditions = [RowFilter.Condition("source=radio")!] }
        }
        #expect(none?.message.contains("source = radio") == true)
        #expect(RowFilter.Condition("nothing") == nil && RowFilter.Condition("=x") == nil)
    }
}
