internal import Storage

/// A part of the postings on disk while an index is written: those of a range of rows, sorted by word.
struct PostingsRun {
    let postings: String
    let terms: String

    init(path: String) {
        postings = path + ".postings"
        terms = path + ".terms"
    }

    /// Merges runs of rising rows, word by word.
    ///
    /// - Complexity: O(postings + words of all runs · log runs); memory for a block of each run.
    static func merge(_ runs: [PostingsRun], into sink: PostingsSink) throws(StorageError) {
        var cursors: [PostingsCursor] = []
        var heap = WordHeap()
        for (number, run) in runs.enumerated() {
            let cursor = try PostingsCursor(run)
            if let term = try cursor.next() { heap.insert(UInt64(term) << 32 | UInt64(number)) }
            cursors.append(cursor)
        }
        // Of one word the runs come in their order, which is that of their rows.
        while let key = heap.first {
            let (term, cursor) = (UInt32(key >> 32), cursors[Int(key & 0xffff_ffff)])
            try cursor.copyPostings(to: sink)
            if let following = try cursor.next() {
                heap.replaceFirst(with: UInt64(following) << 32 | key & 0xffff_ffff)
            } else {
                heap.removeFirst()
            }
            if heap.first.map({ UInt32($0 >> 32) }) != term { sink.endTerm(term) }
        }
    }
}

/// Reads a run from its beginning to its end.
private final class PostingsCursor {
    private let terms: ShardReader
    private let postings: ShardReader
    private var term = 0
    private var position = 0
    private var end = 0
    private var termBlock: (ids: [UInt32], ends: [UInt64]) = ([], [])
    private var block: (rows: [UInt32], counts: [UInt8]) = ([], [])

    private static let blockTerms = 4096
    private static let blockPostings = 8192

    init(_ run: PostingsRun) throws(StorageError) {
        terms = try ShardReader(path: run.terms, expectedKind: PostingsFormat.termsKind)
        postings = try ShardReader(path: run.postings, expectedKind: PostingsFormat.postingsKind)
    }

    /// Goes to the next word; nil at the end.
    func next() throws(StorageError) -> UInt32? {
        guard term < terms.rows else { return nil }
        let offset = term % Self.blockTerms
        if offset == 0 {
            let rows = term..<min(terms.rows, term + Self.blockTerms)
            try terms.read(PostingsFormat.term, rows: rows, into: &termBlock.ids)
            try terms.read(PostingsFormat.end, rows: rows, into: &termBlock.ends)
        }
        term += 1
        end = Int(termBlock.ends[offset])
        return termBlock.ids[offset]
    }

    /// Copies the postings of the word.
    func copyPostings(to sink: PostingsSink) throws(StorageError) {
        while position < end {
            let offset = position % Self.blockPostings
            if offset == 0 {
                let rows = position..<min(postings.rows, position + Self.blockPostings)
                try postings.read(PostingsFormat.row, rows: rows, into: &block.rows)
                try postings.read(PostingsFormat.count, rows: rows, into: &block.counts)
            }
            try sink.append(row: block.rows[offset], count: block.counts[offset])
            position += 1
        }
    }
}

/// A binary heap whose first key is the smallest.
private struct WordHeap {
    private var keys: [UInt64] = []

    var first: UInt64? { keys.first }

    mutating func insert(_ key: UInt64) {
        var hole = keys.count
        keys.append(key)
        while hole > 0, keys[(hole - 1) / 2] > key {
            keys[hole] = keys[(hole - 1) / 2]
            hole = (hole - 1) / 2
        }
        keys[hole] = key
    }

    mutating func removeFirst() {
        let last = keys.removeLast()
        if !keys.isEmpty { replaceFirst(with: last) }
    }

    mutating func replaceFirst(with key: UInt64) {
        var hole = 0
        while 2 * hole + 1 < keys.count {
            var child = 2 * hole + 1
            if child + 1 < keys.count, keys[child + 1] < keys[child] { child += 1 }
            if key <= keys[child] { break }
            keys[hole] = keys[child]
            hole = child
        }
        keys[hole] = key
    }
}
