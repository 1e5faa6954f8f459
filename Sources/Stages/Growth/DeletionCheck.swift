internal import Corpus
internal import Foundation
package import Pipeline
internal import Storage
internal import VectorIndex

/// The proof that ids are gone from a run.
///
/// What is looked at:
/// - the index of ids of every corpus shard of every generation: none has an id;
/// - the rows that were erased from the corpus: blank in every file whose rows are those of the corpus, but for what was made
///   of blank rows since;
/// - the postings: no erased row has a word; and what else is not made of rows was made after the erasure;
/// - every text of the run, that is byte strings and attributes of shard files, and all other files byte for byte: no id
///   of eight bytes or more occurs as a word. Texts and metadata of samples that stay may speak of one; that is told as a note.
///
/// Words are kept as 32-bit hashes and models as sums over many samples; neither can be searched for an id.
package struct DeletionCheck: Sendable {
    /// One sentence for each thing that is still there.
    package private(set) var problems: [String] = []
    /// Samples that stay and speak of a deleted id.
    package private(set) var notes: [String] = []
    /// How many ids were looked for, rows were found to be blank, and files were searched.
    package private(set) var ids = 0
    package private(set) var rows = 0
    package private(set) var files = 0

    /// - Parameter path: a file of the ids, one a line.
    package static func check(_ directory: RunDirectory, idsIn path: String) throws(RunError) -> DeletionCheck {
        try directory.requireExisting()
        let ids = try RowFilter.ids(path)
        guard !ids.isEmpty else { throw RunError(.badInput, "\(path): there is no id in it") }
        var check = DeletionCheck()
        check.ids = ids.count
        let deletions = try Deletions.read(directory)
        for id in ids where deletions.entry(of: id) == nil {
            check.problems.append("'\(id)' was never deleted")
        }
        if RunDirectory.size(of: PurgeJob.marker(directory)) != nil {
            check.problems.append("a purge has not come to its end; give `gradprint merge RUN --purge` again")
        }
        var seen: Set<String> = []
        for generation in try directory.keptGenerations() {
            try check.checkGeneration(generation, directory, ids, seen: &seen)
        }
        try check.search(directory, ByteSearch(ids))
        return check
    }

    private mutating func checkGeneration(
        _ generation: Generation, _ directory: RunDirectory, _ ids: [String], seen: inout Set<String>
    ) throws(RunError) {
        var erased: [[[Int]]] = []
        for part in generation.parts[Catalog.source] ?? [] {
            let artifact = try directory.artifact(part)
            let isNew = seen.insert(part.folder).inserted
            let (found, rows) = try reporting(damaged: .corrupt) { () throws(StorageError) in
                var (found, erased): ([String], [[Int]]) = ([], [])
                for shard in try SampleKeys.shards(artifact) {
                    for id in isNew ? ids : [] {
                        guard try shard.holds(SampleKeys.key(of: id, in: shard.content)) else { continue }
                        found.append("\(shard.path): it has '\(id)'")
                    }
                    let rows = try shard.erasedRows()
                    if let left = try shard.firstWithContent(among: rows) {
                        found.append(
                            "\(shard.path): row \(left.row) is erased and has content in column '\(left.column)'")
                    }
                    erased.append(rows)
                }
                return (found, erased)
            }
            if isNew { self.rows += rows.reduce(0) { $0 + $1.count } }
            problems += found
            erased.append(rows)
        }
        try checkTasks(generation, directory, erased, seen: &seen)
    }

    /// Checks the files that are made of the corpus' rows, and when the others were made.
    private mutating func checkTasks(
        _ generation: Generation, _ directory: RunDirectory, _ erased: [[[Int]]], seen: inout Set<String>
    ) throws(RunError) {
        let firstRows = LiveRows.firstRows(generation)
        var all: [Int] = []
        for file in erased.indices {
            for (part, rows) in erased[file].enumerated() { all += rows.map { firstRows[file][part] + $0 } }
        }
        let trainedFiles = generation.growth.files(of: generation.growth.trained - 1).upperBound
        let trainedRows = generation.catalog.shards.reduce(0) { $0 + ($1.file < trainedFiles ? $1.rows : 0) }
        for (stage, parts) in generation.parts.sorted(by: { $0.key < $1.key }) {
            for part in parts where seen.insert(part.folder).inserted {
                let own: [Int]
                if let shard = part.shard {
                    own = erased[shard.file][shard.part]
                } else if let segment = part.segment.map({ generation.segments[$0] }) {
                    own = all.filter { $0 >= segment.firstRow && $0 < segment.firstRow + segment.rows }
                        .map { $0 - segment.firstRow }
                } else {
                    own = all.filter { $0 < trainedRows }
                }
                guard !own.isEmpty else { continue }
                let artifact = try directory.artifact(part)
                // Outputs that retention dropped hold nothing.
                guard artifact.manifest.outputs.allSatisfy({ RunDirectory.size(of: artifact.path($0.name)) != nil })
                else {
                    continue
                }
                let rule: Erasure
                do { rule = try StageRegistry.erasure(of: artifact) } catch { throw RunError(describing: error) }
                switch rule {
                case .rows:
                    if !artifact.manifest.isMadeOfPurgedInputs { try checkRows(artifact, own) }
                case .remake:
                    if stage == TokenIndexStage.name { try checkWords(artifact, own) }
                    if artifact.manifest.purged == nil {
                        problems.append("\(artifact.folder): it was made before rows were erased")
                    }
                case .none, .own: break
                }
            }
        }
    }

    private mutating func checkWords(_ artifact: Artifact, _ rows: [Int]) throws(RunError) {
        do {
            let index = try PostingsIndex(folder: artifact.folder)
            if try index.hasWords(in: RowSet(count: index.rows, containing: rows)) {
                problems.append("\(artifact.folder): an erased row has words")
            }
        } catch {
            throw RunError(error)
        }
    }

    private mutating func checkRows(_ artifact: Artifact, _ rows: [Int]) throws(RunError) {
        for output in artifact.manifest.outputs {
            let path = artifact.path(output.name)
            let left = try reporting(damaged: .corrupt) { () throws(StorageError) in
                try ShardEraser.firstWithContent(ShardReader(path: path, expectedKind: nil), rows: rows)
            }
            if let left {
                problems.append("\(path): row \(left.row) is erased and has content in column '\(left.column)'")
            }
        }
    }

    /// Searches every file of the run.
    private mutating func search(_ directory: RunDirectory, _ search: ByteSearch) throws(RunError) {
        let names = (FileManager.default.enumerator(atPath: directory.path)?.allObjects as? [String] ?? []).sorted()
        for name in names {
            let path = directory.file(name)
            let attributes = try? FileManager.default.attributesOfItem(atPath: path)
            guard attributes?[.type] as? FileAttributeType == .typeRegular else { continue }
            files += 1
            try reporting(damaged: .corrupt) { () throws(StorageError) in
                if name.hasSuffix(".shard") { try searchShard(path, search) } else { try searchText(path, search) }
            }
        }
    }

    private mutating func searchShard(_ path: String, _ search: ByteSearch) throws(StorageError) {
        let reader = try ShardReader(path: path, expectedKind: nil)
        for (key, value) in reader.attributes.sorted(by: { $0.key < $1.key }) {
            if let id = search.first(in: value.utf8Span.span.rawBytes) {
                problems.append("\(path): the attribute '\(key)' has '\(id)'")
            }
        }
        for column in reader.columns where column.width == .variable {
            var found: [(row: Int, id: String)] = []
            try reader.forEachBytes(column.name, rows: 0..<reader.rows) { row, bytes in
                if let id = search.first(in: bytes) { found.append((row, id)) }
            }
            guard let first = found.first else { continue }
            let sentence =
                "\(path): \(found.count) rows have one in column '\(column.name)', such as '\(first.id)' in row \(first.row)"
            if reader.kind == CorpusShard.kind, ["text", "metadata"].contains(column.name) {
                notes.append(sentence)
            } else {
                problems.append(sentence)
            }
        }
    }

    /// Plain or compressed.
    private mutating func searchText(_ path: String, _ search: ByteSearch) throws(StorageError) {
        let source = try ByteSource(path: path)
        var (block, kept): ([UInt8], [UInt8]) = ([], [])
        while try source.read(into: &block) {
            kept += block
            if let id = search.first(in: kept.span.rawBytes) {
                problems.append("\(path): it has '\(id)'")
                return
            }
            // An id may lie across two blocks.
            kept = Array(kept.suffix(1 << 16))
        }
    }
}
