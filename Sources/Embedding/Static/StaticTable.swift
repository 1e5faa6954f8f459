internal import CKernels

/// One vector for each token id, and sums of them.
struct StaticTable: Sendable {
    enum Elements: Sendable {
        case integers([Int8])
        case floats([Float])
    }

    let dimension: Int
    /// Row-major `[tokens × dimension]`, finite.
    let elements: Elements
    let tokens: Int

    init(dimension: Int, elements: Elements) {
        let count =
            switch elements {
            case .integers(let values): values.count
            case .floats(let values): values.count
            }
        precondition(dimension > 0 && count % dimension == 0, "\(count) elements in rows of \(dimension)")
        self.dimension = dimension
        self.elements = elements
        tokens = count / dimension
    }

    /// Working memory for one sum after another.
    struct Scratch: Sendable {
        fileprivate var integers: [Int32]
        fileprivate var floats: [Float]
        var totals: [Double]
        /// Weighted sums of the tokens that come several times, and those tokens.
        var repeats: [Double]
        var tokens: [Int32] = []

        init(dimension: Int) {
            integers = [Int32](repeating: 0, count: dimension)
            floats = [Float](repeating: 0, count: dimension)
            totals = [Double](repeating: 0, count: dimension)
            repeats = totals
        }
    }

    /// Rows whose sum of integers is within 32 bits.
    private static let rowsAtOnce = 1 << 24

    /// Writes the mean of the tokens' rows, or the sum at length 1; zeros for no tokens, and for a sum of zeros.
    ///
    /// Sums of integers are exact, those of floats have one order, so every instruction set gives the same bits.
    ///
    /// - Parameters:
    ///   - ids: below ``tokens``.
    ///   - repeats: what a token that comes several times weighs.
    ///   - output: written from `offset` on.
    /// - Returns: `false` when the sum is beyond single precision; the output is then not finite.
    /// - Complexity: ids · dimension.
    func pool(
        _ ids: [Int32], repeats: Repeats, normalizes: Bool, into output: inout MutableSpan<Float>, at offset: Int,
        using scratch: inout Scratch
    ) -> Bool {
        precondition(scratch.totals.count == dimension && output.count >= offset + dimension)
        let weight =
            switch repeats {
            case .sum: sum(ids, &scratch)
            case .squareRoot: sumWithRoots(ids, &scratch)
            }
        let totals = scratch.totals.span
        let square = Self.square(totals)
        guard square.isFinite else {
            for column in 0..<dimension { output[offset + column] = .nan }
            return false
        }
        guard square > 0 else {
            for column in 0..<dimension { output[offset + column] = 0 }
            return true
        }
        let scale = normalizes ? 1 / square.squareRoot() : 1 / weight
        for column in 0..<dimension { output[offset + column] = Float(totals[column] * scale) }
        return true
    }

    /// Writes the sum of the tokens' rows into `totals`.
    ///
    /// - Returns: their weights' sum, which is how many they are.
    func sum(_ ids: [Int32], _ scratch: inout Scratch) -> Double {
        switch elements {
        case .integers(let table):
            for column in 0..<dimension { scratch.totals[column] = 0 }
            for start in stride(from: 0, to: ids.count, by: Self.rowsAtOnce) {
                let count = min(ids.count - start, Self.rowsAtOnce)
                for column in 0..<dimension { scratch.integers[column] = 0 }
                unsafe table.withUnsafeBufferPointer { table in
                    unsafe ids.withUnsafeBufferPointer { ids in
                        unsafe ck_pool_int8(
                            table.baseAddress, dimension, ids.baseAddress! + start, count, &scratch.integers)
                    }
                }
                for column in 0..<dimension { scratch.totals[column] += Double(scratch.integers[column]) }
            }
        case .floats(let table):
            for column in 0..<dimension { scratch.floats[column] = 0 }
            if !ids.isEmpty { unsafe ck_pool_float(table, dimension, ids, ids.count, &scratch.floats) }
            for column in 0..<dimension { scratch.totals[column] = Double(scratch.floats[column]) }
        }
        return Double(ids.count)
    }

    /// The sum of squares, in four parts, which processors add side by side.
    private static func square(_ values: Span<Double>) -> Double {
        var parts = SIMD4<Double>.zero
        var index = 0
        while index + 4 <= values.count {
            let part = SIMD4(values[index], values[index + 1], values[index + 2], values[index + 3])
            parts += part * part
            index += 4
        }
        while index < values.count {
            parts[0] += values[index] * values[index]
            index += 1
        }
        return parts.sum()
    }

    /// A token's row.
    func row(_ id: Int) -> [Float] {
        let range = id * dimension..<(id + 1) * dimension
        return switch elements {
        case .integers(let values): values[range].map { Float($0) }
        case .floats(let values): Array(values[range])
        }
    }
}
