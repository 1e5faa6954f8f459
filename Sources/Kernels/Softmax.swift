internal import CKernels

/// `x_i = tanh x_i`, with an absolute error below 3·10⁻⁷.
package func hyperbolicTangent(_ x: inout MutableSpan<Float>) {
    unsafe x.withUnsafeMutableBufferPointer { x in
        guard let base = x.baseAddress else { return }
        unsafe ck_tanh(base, x.count)
    }
}

/// `x_i = e^x_i`, within 2 ulp where the result is a normal number.
package func exponential(_ x: inout MutableSpan<Float>) {
    unsafe x.withUnsafeMutableBufferPointer { x in
        guard let base = x.baseAddress else { return }
        unsafe ck_exp(base, x.count)
    }
}

/// Rows of logits to rows of probabilities, in place: `z` is row-major `[rows × count]`.
package func softmax(_ z: inout MutableSpan<Float>, count: Int) {
    guard z.count > 0 else { return }
    precondition(z.count % count == 0)
    unsafe z.withUnsafeMutableBufferPointer { z in
        unsafe ck_softmax(z.baseAddress!, z.count / count, count)
    }
}

/// Rows of logits to rows of `softmax(z) − onehot(label)`, in place; each row sums to 0 up to one rounding.
///
/// - Parameters:
///   - z: row-major `[labels.count × count]`.
///   - labels: each below `count`.
/// - Returns: the sum of the rows' cross entropies, in nats, and how many rows have their greatest logit at the label.
package func softmaxMinusOneHot(
    _ z: inout MutableSpan<Float>, labels: Span<UInt32>, count: Int
) -> (loss: Double, correct: Int) {
    precondition(z.count == labels.count * count)
    guard labels.count > 0 else { return (0, 0) }
    for i in labels.indices { precondition(labels[i] < count, "label \(labels[i]) of \(count) classes") }
    var correct = 0
    let loss = unsafe z.withUnsafeMutableBufferPointer { z in
        unsafe labels.withUnsafeBufferPointer { labels in
            unsafe ck_softmax_delta(z.baseAddress!, labels.baseAddress, labels.count, count, &correct)
        }
    }
    return (loss, correct)
}
