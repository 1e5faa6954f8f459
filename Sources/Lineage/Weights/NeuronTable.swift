internal import CKernels
internal import Kernels

/// What a matrix's neurons read from or write to the residual stream, summed over the neurons: Σ_n û_n û_nᵀ over the
/// chosen ``HiddenUnits``, with û_n a neuron's weights at length 1.
///
/// The sum forgets the neurons' order; the length forgets their scale and sign; the hidden units' own order and sign are
/// found by their columns.
/// Source: the invariant terms of HuRef (arXiv 2312.04828, section 3), for one matrix in place of products of two.
enum NeuronTable {
    /// The share of neurons that are rows: `[units × units]`.
    ///
    /// - Parameter weights: row-major `[count × hidden]`.
    static func ofRows(_ weights: [Float], count: Int, hidden: Int, units: [UInt32]) -> [Float] {
        var seen = [Float](repeating: 0, count: count * units.count)
        for row in 0..<count {
            let neuron = weights.span.extracting(row * hidden..<(row + 1) * hidden)
            let norm = dot(neuron, neuron).squareRoot()
            guard norm > 0 else { continue }
            var span = seen.mutableSpan
            unsafe neuron.withUnsafeBufferPointer { neuron in
                unsafe units.withUnsafeBufferPointer { units in
                    unsafe span.withUnsafeMutableBufferPointer {
                        unsafe ck_gather(
                            neuron.baseAddress!, units.baseAddress!, units.count, 1 / norm,
                            $0.baseAddress! + row * units.count)
                    }
                }
            }
        }
        var table = [Float](repeating: 0, count: units.count * units.count)
        var sums = table.mutableSpan
        addOuterProducts(seen.span, count: units.count, seen.span, rows: count, dimension: units.count, to: &sums)
        return table
    }

    /// The squared norms of a block's columns, `[columns]`.
    static func squares(_ weights: [Float], rows: Int, columns: Int) -> [Float] {
        var squares = [Float](repeating: 0, count: columns)
        var span = squares.mutableSpan
        unsafe weights.withUnsafeBufferPointer { weights in
            unsafe span.withUnsafeMutableBufferPointer {
                unsafe ck_add_squares(weights.baseAddress!, rows, columns, $0.baseAddress!)
            }
        }
        return squares
    }

    /// The table of neurons that are columns.
    ///
    /// - Parameters:
    ///   - seen: the matrix's rows of the chosen units, row-major `[units × columns]`.
    ///   - squares: the squared norms of the matrix's columns.
    static func ofColumns(seen: [Float], squares: [Double], units: Int) -> [Float] {
        let columns = squares.count
        var seen = seen
        let factors = squares.map { $0 > 0 ? Float(1 / $0.squareRoot()) : 0 }
        for k in 0..<units { for column in 0..<columns { seen[k * columns + column] *= factors[column] } }
        var table = [Float](repeating: 0, count: units * units)
        var span = table.mutableSpan
        blockDots(seen.span, rows: units, seen.span, count: units, dimension: columns, into: &span)
        return table
    }

    /// The upper triangle of the table as correlations, U-centred; `nil` for fewer than 12 units.
    static func scores(_ table: [Double], units n: Int) -> QuantizedScores? {
        guard n >= WeightFormat.leastUnits else { return nil }
        let scales = (0..<n).map { table[$0 * n + $0] > 0 ? 1 / table[$0 * n + $0].squareRoot() : 0 }
        var scaled = table
        for i in 0..<n { for j in 0..<n { scaled[i * n + j] *= scales[i] * scales[j] } }
        let centered = uCentered(scaled, n: n)
        var triangle: [Double] = []
        for i in 0..<n { triangle.append(contentsOf: centered[i * n + i + 1..<(i + 1) * n]) }
        return QuantizedScores(triangle)
    }
}
