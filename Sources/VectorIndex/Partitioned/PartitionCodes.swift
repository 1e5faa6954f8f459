internal import CKernels
internal import Kernels

/// The sizes of codes, and the encoder.
///
/// For a vector's residual r = R(x − o) − c with ℓ = ‖r‖, its code x̄ (see `ck_rabitq.h`), A = ⟨r, x̄⟩ and C = ⟨c, x̄⟩, the
/// factors are made so that for both metrics
///
///     estimate = add + offset(q, c) + scale · ⟨x̄, q'⟩,      |error| ≤ ε · error · ‖q − c‖ as a rule.
///
/// `l2`: add = ℓ² + 2ℓ²C/A, scale = −2ℓ²/A, offset = ‖q − c‖². Inner product (its negative): add = ℓ²C/A − ⟨r, c + R·o⟩,
/// scale = −ℓ²/A, offset = −⟨q, c⟩. error = f·ℓ·√((ℓ²‖x̄‖²/A² − 1)/(n − 1)), f = 2 or 1. The estimate of ⟨r, q' − c⟩ is
/// unbiased over rotations; Gao & Long, arXiv 2405.12497, theorem 3.2.
struct PartitionCodes: Sendable {
    /// Numbers a vector has, padded.
    let width: Int
    let bits: Int

    /// Bytes of a hot code.
    var hotBytes: Int { width / 8 }
    /// Bytes of a warm record: two floats and the low bits.
    var recordBytes: Int { 8 + ck_rabitq_warm_bytes(width, UInt32(bits)) }
    /// Bytes of a block of the hot plane, with its factors.
    var blockBytes: Int { ck_rabitq_block_bytes(width) }
    /// Vectors in a block.
    static var blockRows: Int { Int(CK_RABITQ_BLOCK) }

    /// Levels of a residual's numbers for each times √n / ‖r‖: one over the step of the uniform quantiser of `bits` bits that
    /// is best for a normal variable (J. Max, "Quantizing for minimum distortion", IRE Trans. IT-6, 1960, table II; 6 to 8
    /// bits by the same condition).
    var step: Float {
        let steps: [Float] = [1.596, 0.9957, 0.5860, 0.3352, 0.1881, 0.1041, 0.0569, 0.0308]
        return Float(width).squareRoot() / steps[bits - 1]
    }

    /// One block of encoded rows.
    struct Rows: Sendable {
        /// `[count × hotBytes]`
        var hot: [UInt8]
        /// `[count × recordBytes]`
        var records: [UInt8]
        /// `[count × 3]`: add, scale, error of the hot code.
        var factors: [Float]
        var squaredLengths = 0.0
    }

    /// Encodes rows.
    ///
    /// - Parameters:
    ///   - vectors: rotated, row-major.
    ///   - order: which rows of `vectors`, in the order to be written.
    ///   - labels: for each row of `vectors` its row of `centroids`.
    ///   - origin: R·o.
    func encode(
        _ vectors: Span<Float>, order: ArraySlice<Int>, labels: Span<UInt32>, centroids: Matrix, origin: [Float],
        metric: Metric
    ) -> Rows {
        var rows = Rows(
            hot: [UInt8](repeating: 0, count: order.count * hotBytes),
            records: [UInt8](repeating: 0, count: order.count * recordBytes),
            factors: [Float](repeating: 0, count: order.count * 3))
        var residual = [Float](repeating: 0, count: width)
        var sums = ck_rabitq_sums()
        unsafe vectors.withUnsafeBufferPointer { vectors in
            unsafe centroids.elements.withUnsafeBufferPointer { centroids in
                unsafe origin.withUnsafeBufferPointer { origin in
                    unsafe rows.hot.withUnsafeMutableBufferPointer { hot in
                        unsafe rows.records.withUnsafeMutableBytes { records in
                            for (index, row) in order.enumerated() {
                                let record = unsafe records.baseAddress! + index * recordBytes
                                unsafe ck_rabitq_encode(
                                    vectors.baseAddress! + row * width,
                                    centroids.baseAddress! + Int(labels[row]) * width, origin.baseAddress, width,
                                    UInt32(bits), step, &residual, hot.baseAddress! + index * hotBytes,
                                    (record + 8).assumingMemoryBound(to: UInt8.self), &sums)
                                let factors = factors(of: sums, metric: metric)
                                unsafe record.storeBytes(of: factors.warm.add, as: Float.self)
                                unsafe (record + 4).storeBytes(of: factors.warm.scale, as: Float.self)
                                rows.factors[3 * index] = factors.hot.add
                                rows.factors[3 * index + 1] = factors.hot.scale
                                rows.factors[3 * index + 2] = factors.error
                                rows.squaredLengths += Double(sums.squared_length)
                            }
                        }
                    }
                }
            }
        }
        return rows
    }

    struct Factors {
        var hot: (add: Float, scale: Float) = (0, 0)
        var error: Float = 0
        var warm: (add: Float, scale: Float) = (0, 0)
    }

    /// A vector that is its partition's centroid has zeros: its distance is the offset.
    func factors(of sums: ck_rabitq_sums, metric: Metric) -> Factors {
        let squaredLength = Double(sums.squared_length)
        let (hot, all) = (Double(sums.sign_residual), Double(sums.code_residual))
        guard squaredLength > 0, hot > 0, all > 0 else { return Factors() }
        let weight = metric == .l2 ? 2.0 : 1.0
        let base =
            metric == .l2
            ? squaredLength : -Double(sums.residual_centroid) - Double(sums.residual_origin)
        func pair(_ product: Double, _ centroid: Double) -> (add: Float, scale: Float) {
            let ratio = weight * squaredLength / product
            return (Float(base + ratio * centroid), Float(-ratio))
        }
        let spread = max(0, squaredLength * Double(width) / 4 / (hot * hot) - 1) / Double(max(1, width - 1))
        return Factors(
            hot: pair(hot, Double(sums.sign_centroid)),
            error: Float(weight * (squaredLength * spread).squareRoot()),
            warm: pair(all, Double(sums.code_centroid)))
    }
}

extension PartitionModel {
    var codes: PartitionCodes { PartitionCodes(width: paddedDimension, bits: bits) }
}
