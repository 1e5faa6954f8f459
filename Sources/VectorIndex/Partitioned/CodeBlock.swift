internal import CKernels

/// A block of the hot plane that is being filled: codes of up to 32 vectors, interleaved, and their factors.
struct CodeBlock {
    private let codes: PartitionCodes
    private(set) var count = 0
    private var hot: [UInt8]
    /// The block, once it is sealed.
    private(set) var bytes: [UInt8]

    init(_ codes: PartitionCodes) {
        self.codes = codes
        hot = [UInt8](repeating: 0, count: PartitionCodes.blockRows * codes.hotBytes)
        bytes = [UInt8](repeating: 0, count: codes.blockBytes)
    }

    var isFull: Bool { count == PartitionCodes.blockRows }

    /// Adds a vector: its hot code, and `add`, `scale` and `error`.
    @unsafe mutating func append(hot code: UnsafeRawPointer, factors: UnsafePointer<Float>) {
        unsafe hot.withUnsafeMutableBytes {
            unsafe ($0.baseAddress! + count * codes.hotBytes).copyMemory(from: code, byteCount: codes.hotBytes)
        }
        unsafe bytes.withUnsafeMutableBytes {
            for factor in 0..<3 {
                let offset = 4 * codes.width + 4 * (factor * PartitionCodes.blockRows + count)
                unsafe $0.storeBytes(of: factors[factor], toByteOffset: offset, as: Float.self)
            }
        }
        count += 1
    }

    /// Adds one of some encoded rows.
    mutating func append(_ rows: PartitionCodes.Rows, _ row: Int) {
        unsafe rows.hot.withUnsafeBytes { hot in
            unsafe rows.factors.withUnsafeBufferPointer { factors in
                unsafe append(hot: hot.baseAddress! + row * codes.hotBytes, factors: factors.baseAddress! + 3 * row)
            }
        }
    }

    /// Interleaves the codes; absent vectors are zeros.
    mutating func seal() {
        for lane in count..<PartitionCodes.blockRows {
            for factor in 0..<3 {
                let offset = 4 * codes.width + 4 * (factor * PartitionCodes.blockRows + lane)
                for byte in 0..<4 { bytes[offset + byte] = 0 }
            }
        }
        unsafe ck_rabitq_pack(hot, count, codes.width, &bytes)
    }

    mutating func removeAll() { count = 0 }
}
