internal import Synchronization

/// Where the chunks of a file lie in memory, and which of them were found sound. Read from many threads without a lock, and
/// without a reference that they would count in turns.
@safe final class ChunkTable: @unchecked Sendable {
    // Unchecked because of the pointers: places never change, and the rest is atomic.
    private let places: UnsafeMutablePointer<UnsafeRawBufferPointer>
    private let sound: UnsafeMutablePointer<Atomic<Bool>>
    private let count: Int
    /// Chunks of each column.
    private let perColumn: Int

    /// - Parameter file: is to be kept as long as the table.
    init(_ directory: ShardDirectory, chunks: Int, of file: MappedFile) {
        perColumn = chunks
        count = chunks * directory.columns.count
        unsafe places = .allocate(capacity: count)
        unsafe sound = .allocate(capacity: count)
        for (column, entry) in directory.columns.enumerated() {
            for (number, chunk) in entry.chunks.enumerated() {
                let index = column * chunks + number
                let stored = file.bytes.extracting(chunk.offset..<chunk.offset + chunk.storedBytes)
                unsafe stored.withUnsafeBytes { unsafe (places + index).initialize(to: $0) }
                unsafe (sound + index).initialize(to: Atomic(false))
            }
        }
    }

    deinit {
        unsafe places.deallocate()
        unsafe sound.deinitialize(count: count)
        unsafe sound.deallocate()
    }

    /// A chunk's bytes as they are stored.
    @inline(__always)
    @_lifetime(borrow self)
    func stored(_ chunk: Int, of column: Int) -> RawSpan {
        let bytes = unsafe places[index(chunk, of: column)]
        return unsafe _overrideLifetime(bytes.bytes, borrowing: self)
    }

    /// Whether a chunk's checksum was found to be right.
    @inline(__always)
    func isSound(_ chunk: Int, of column: Int) -> Bool {
        unsafe sound[index(chunk, of: column)].load(ordering: .relaxed)
    }

    func markSound(_ chunk: Int, of column: Int) {
        unsafe sound[index(chunk, of: column)].store(true, ordering: .relaxed)
    }

    @inline(__always)
    private func index(_ chunk: Int, of column: Int) -> Int {
        precondition(chunk >= 0 && chunk < perColumn)
        let index = column * perColumn + chunk
        precondition(index < count)
        return index
    }
}
