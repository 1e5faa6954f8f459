package import Storage

/// The corpus' shards in order: what the plan of every later stage is made from.
///
/// Written as `catalog.json` by the stage named ``stage`` for each batch, once all its files are ingested; files and rows
/// are numbered from the batch's first there, and from the corpus' first in the catalog of all batches.
package struct Catalog: Codable, Hashable, Sendable {
    package struct Shard: Codable, Hashable, Sendable {
        /// Number of the ingest task (the corpus file) that wrote it.
        package let file: Int
        /// Its number among that task's shards.
        package let part: Int
        package let rows: Int
        /// Number of its first row in the corpus.
        package let firstRow: Int
        /// Bytes of its texts.
        package let textBytes: Int

        package init(file: Int, part: Int, rows: Int, firstRow: Int, textBytes: Int) {
            self.file = file
            self.part = part
            self.rows = rows
            self.firstRow = firstRow
            self.textBytes = textBytes
        }
    }

    package let shards: [Shard]

    package init(shards: [Shard]) { self.shards = shards }

    /// The catalog of several batches.
    ///
    /// - Parameter batches: each with its number of files.
    package init(_ batches: [(catalog: Catalog, files: Int)]) {
        var (all, files, rows): ([Shard], Int, Int) = ([], 0, 0)
        for (catalog, count) in batches {
            all += catalog.shards.map { shard in
                Shard(
                    file: shard.file + files, part: shard.part, rows: shard.rows, firstRow: shard.firstRow + rows,
                    textBytes: shard.textBytes)
            }
            files += count
            rows += catalog.rows
        }
        shards = all
    }

    package var rows: Int { shards.reduce(0) { $0 + $1.rows } }
    package var textBytes: Int { shards.reduce(0) { $0 + $1.textBytes } }

    package static let stage = "catalog"
    package static let source = "ingest"
    package static let fileName = "catalog.json"

    /// The name of an ingest task's shard number `part`.
    package static func shardFile(part: Int) -> String { "corpus-\(padded(part)).shard" }

    package init(path: String) throws(StorageError) { self = try JSONFile.read(Catalog.self, path: path) }

    package func write(path: String) throws(StorageError) { try JSONFile.write(self, path: path) }
}

/// Five digits, so that names sort as numbers do.
package func padded(_ number: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, 5 - digits.count)) + digits
}
