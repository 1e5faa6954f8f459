internal import Kernels
internal import Pipeline
internal import Storage

/// The embeddings of a shard's sentences on disk, so that one row's are read in place.
///
/// A shard file of kind `sentences`, with the embedder's digest and the dimension d as its attributes:
///
/// | column | type | meaning |
/// |---|---|---|
/// | `sentences` | bytes, raw | of a row with n ≥ 2 sentences: n factors (float32), then n vectors of d signed bytes |
///
/// A sentence's unit vector is its factor times its bytes. The bytes are the embedding scaled so that its largest number is
/// ±127, rounded; the factor makes the length 1, or is 0 where the embedding is. With a unit vector y the cosine is off by
/// about 1/(127·√12) of the embedding's largest number, as the errors of the single numbers are independent: by .001 for
/// embeddings of 256 numbers whose largest is .4.
enum SentenceFile {
    static let sentences = "sentences"
    private static let dimension = "dimension"
    private static let factorBytes = 4

    /// Few rows a chunk: a candidate's row is read alone, and its chunk's checksum is checked before.
    private static let chunkRows = 64

    static func writer(path: String, dimension: Int, embedder: String) throws(StorageError) -> ShardWriter {
        try ShardWriter(
            path: path, kind: ShardKind.sentences, columns: [.variable(sentences)], chunkRows: chunkRows,
            attributes: ["embedder": embedder, Self.dimension: "\(dimension)"])
    }

    /// Appends one row of the corpus.
    ///
    /// - Parameter rows: those of the matrix that are its sentences' embeddings, of any length.
    static func append(_ vectors: Matrix, rows: Range<Int>, to writer: ShardWriter) throws(StorageError) {
        var row: [UInt8] = []
        row.reserveCapacity(rows.count * (vectors.columns + factorBytes))
        let scaled = rows.map { bytes(of: vectors.elements.span.extracting(vectors.range(ofRow: $0))) }
        for (factor, _) in scaled { row.appendInteger(factor.bitPattern) }
        for (_, bytes) in scaled { row += bytes }
        try writer.append(sentences, bytes: row.rawBytes)
    }

    private static func bytes(of vector: Span<Float>) -> (factor: Float, bytes: [UInt8]) {
        var largest: Float = 0
        for index in vector.indices { largest = max(largest, abs(vector[index])) }
        var bytes = [UInt8](repeating: 0, count: vector.count)
        guard largest > 0 else { return (0, bytes) }
        var square = 0
        for index in vector.indices {
            let number = Int((vector[index] / largest * 127).rounded())
            square += number * number
            bytes[index] = UInt8(bitPattern: Int8(number))
        }
        return (1 / Float(square).squareRoot(), bytes)
    }

    static func reader(_ path: String) throws(StorageError) -> ShardReader {
        try ShardReader(path: path, expectedKind: ShardKind.sentences, reads: .scattered)
    }

    /// Numbers of a vector.
    ///
    /// - Throws: `corrupt` where the file does not say.
    static func dimension(_ reader: ShardReader) throws(StorageError) -> Int {
        guard let dimension = reader.attributes[Self.dimension].flatMap(Int.init), (1...1 << 20).contains(dimension)
        else {
            throw StorageError(.corrupt, path: reader.path, "it has no dimension; build the file again")
        }
        return dimension
    }

    /// How many vectors a row has.
    static func count(_ reader: ShardReader, row: Int) throws(StorageError) -> Int {
        let dimension = try dimension(reader)
        return try reader.bytes(sentences, row: row).count / (dimension + factorBytes)
    }

    /// A file whose rows are read one by one.
    struct Rows: Sendable {
        private let reader: ShardReader
        private let sentences: ShardReader.RawColumn

        /// - Throws: `mismatch` for a file without the column.
        init(_ reader: ShardReader) throws(StorageError) {
            self.reader = reader
            sentences = try reader.rawColumn(SentenceFile.sentences, of: nil)
        }

        var count: Int { reader.rows }

        /// Asks for what reading a row needs, or for where that lies.
        @inline(__always)
        func prefetch(_ row: Int, placeOnly: Bool) { reader.prefetch(sentences, row: row, placeOnly: placeOnly) }

        /// The largest cosine of a row's sentences with a vector; nothing for a row that has none of its own.
        ///
        /// - Parameter vector: of length 1 or 0, as many numbers as the file's vectors have.
        /// - Throws: `corrupt`.
        /// - Complexity: O(sentences · dimension), without a copy.
        @inline(__always)
        func nearest(_ row: Int, to vector: Span<Float>) throws(StorageError) -> (sentence: Int, cosine: Float)? {
            let bytes = try reader.bytes(sentences, row: row)
            guard !bytes.isEmpty else { return nil }
            let count = bytes.byteCount / (vector.count + factorBytes)
            guard count > 1, bytes.byteCount % (vector.count + factorBytes) == 0 else {
                throw damage(reader, row: row)
            }
            var nearest: (sentence: Int, cosine: Float)?
            for sentence in 0..<count {
                let factor = Float(bitPattern: bytes.integer(at: factorBytes * sentence, as: UInt32.self))
                guard (0...1).contains(factor) else { throw damage(reader, row: row) }
                let start = factorBytes * count + vector.count * sentence
                let cosine = factor * dot(signedBytes: bytes.extracting(start..<start + vector.count), vector)
                if cosine > nearest?.cosine ?? -.infinity { nearest = (sentence, cosine) }
            }
            return nearest
        }
    }

    /// Checks a file completely: every byte, and that each row's vectors have length 1 or 0.
    ///
    /// - Throws: `corrupt`.
    static func verify(path: String) throws(StorageError) {
        let reader = try reader(path)
        try reader.verify()
        let dimension = try dimension(reader)
        try reader.forEachBytes(sentences, rows: 0..<reader.rows) { row, bytes throws(StorageError) in
            let count = bytes.byteCount / (dimension + factorBytes)
            guard bytes.byteCount % (dimension + factorBytes) == 0, count != 1 else { throw damage(reader, row: row) }
            for sentence in 0..<count {
                let start = factorBytes * count + dimension * sentence
                var square = 0
                for offset in start..<start + dimension {
                    let number = Int(bytes.integer(at: offset, as: Int8.self))
                    square += number * number
                }
                let factor = Float(bitPattern: bytes.integer(at: factorBytes * sentence, as: UInt32.self))
                guard factor == (square == 0 ? 0 : 1 / Float(square).squareRoot()) else {
                    throw damage(reader, row: row)
                }
            }
        }
    }

    private static func damage(_ reader: ShardReader, row: Int) -> StorageError {
        StorageError(.corrupt, path: reader.path, "the sentences of row \(row) make no sense; build the file again")
    }
}
