internal import Foundation

/// The lines of a ``ByteSource``, as bytes.
///
/// A line ends with `\n` or `\r\n`, which is not part of it; the last one needs no end. A UTF-8 byte-order mark at the start
/// of the stream is left out. Memory is the longest line and one block.
package final class LineReader {
    package let source: ByteSource
    /// Number of the line that ``next(_:)`` gave last, from 1; 0 before the first.
    package private(set) var lineNumber = 0
    private let longestLine: Int
    private var block: [UInt8] = []
    private var blockStart = 0
    /// The beginning of a line that goes on in the next block.
    private var carried: [UInt8] = []
    private var isAtEnd = false

    package static let defaultLongestLine = 64 << 20

    /// - Parameter longestLine: a longer line is an error, so that a file without line ends cannot fill the memory.
    package init(_ source: ByteSource, longestLine: Int = defaultLongestLine) {
        self.source = source
        self.longestLine = longestLine
    }

    /// - Parameter path: `-` for standard input; plain or compressed.
    package convenience init(path: String, longestLine: Int = defaultLongestLine) throws(StorageError) {
        self.init(try ByteSource(path: path), longestLine: longestLine)
    }

    /// Calls `body` with the next line.
    ///
    /// - Returns: what `body` does; nil at the end, without a call.
    /// - Throws: `corrupt` (damaged or truncated compression), `mismatch` (a line over the limit), `inputOutput`, and what
    ///   `body` throws.
    package func next<R>(_ body: (RawSpan) throws(StorageError) -> R) throws(StorageError) -> R? {
        carried.removeAll(keepingCapacity: true)
        while true {
            if blockStart < block.count {
                if let end = newline {
                    let range = blockStart..<end
                    blockStart = end + 1
                    try checkLength(carried.count + range.count)
                    lineNumber += 1
                    let block = block
                    if carried.isEmpty { return try body(line(block.rawBytes.extracting(range))) }
                    carried.append(block.rawBytes.extracting(range))
                    return try giveCarried(to: body)
                }
                carried.append(block.rawBytes.extracting(blockStart..<block.count))
                blockStart = block.count
                try checkLength(carried.count)
            }
            guard try readBlock() else {
                if carried.isEmpty { return nil }
                lineNumber += 1
                return try giveCarried(to: body)
            }
        }
    }

    /// The next line, copied; nil at the end.
    package func next() throws(StorageError) -> [UInt8]? {
        try next { line throws(StorageError) in line.copied() }
    }

    private func giveCarried<R>(to body: (RawSpan) throws(StorageError) -> R) throws(StorageError) -> R {
        let carried = carried
        return try body(line(carried.rawBytes))
    }

    private func readBlock() throws(StorageError) -> Bool {
        if isAtEnd { return false }
        isAtEnd = !(try source.read(into: &block))
        blockStart = 0
        return !isAtEnd
    }

    /// Where the line that begins at `blockStart` ends in the block.
    private var newline: Int? {
        unsafe block.withUnsafeBufferPointer { block in
            let start = unsafe block.baseAddress! + blockStart
            guard let found = unsafe memchr(start, 0x0a, block.count - blockStart) else { return nil }
            return blockStart + (unsafe UnsafeRawPointer(found) - UnsafeRawPointer(start))
        }
    }

    /// Without a byte-order mark at the start of the stream and a carriage return at the end of the line.
    @_lifetime(copy bytes)
    private func line(_ bytes: RawSpan) -> RawSpan {
        var range = 0..<bytes.byteCount
        if lineNumber == 1, bytes.byteCount >= 3, bytes.integer(at: 0, as: UInt8.self) == 0xef,
            bytes.integer(at: 1, as: UInt8.self) == 0xbb, bytes.integer(at: 2, as: UInt8.self) == 0xbf
        {
            range = 3..<range.upperBound
        }
        if let last = range.last, bytes.integer(at: last, as: UInt8.self) == 0x0d { range = range.dropLast() }
        return bytes.extracting(range)
    }

    private func checkLength(_ length: Int) throws(StorageError) {
        guard length <= longestLine else {
            throw StorageError(
                .mismatch, path: source.name,
                "line \(lineNumber + 1) is longer than \(longestLine) bytes; is this a file of lines?")
        }
    }
}
