private import Dispatch
private import Synchronization

/// Work over blocks of rows on several threads, with results that do not depend on how many.
///
/// Blocks are fixed by `count` and `blockSize` alone, threads take them in turn, and results come back in block order; so a
/// reduction that folds them in that order has the same bits for any number of workers. The bodies must not call ``BLAS``
/// unless it is set to one thread: its results change with its threads and with the shape of a block, which is why the
/// block kernels (`blockDots`, `addOuterProducts`) exist.
package enum Parallel {
    /// Calls `body` once for each block of `0 ..< count`, on up to `workers` threads, and returns the results in block
    /// order.
    ///
    /// - Parameter blockSize: rows in a block; the last one may be shorter.
    package static func map<Result: Sendable>(
        count: Int, blockSize: Int, workers: Int, _ body: @Sendable (_ rows: Range<Int>) -> Result
    ) -> [Result] {
        precondition(blockSize > 0 && workers > 0, "a block has at least one row and there is at least one worker")
        let blocks = (count + blockSize - 1) / blockSize
        @Sendable func range(_ block: Int) -> Range<Int> { block * blockSize..<min(count, (block + 1) * blockSize) }
        guard workers > 1, blocks > 1 else { return (0..<blocks).map { body(range($0)) } }
        return unsafe [Result](unsafeUninitializedCapacity: blocks) { buffer, initialized in
            let results = unsafe Slots(base: buffer.baseAddress!)
            let next = Atomic(0)
            DispatchQueue.concurrentPerform(iterations: min(workers, blocks)) { _ in
                while true {
                    let block = next.wrappingAdd(1, ordering: .relaxed).oldValue
                    guard block < blocks else { return }
                    unsafe (results.base + block).initialize(to: body(range(block)))
                }
            }
            initialized = blocks
        }
    }

    /// Calls `body` once for each block of `0 ..< count`, with that block's part of `output`, and returns the results in
    /// block order.
    ///
    /// - Parameter output: row-major `[count × width]`.
    @discardableResult
    package static func fill<Element: Sendable, Result: Sendable>(
        _ output: inout MutableSpan<Element>, width: Int, count: Int, blockSize: Int, workers: Int,
        _ body: @Sendable (_ rows: Range<Int>, _ part: inout MutableSpan<Element>) -> Result
    ) -> [Result] {
        precondition(output.count == count * width, "\(output.count) elements for \(count) rows of \(width)")
        return unsafe output.withUnsafeMutableBufferPointer { buffer in
            let all = unsafe Slots(base: buffer.baseAddress)
            return map(count: count, blockSize: blockSize, workers: workers) { rows in
                var part = unsafe MutableSpan(
                    _unsafeStart: all.base! + rows.lowerBound * width, count: rows.count * width)
                return body(rows, &part)
            }
        }
    }

    /// The same for two outputs.
    @discardableResult
    package static func fill<First: Sendable, Second: Sendable, Result: Sendable>(
        _ first: inout MutableSpan<First>, width firstWidth: Int, _ second: inout MutableSpan<Second>,
        width secondWidth: Int, count: Int, blockSize: Int, workers: Int,
        _ body:
            @Sendable (
                _ rows: Range<Int>, _ first: inout MutableSpan<First>, _ second: inout MutableSpan<Second>
            ) -> Result
    ) -> [Result] {
        precondition(
            second.count == count * secondWidth, "\(second.count) elements for \(count) rows of \(secondWidth)")
        return unsafe second.withUnsafeMutableBufferPointer { buffer in
            let all = unsafe Slots(base: buffer.baseAddress)
            return fill(&first, width: firstWidth, count: count, blockSize: blockSize, workers: workers) { rows, part in
                var other = unsafe MutableSpan(
                    _unsafeStart: all.base! + rows.lowerBound * secondWidth, count: rows.count * secondWidth)
                return body(rows, &part, &other)
            }
        }
    }
}

/// The start of memory that several threads write, each to slots of its own.
@unsafe private struct Slots<Pointer>: @unchecked Sendable {
    // Unchecked because of the pointer: every block is taken by one thread, and blocks do not overlap.
    let base: Pointer
}
