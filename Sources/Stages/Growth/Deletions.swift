internal import Corpus
internal import Foundation
package import Pipeline
internal import Storage

/// The samples and documents that were taken down: `RUN/deletions.json`, replaced as a whole.
///
/// It names ids by their SHA-256 alone, because after a purge no file of the run may hold a deleted id. What it says holds
/// for every generation, also for one that a rollback returns to. The rows are kept with it, so that a reader need not look
/// them up; where they are missing (a kill between two steps) a reader finds them itself.
package struct Deletions: Codable, Hashable, Sendable {
    package struct Entry: Codable, Hashable, Sendable {
        /// SHA-256 of the id.
        let id: String
        /// SHA-256 of the id that the first passage of a document of this id has.
        let firstPassage: String
        /// Batches of this number and above came later, and a sample of this id in them is another one.
        var before: Int
        /// Where a purge has erased it: batches below this number must not bring it back when their files are read again.
        var purgedBefore: Int?
    }

    private static let currentFormat = 2

    package var format = Deletions.currentFormat
    /// In rising order of ids' sums.
    package private(set) var entries: [Entry] = []
    /// For each ingest task, as ``Deletions/name(_:_:)`` names it, the rows of each of its shards.
    private var rows: [String: [[Int]]] = [:]

    package init() {}

    static func path(_ directory: RunDirectory) -> String { directory.file("deletions.json") }

    /// What a run's deletions are; none when nobody deleted anything.
    ///
    /// - Throws: `corrupt` also where rows were purged and the file is not there.
    package static func read(_ directory: RunDirectory) throws(RunError) -> Deletions {
        let path = path(directory)
        guard FileManager.default.fileExists(atPath: path) else {
            guard try erasedRows(directory) == nil else {
                throw RunError(
                    .corrupt, "\(path): it is missing, and samples were purged from this run; restore it from a backup")
            }
            return Deletions()
        }
        var deletions = try reporting(damaged: .corrupt) { () throws(StorageError) in
            guard try JSONFile.unsealedFormat(path: path) <= currentFormat else {
                throw StorageError(.tooNew, path: path, "written by a newer gradprint")
            }
            return try JSONFile.unseal(Deletions.self, path: path)
        }
        if deletions.format == 1 {
            // It does not say what was purged: rather too much than too little.
            if try erasedRows(directory) != nil { deletions.markPurged(deletions) }
            deletions.format = currentFormat
        }
        return deletions
    }

    /// Nothing also where that cannot be told, as while an ingest task is made again.
    private static func erasedRows(_ directory: RunDirectory) throws(RunError) -> String? {
        let generation = try directory.currentGeneration()
        return (try? directory.erasedRows(of: generation)) ?? nil
    }

    func write(_ directory: RunDirectory) throws(RunError) {
        try reporting(damaged: .corrupt) { () throws(StorageError) in
            try JSONFile.seal(self, path: Self.path(directory))
        }
    }

    /// Excludes other processes that change the deletions. Held for moments, so one that finds it taken waits.
    static func lock(_ directory: RunDirectory) throws(RunError) -> FileLock {
        let deadline = ContinuousClock.now + .seconds(60)
        while true {
            do {
                return try FileLock(path: directory.file("deletions.lock"), mode: .exclusive)
            } catch {
                guard error.kind == .inUse, ContinuousClock.now < deadline else {
                    throw RunError(error, damaged: .corrupt)
                }
                usleep(20_000)
            }
        }
    }

    /// Adds ids.
    ///
    /// - Parameter before: the number of the next batch.
    mutating func insert(_ ids: [String], before: Int) {
        var known = Dictionary(entries.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
        for id in ids {
            let sum = Digest.sha256(id)
            let first = Digest.sha256(PassageCutter.id(document: id, passage: 0))
            known[sum] = Entry(
                id: sum, firstPassage: first, before: before, purgedBefore: known[sum]?.purgedBefore)
        }
        entries = known.values.sorted { $0.id < $1.id }
        rows = [:]
    }

    /// Records what has been erased.
    ///
    /// - Parameter purged: the deletions when the purge began; others may have come since.
    mutating func markPurged(_ purged: Deletions) {
        let known = Dictionary(purged.entries.map { ($0.id, $0.before) }, uniquingKeysWith: { $1 })
        for place in entries.indices {
            if let before = known[entries[place].id] { entries[place].purgedBefore = before }
        }
    }

    /// The keys of what was erased from a batch, rising, as its files may still have it.
    func purgedKeys(_ content: CorpusShard.Content, batch number: Int, path: String) throws(StorageError)
        -> [IdentifierHash]
    {
        try keys(of: entries.filter { ($0.purgedBefore ?? 0) > number }, content, path)
    }

    private func keys(
        of entries: [Entry], _ content: CorpusShard.Content?, _ path: String
    ) throws(StorageError) -> [IdentifierHash] {
        var keys: [IdentifierHash] = []
        for entry in entries {
            guard let key = IdentifierHash(hexadecimal: content == .passages ? entry.firstPassage : entry.id) else {
                throw StorageError(.corrupt, path: path, "it has a sum that is none")
            }
            keys.append(key)
        }
        return keys.sorted()
    }

    /// Finds the rows of every ingest task of some generations.
    mutating func resolve(_ generations: [Generation], _ directory: RunDirectory) throws(RunError) {
        var resolved: [String: [[Int]]] = [:]
        guard !entries.isEmpty else {
            rows = [:]
            return
        }
        for generation in generations {
            for file in generation.growth.files.indices {
                let name = Self.name(generation, file)
                if resolved[name] == nil { resolved[name] = try rows(generation, file: file, directory) }
            }
        }
        rows = resolved
    }

    /// The deleted rows of one corpus file of a generation, shard by shard, rising.
    func rows(_ generation: Generation, file: Int, _ directory: RunDirectory) throws(RunError) -> [[Int]] {
        if let known = rows[Self.name(generation, file)] { return known }
        let number = Self.batch(generation, file).number
        guard !entries.isEmpty else { return [] }
        let applying = entries.filter { $0.before > number }
        let ingest = try directory.artifact(Self.part(generation, file))
        return try reporting(damaged: .corrupt) { () throws(StorageError) in
            let shards = try SampleKeys.shards(ingest)
            // Samples that were erased have no id any more, and stay hidden.
            let keys = try keys(of: applying, shards.first?.content, Self.path(directory)) + [IdentifierHash("")]
            return try SampleKeys.rows(ofKeys: keys.sorted(), in: shards)
        }
    }

    /// The entry of an id.
    func entry(of id: String) -> Entry? {
        let sum = Digest.sha256(id)
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].id < sum { low = middle + 1 } else { high = middle }
        }
        return low < entries.count && entries[low].id == sum ? entries[low] : nil
    }

    private static func batch(_ generation: Generation, _ file: Int) -> Batch {
        generation.growth.batches[generation.growth.batch(ofFile: file)]
    }

    private static func part(_ generation: Generation, _ file: Int) -> Generation.Part {
        generation.parts[Catalog.source]![file]
    }

    /// Two ingests of one file are told apart by their batches.
    private static func name(_ generation: Generation, _ file: Int) -> String {
        "\(batch(generation, file).number) \(part(generation, file).folder)"
    }
}

extension Deletions {
    /// How many samples or documents of a corpus file have an id that was deleted before they came.
    func returned(in generation: Generation, file: Int, _ directory: RunDirectory) throws(RunError) -> Int {
        let number = Self.batch(generation, file).number
        let ingest = try directory.artifact(Self.part(generation, file))
        return try reporting(damaged: .corrupt) { () throws(StorageError) in
            var keys: Set<IdentifierHash> = []
            let shards = try SampleKeys.shards(ingest)
            let hasPassages = shards.first?.content == .passages
            for entry in entries where entry.before <= number {
                if let key = IdentifierHash(hexadecimal: hasPassages ? entry.firstPassage : entry.id) {
                    keys.insert(key)
                }
            }
            var count = 0
            for shard in shards { count += try shard.keys().count { keys.contains($0) } }
            return count
        }
    }
}
