internal import ArgumentParser
internal import Evaluation
internal import Foundation
internal import Kernels
internal import Probing

/// How often a query's source is among the candidates, by what gives the candidates and by the size of the corpus: a
/// labelled set, and distractors up to each size. Writes a table, a CSV and a chart for each size.
struct RecallCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recall", abstract: "How often the source is among the candidates, by index and size.")

    @Option(help: "JSON Lines of id and text.") var corpus: String
    @Option(help: "JSON Lines of text and source_ids.") var queries: String
    @Option(help: "JSON Lines of id and text that are nobody's source; several are read one after another.")
    var distractors: [String] = []
    @Option(help: "Embeddings in the order of the corpus.") var corpusVectors: String?
    @Option var queryVectors: String?
    @Option(help: "Embeddings of the first distractors; beyond them, what needs none is measured alone.")
    var distractorVectors: [String] = []
    @Option(help: "Numbers of rows, with commas.") var sizes = "10000,100000,1000000"
    @Option(help: "m of the token signature, with commas.") var dimensions = "32,64,128,256,512"
    @Option(help: "Postings of the words that find rows, with commas; attribution has 100,000.")
    var budgets = "100000,10000"
    @Option(help: "Queries with a source, a seeded sample.") var limit = 1000
    @Option(help: "Name of the set.") var name: String
    @Option(help: "Folder of the results.") var output: String
    @Option var seed: UInt64 = 42
    @Option var threads = 2

    func run() throws {
        let sizes = try numbers(self.sizes, "--sizes").sorted()
        let dimensions = try numbers(self.dimensions, "--dimensions")
        let budgets = try numbers(self.budgets, "--budgets")
        let input = try RecallInput(
            corpus: corpus, queries: queries, distractors: distractors, limit: limit, rows: sizes.last ?? 0, seed: seed)
        var vectors: RecallVectors?
        if let corpusVectors, let queryVectors {
            vectors = try RecallVectors(corpus: corpusVectors, queries: queryVectors, distractors: distractorVectors)
        }
        try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
        var builder = TokenFrequencies.Builder()
        var (done, records) = (0, [[String]]())
        for size in sizes {
            // A set that is larger is taken as it is.
            let rows = min(input.rows, max(size, input.corpusRows))
            guard rows > done else { continue }
            builder.add(input.words(done..<rows))
            done = rows
            let probe = TokenProbe(builder.finish())
            let folder = "\(output)/\(name)-\(rows).postings"
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let words = try RecallWords(input, rows: rows, probe: probe, folder: folder)
            let embedded = vectors.flatMap { $0.rows(of: input) >= rows ? $0 : nil }
            let scan = RecallScan(
                input: input, vectors: embedded,
                signatures: dimensions.map { TokenSignature(probe, settings: .init(dimension: $0), seed: seed) },
                workers: threads)
            let lines = try lines(try scan.ranks(rows: rows), words, dimensions: dimensions, budgets: budgets)
            let table = RecallTable(set: name, rows: rows, queries: input.queries.count, lines: lines)
            print(table.text, terminator: "")
            print(
                "postings: \(Numerals.fixed(words.bytesPerRow, 1)) bytes and \(Numerals.fixed(words.postingsPerRow, 1)) words a row, built in \(Numerals.fixed(words.secondsToBuild, 1)) s of one core"
            )
            records += table.records
            try CSVText.document(head: RecallTable.head, rows: records)
                .write(toFile: "\(output)/\(name).csv", atomically: true, encoding: .utf8)
            try table.chart(dimensions: dimensions)
                .write(toFile: "\(output)/\(name)-\(rows).svg", atomically: true, encoding: .utf8)
        }
    }

    private func lines(
        _ ranks: RecallScan.Ranks, _ words: RecallWords, dimensions: [Int], budgets: [Int]
    ) throws -> [RecallLine] {
        let deepest = RecallLine.depths.max() ?? 0
        func share(_ hits: [Bool]) -> Double { Double(hits.count(where: \.self)) / Double(max(1, hits.count)) }
        func hits(_ ranks: [Int?], _ depth: Int) -> Double { share(ranks.map { ($0 ?? .max) < depth }) }
        func union(_ a: [Int], _ b: [Int?], _ depth: Int) -> Double {
            share(zip(a, b).map { $0 < depth || ($1 ?? .max) < depth })
        }
        var lines: [RecallLine] = []
        if let embedding = ranks.embedding { lines.append(RecallLine("embedding") { hits(embedding, $0) }) }
        for (index, dimension) in dimensions.enumerated() {
            lines.append(
                RecallLine("signature", dimension: dimension) { hits(ranks.signature[index], $0) })
        }
        for (index, dimension) in dimensions.enumerated() where !ranks.both.isEmpty {
            lines.append(
                RecallLine("embedding + signature", dimension: dimension) {
                    hits(ranks.both[index], $0)
                })
        }
        let exact = try words.search(count: deepest, budget: nil)
        lines.append(RecallLine("postings", milliseconds: exact.milliseconds) { hits(exact.ranks, $0) })
        var limited: RecallWords.Found?
        for budget in budgets {
            let found = try words.search(count: deepest, budget: budget)
            limited = limited ?? found
            lines.append(
                RecallLine(
                    "postings, budget \(Numerals.count(budget))", isDetail: true, milliseconds: found.milliseconds
                ) {
                    hits(found.ranks, $0)
                })
        }
        let found = (limited ?? exact).ranks
        if let embedding = ranks.embedding {
            lines.append(RecallLine("embedding ∪ postings") { union(embedding, found, $0) })
            lines.append(
                RecallLine("embedding ∪ postings, half from each", isDetail: true) { union(embedding, found, $0 / 2) })
        }
        for (index, dimension) in dimensions.enumerated() where !ranks.both.isEmpty {
            lines.append(
                RecallLine("(embedding + signature) ∪ postings", dimension: dimension) {
                    union(ranks.both[index], found, $0)
                })
        }
        return lines
    }
}
