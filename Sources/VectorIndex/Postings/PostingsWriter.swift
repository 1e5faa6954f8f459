internal import Foundation
internal import Storage

/// Writes the files of a ``PostingsIndex`` from texts in the order of their rows, in bounded memory.
///
/// Postings are collected, sorted by word and written as a run whenever memory is full; at the end the runs are merged word
/// by word in the order of rows. One run alone is written in place. The same texts give the same bytes, whatever the memory.
///
/// Source: Heinz & Zobel, "Efficient single-pass index construction for text databases", JASIST 54(8), 2003.
package final class PostingsWriter {
    package struct Summary: Hashable, Sendable {
        package let rows: Int
        package let words: Int
        package let postings: Int
    }

    private let folder: String
    private let lengths: ShardWriter
    /// Word, row from the run's first on (24 bits), count (8 bits).
    private var keys: [UInt64] = []
    private let capacity: Int
    private var firstRow = 0
    private var rows = 0
    private var tokens = 0
    private var runs: [PostingsRun] = []

    private static let runRows = 1 << 24

    /// - Parameters:
    ///   - folder: where the three files go (see ``PostingsFormat``), and runs while it writes.
    ///   - memory: bytes for sorting; beside them there are 12 bytes for each distinct word of a run, or of all at the end.
    /// - Throws: what creating a file throws.
    package init(folder: String, memory: Int = 256 << 20) throws(IndexError) {
        self.folder = folder
        capacity = max(1024, memory / (2 * MemoryLayout<UInt64>.size))
        lengths = try indexed { () throws(StorageError) in
            try ShardWriter(
                path: "\(folder)/\(PostingsFormat.rowsFile)", kind: PostingsFormat.rowsKind,
                columns: [ColumnDescription(PostingsFormat.length, .uint32)])
        }
    }

    deinit { removeRuns() }

    /// Appends the words of the next row.
    ///
    /// - Parameters:
    ///   - ids: of its distinct words, rising.
    ///   - counts: how often each comes, at least 1.
    ///   - length: all its words.
    /// - Throws: `damaged`, when the disk is full or fails.
    package func append(ids: Span<UInt32>, counts: Span<UInt16>, length: Int) throws(IndexError) {
        precondition(ids.count == counts.count && rows <= Int(UInt32.max))
        if !keys.isEmpty, keys.count + ids.count > capacity || rows - firstRow == Self.runRows { try spill() }
        if keys.isEmpty { firstRow = rows }
        let row = UInt64(rows - firstRow)
        for index in ids.indices {
            let count = UInt64(UInt8(clamping: max(1, counts[index])))
            keys.append(UInt64(ids[index]) << 32 | row << 8 | count)
        }
        rows += 1
        tokens += length
        let value = UInt32(clamping: length)
        try indexed { () throws(StorageError) in try lengths.append(PostingsFormat.length, value: value) }
    }

    /// Writes what is left and merges the runs. To be called once.
    package func finish() throws(IndexError) -> Summary {
        if !runs.isEmpty, !keys.isEmpty { try spill() }
        return try indexed { () throws(StorageError) in
            let sink = try PostingsSink(path: "\(folder)/\(PostingsFormat.postingsFile)")
            if runs.isEmpty {
                try writeKeys(to: sink, base: UInt32(firstRow))
            } else {
                try PostingsRun.merge(runs, into: sink)
            }
            let sizes = try sink.finish(
                terms: "\(folder)/\(PostingsFormat.termsFile)", rows: rows, tokens: tokens)
            _ = try lengths.finish()
            removeRuns()
            return Summary(rows: rows, words: sizes.words, postings: sizes.postings)
        }
    }

    private func spill() throws(IndexError) {
        try indexed { () throws(StorageError) in
            let run = PostingsRun(path: "\(folder)/run-\(runs.count)")
            runs.append(run)
            let sink = try PostingsSink(path: run.postings)
            try writeKeys(to: sink, base: UInt32(firstRow))
            _ = try sink.finish(terms: run.terms, rows: rows, tokens: tokens)
        }
        keys.removeAll(keepingCapacity: true)
    }

    private func writeKeys(to sink: PostingsSink, base: UInt32) throws(StorageError) {
        sortByWord(&keys)
        for index in keys.indices {
            let key = keys[index]
            try sink.append(row: base + UInt32(key >> 8 & 0xff_ffff), count: UInt8(key & 0xff))
            if index + 1 == keys.count || keys[index + 1] >> 32 != key >> 32 { sink.endTerm(UInt32(key >> 32)) }
        }
    }

    private func removeRuns() {
        for run in runs {
            unsafe unlink(run.postings)
            unsafe unlink(run.terms)
        }
        runs = []
    }
}

/// Sorts by the upper 32 bits and keeps the order of equal ones: three passes of counting sort, 11 bits each.
private func sortByWord(_ keys: inout [UInt64]) {
    var other = [UInt64](repeating: 0, count: keys.count)
    for shift in [UInt64(32), 43, 54] {
        var places = [Int](repeating: 0, count: 2048)
        for key in keys { places[Int(key >> shift & 2047)] += 1 }
        var sum = 0
        for digit in places.indices {
            let count = places[digit]
            places[digit] = sum
            sum += count
        }
        for key in keys {
            let digit = Int(key >> shift & 2047)
            other[places[digit]] = key
            places[digit] += 1
        }
        swap(&keys, &other)
    }
}
