internal import Storage

/// The rows of one part that belong to a range of partitions, in place: the pointers lead into the reader's mapping.
@safe struct PartRows {
    /// One row, good as long as the part's reader.
    @safe struct Row {
        let record: UnsafeRawPointer
        let hot: UnsafeRawPointer
        let factors: UnsafePointer<Float>
        let row: UInt32
    }

    private let reader: ShardReader
    private let codes: PartitionCodes
    private let firstRow: Int
    private let count: Int
    private var position = 0
    private let records: UnsafeRawPointer?
    private let hot: UnsafeRawPointer?
    private let factors: UnsafePointer<Float>?
    private let rows: UnsafePointer<UInt32>?
    private let labels: UnsafePointer<UInt32>?

    init(
        _ reader: ShardReader, _ firstRow: Int, _ partitions: Range<Int>, _ codes: PartitionCodes
    ) throws(StorageError) {
        self.reader = reader
        self.codes = codes
        self.firstRow = firstRow
        guard try reader.column("record").fixedWidth == codes.recordBytes,
            try reader.column("hot").fixedWidth == codes.hotBytes
        else {
            throw StorageError(.corrupt, path: reader.path, "its codes are not as wide as its model's; build it again")
        }
        let range = try Self.rows(of: partitions, reader)
        count = range.count
        unsafe records = try reader.values("record", as: UInt8.self, rows: range).withUnsafeBufferPointer {
            unsafe UnsafeRawPointer($0.baseAddress)
        }
        unsafe hot = try reader.values("hot", as: UInt8.self, rows: range).withUnsafeBufferPointer {
            unsafe UnsafeRawPointer($0.baseAddress)
        }
        unsafe factors = try reader.values("factor", as: Float.self, rows: range).withUnsafeBufferPointer {
            $0.baseAddress
        }
        unsafe rows = try reader.values("row", as: UInt32.self, rows: range).withUnsafeBufferPointer {
            $0.baseAddress
        }
        unsafe labels = try reader.values("partition", as: UInt32.self, rows: range).withUnsafeBufferPointer {
            $0.baseAddress
        }
    }

    /// The rows of the range, by bisection of the rising partitions.
    private static func rows(of partitions: Range<Int>, _ reader: ShardReader) throws(StorageError) -> Range<Int> {
        func firstRow(from partition: Int) throws(StorageError) -> Int {
            var (low, high) = (0, reader.rows)
            while low < high {
                let middle = (low + high) / 2
                let found = try reader.values("partition", as: UInt32.self, rows: middle..<middle + 1)[0]
                if Int(found) < partition { low = middle + 1 } else { high = middle }
            }
            return low
        }
        let start = try firstRow(from: partitions.lowerBound)
        return start..<max(start, try firstRow(from: partitions.upperBound))
    }

    /// The next row, if it belongs to the partition.
    mutating func next(of partition: Int) -> Row? {
        guard position < count, unsafe Int(labels![position]) == partition else { return nil }
        defer { position += 1 }
        return unsafe Row(
            record: records! + position * codes.recordBytes, hot: hot! + position * codes.hotBytes,
            factors: factors! + 3 * position, row: UInt32(firstRow) + rows![position])
    }

    /// - Throws: `corrupt` where rows are left, because partitions did not rise.
    func checkEnd() throws(StorageError) {
        guard position == count else {
            throw StorageError(
                .corrupt, path: reader.path, "its column 'partition' does not rise; build it again")
        }
    }
}
