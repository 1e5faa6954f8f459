internal import CKernels

// Products of a block of rows with a few vectors. Unlike a BLAS product, each element has the same bits in whatever block,
// batch or thread it is computed.

/// Inner products of every row of `a` with every row of `b`: `out[i, j] = ⟨a_i, b_j⟩`.
///
/// - Parameters:
///   - a: row-major `[rows × dimension]`, `strideA` floats from row to row (`dimension` unless given).
///   - b: row-major `[count × dimension]`, likewise.
///   - out: row-major `[rows × count]`.
/// - Complexity: 2·rows·count·dimension operations, at 80 % of a core's peak for 4 rows or more.
package func blockDots(
    _ a: Span<Float>, rows: Int, strideA: Int? = nil, _ b: Span<Float>, count: Int, strideB: Int? = nil, dimension: Int,
    into out: inout MutableSpan<Float>
) {
    let strideA = strideA ?? dimension
    let strideB = strideB ?? dimension
    precondition(holds(a, rows: rows, dimension, stride: strideA) && holds(b, rows: count, dimension, stride: strideB))
    precondition(out.count >= rows * count, "\(out.count) elements for \(rows) × \(count) products")
    unsafe a.withUnsafeBufferPointer { a in
        unsafe b.withUnsafeBufferPointer { b in
            unsafe out.withUnsafeMutableBufferPointer { out in
                guard let out = out.baseAddress else { return }
                unsafe ck_block_dots(
                    a.baseAddress, strideA, rows, b.baseAddress, strideB, count, dimension, out, count)
            }
        }
    }
}

/// Adds a sum of outer products: `g[c, k] += Σ_i d[i, c] · x[i, k]`, in rising order of `i` whatever the blocks.
///
/// - Parameters:
///   - d: row-major `[rows × count]`.
///   - x: row-major `[rows × dimension]`.
///   - g: `[count × dimension]`, `strideG` floats from row to row (`dimension` unless given).
package func addOuterProducts(
    _ d: Span<Float>, count: Int, _ x: Span<Float>, rows: Int, dimension: Int, to g: inout MutableSpan<Float>,
    strideG: Int? = nil
) {
    let strideG = strideG ?? dimension
    precondition(d.count >= rows * count && x.count >= rows * dimension)
    precondition(count == 0 || g.count >= (count - 1) * strideG + dimension)
    unsafe d.withUnsafeBufferPointer { d in
        unsafe x.withUnsafeBufferPointer { x in
            unsafe g.withUnsafeMutableBufferPointer { g in
                guard let g = g.baseAddress else { return }
                unsafe ck_block_outer(
                    d.baseAddress, count, count, x.baseAddress, dimension, rows, dimension, g, strideG)
            }
        }
    }
}

/// Adds each row to the sum of its label: `sums[labels[i]] += x_i`.
///
/// - Parameters:
///   - x: row-major `[labels.count × dimension]`.
///   - sums: row-major `[labels' bound × dimension]`.
package func addRows(
    _ x: Span<Float>, dimension: Int, labels: Span<UInt32>, to sums: inout MutableSpan<Float>
) {
    precondition(x.count >= labels.count * dimension)
    let bound = dimension == 0 ? Int.max : sums.count / dimension
    for i in labels.indices { precondition(Int(labels[i]) < bound, "label \(labels[i]) of \(bound) sums") }
    unsafe x.withUnsafeBufferPointer { x in
        unsafe labels.withUnsafeBufferPointer { labels in
            unsafe sums.withUnsafeMutableBufferPointer { sums in
                guard let sums = sums.baseAddress else { return }
                unsafe ck_block_sum_by_label(x.baseAddress, labels.count, dimension, labels.baseAddress, sums)
            }
        }
    }
}

/// The label of each row's nearest centroid (the first of several), or `UInt32.max` for a row with a NaN.
///
/// - Parameters:
///   - dots: inner products `[rows × halfNorms.count]` of rows and centroids.
///   - halfNorms: half the squared norm of each centroid.
///   - labels: `[rows]`.
package func nearestLabels(dots: Span<Float>, halfNorms: Span<Float>, into labels: inout MutableSpan<UInt32>) {
    precondition(dots.count >= labels.count * halfNorms.count)
    unsafe dots.withUnsafeBufferPointer { dots in
        unsafe halfNorms.withUnsafeBufferPointer { norms in
            unsafe labels.withUnsafeMutableBufferPointer { labels in
                guard let base = labels.baseAddress else { return }
                unsafe ck_nearest(dots.baseAddress, norms.baseAddress, labels.count, norms.count, base)
            }
        }
    }
}

private func holds(_ span: Span<Float>, rows: Int, _ dimension: Int, stride: Int) -> Bool {
    stride >= dimension && (rows == 0 || span.count >= (rows - 1) * stride + dimension)
}
