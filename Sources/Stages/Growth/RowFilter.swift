internal import Corpus
internal import Kernels
internal import Pipeline
internal import Storage
internal import VectorIndex

/// What has to be true of a sample so that it is found: `attribute --where`, `--only-ids` and `--without-ids`.
package struct RowFilter: Sendable, Hashable {
    /// A field of the samples' metadata and the value it has to have.
    package struct Condition: Sendable, Hashable {
        let key: String
        let value: String

        /// - Parameter text: `KEY=VALUE`; the value is a string as it is, or a number, `true`, `false` or `null` as JSON
        ///   writes it. Nothing for a text without `=`, or without a key.
        package init?(_ text: String) {
            guard let sign = text.firstIndex(of: "="), sign > text.startIndex else { return nil }
            key = String(text[..<sign])
            value = String(text[text.index(after: sign)...])
        }

        /// - Parameter metadata: a canonical JSON object, or nothing.
        func holds(_ metadata: RawSpan) -> Bool {
            guard metadata.byteCount > 0, case .object(let members)? = try? JSONValue(parsing: metadata) else {
                return false
            }
            return switch members[key] {
            case .string(let text), .number(let text): text == value
            case .bool(let flag): value == (flag ? "true" : "false")
            case .null: value == "null"
            default: false
            }
        }
    }

    package var conditions: [Condition] = []
    /// A file of the ids that alone may be found, one a line; documents' ids stand for all their passages.
    package var onlyIDs: String?
    /// A file of ids that must not be found.
    package var withoutIDs: String?

    package init() {}

    package var isEmpty: Bool { conditions.isEmpty && onlyIDs == nil && withoutIDs == nil }

    /// In words.
    package var description: String {
        var parts = conditions.map { "\($0.key) = \($0.value)" }
        if let onlyIDs { parts.append("ids in \(onlyIDs)") }
        if let withoutIDs { parts.append("ids not in \(withoutIDs)") }
        return parts.joined(separator: ", and ")
    }

    /// The rows that may be found; nothing where all may.
    ///
    /// - Parameters:
    ///   - live: what is not hidden.
    ///   - note: takes a sentence on the ids of a file that no sample has.
    /// - Throws: `badInput` when nothing is left, or an id file cannot be read.
    /// - Complexity: a condition reads the metadata of all rows; id lists read the index of ids.
    func rows(
        of generation: Generation, live: RowSet?, parts: GenerationParts, workers: Int, note: (String) -> Void
    ) throws(RunError) -> RowSet? {
        guard !isEmpty else { return live }
        let only = try onlyIDs.map { path throws(RunError) in try Self.ids(path) }
        let without = try withoutIDs.map { path throws(RunError) in try Self.ids(path) }
        var set = live ?? RowSet(allOf: generation.catalog.rows)
        var unknown = (only: only ?? [], without: without ?? [])
        let firstRows = LiveRows.firstRows(generation)
        for (file, artifact) in try parts.all(Catalog.source).enumerated() {
            let rejected = try reporting(damaged: .corrupt) { () throws(StorageError) in
                let shards = try SampleKeys.shards(artifact)
                unknown.only = try SampleKeys.missing(unknown.only, in: shards)
                unknown.without = try SampleKeys.missing(unknown.without, in: shards)
                return try rejectedRows(in: shards, only: only, without: without, workers: workers)
            }
            for (part, rows) in rejected.enumerated() {
                for row in rows { set.remove(firstRows[file][part] + row) }
            }
        }
        for (path, ids) in [(onlyIDs, unknown.only), (withoutIDs, unknown.without)] where !ids.isEmpty {
            note(
                "\(path ?? ""): no sample of the run has \(ids.count == 1 ? "the id" : "\(grouped(ids.count)) of the ids, such as") '\(ids[0])'"
            )
        }
        guard set.population > 0 else {
            throw RunError(.badInput, "no sample of the corpus is left: \(description)")
        }
        return set
    }

    /// For each shard the rows that must not be found.
    private func rejectedRows(
        in shards: [CorpusShardReader], only: [String]?, without: [String]?, workers: Int
    ) throws(StorageError) -> [[Int]] {
        func rows(_ ids: [String]) throws(StorageError) -> [[Int]] {
            guard let content = shards.first?.content else { return [] }
            let keys = ids.map { SampleKeys.key(of: $0, in: content) }.sorted()
            return try SampleKeys.rows(ofKeys: keys, in: shards)
        }
        var rejected = [[Int]](repeating: [], count: shards.count)
        if let without { rejected = try rows(without) }
        if let only {
            for (part, kept) in try rows(only).enumerated() {
                rejected[part] += Set(0..<shards[part].rows).subtracting(kept)
            }
        }
        guard !conditions.isEmpty else { return rejected }
        let failing = Parallel.map(count: shards.count, blockSize: 1, workers: workers) { part in
            Result { () throws(StorageError) in
                let shard = shards[part.lowerBound].shard
                var rows: [Int] = []
                try shard.forEachBytes("metadata", rows: 0..<shard.rows) { row, metadata in
                    if !conditions.allSatisfy({ $0.holds(metadata) }) { rows.append(row) }
                }
                return rows
            }
        }
        for (part, rows) in failing.enumerated() { rejected[part] += try rows.get() }
        return rejected
    }

    /// The ids of a file, one a line, each once; blank lines are left out.
    static func ids(_ path: String) throws(RunError) -> [String] {
        try reporting(damaged: .badInput) { () throws(StorageError) in
            let reader = try LineReader(path: path)
            var ids: [String] = []
            // By their bytes: to Swift, strings of the same characters composed in another way are equal.
            var seen: Set<IdentifierHash> = []
            while let line = try reader.next() {
                guard let id = String(validating: line, as: UTF8.self) else {
                    throw StorageError(.corrupt, path: path, "line \(reader.lineNumber) is no id: it is not UTF-8")
                }
                if !id.isEmpty, seen.insert(IdentifierHash(id)).inserted { ids.append(id) }
            }
            return ids
        }
    }
}
