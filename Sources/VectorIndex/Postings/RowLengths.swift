internal import CKernels
internal import Kernels
internal import Storage
internal import Synchronization

/// How many words each row of an index has, a byte a row where that is enough: rows here and there are looked up in memory
/// that fits a processor's cache.
///
/// Valid as long as the reader it was made of.
@safe final class RowLengths: @unchecked Sendable {
    // Unchecked because of the pointers: one leads into a read-only mapping, the other to bytes that are written before
    // anyone else has them.
    private let bytes: UnsafeMutablePointer<UInt8>
    private let exact: UnsafePointer<UInt32>
    private let rows: Int
    /// The words of the longest row, 255 where they are more.
    let longest: Int

    /// - Complexity: O(rows)
    init(_ lengths: Span<UInt32>) {
        rows = lengths.count
        // Three more: kernels read four bytes at a row.
        unsafe bytes = LargePages.zeros(rows + 3)
        unsafe exact = lengths.withUnsafeBufferPointer { unsafe $0.baseAddress ?? UnsafePointer(bitPattern: 64)! }
        var longest: UInt8 = 0
        for row in lengths.indices {
            let length = UInt8(clamping: lengths[row])
            unsafe bytes[row] = length
            longest = max(longest, length)
        }
        self.longest = Int(longest)
    }

    deinit { unsafe bytes.deallocate() }

    /// Asks for what looking rows up will need, before it is needed.
    @inline(__always)
    func prefetch(_ rows: Range<Int>) {
        precondition(rows.lowerBound >= 0 && rows.upperBound <= self.rows)
        unsafe ck_prefetch(bytes + rows.lowerBound, rows.count)
    }

    /// The words of each row of a block, 255 where they are more; three bytes behind it may be read.
    @inline(__always)
    func bytes(of rows: Range<Int>) -> UnsafePointer<UInt8> {
        precondition(rows.lowerBound >= 0 && rows.upperBound <= self.rows)
        return unsafe UnsafePointer(bytes + rows.lowerBound)
    }

    /// The words of a row.
    @inline(__always)
    subscript(_ row: Int) -> UInt32 {
        precondition(row >= 0 && row < rows)
        let byte = unsafe bytes[row]
        return byte < .max ? UInt32(byte) : unsafe exact[row]
    }
}

/// What is made when it is first asked for; several threads may make it at once, the same.
final class Once<Value: Sendable>: Sendable {
    private let value: Mutex<Value?> = Mutex(nil)

    func get(_ make: () throws(StorageError) -> Value) throws(StorageError) -> Value {
        if let known = value.withLock(\.self) { return known }
        let made = try make()
        return value.withLock { value in
            if let other = value { return other }
            value = made
            return made
        }
    }
}
