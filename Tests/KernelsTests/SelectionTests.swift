import CKernels
import Kernels
import Testing

@Suite struct SelectionTests {
    @Test(arguments: lengths)
    func `both versions keep the smallest, ties by row`(length: Int) {
        // Few distinct values, so that ties are the rule.
        let dots = numbers(length, seed: 30).map { ($0 * 4).rounded() }
        let bias = numbers(length, seed: 31).map { ($0 * 4).rounded() }
        let allowed: [UInt64] = (0..<20).map { _ in 0xf0f0_ff00_0ff0_5555 }
        for capacity in [0, 1, 3, 16, 40] {
            for filtered in [false, true] {
                let rows = (0..<length).filter { !filtered || allowed[($0 + 5) / 64] >> UInt64(($0 + 5) % 64) & 1 == 1 }
                let expected = rows.map { (-2 * dots[$0] + bias[$0], UInt32($0 + 5)) }.sorted(by: <).prefix(capacity)
                var top = TopCandidates(capacity: capacity)
                top.offer(
                    dots: dots.span, bias: bias.span, factor: -2, first: 5,
                    allowed: filtered ? allowed.span : Span())
                #expect(top.sorted.map(\.row) == expected.map(\.1))
                #expect(top.sorted.map(\.key) == expected.map(\.0))
                var heap = [ck_candidate](repeating: ck_candidate(), count: capacity + 1)
                let size = unsafe ck_select_scalar(
                    dots, bias, -2, length, 5, filtered ? allowed : nil, &heap, 0, capacity)
                let scalar = heap.prefix(size).map { ($0.key, $0.row) }.sorted(by: <)
                #expect(scalar.map(\.1) == expected.map(\.1))
            }
        }
    }

    @Test func `the order of offering and the split do not matter`() {
        let dots = numbers(1000, seed: 32).map { ($0 * 20).rounded() }
        var whole = TopCandidates(capacity: 25)
        whole.offer(dots: dots.span, factor: -1, first: 0)
        var late = TopCandidates(capacity: 25)
        late.offer(dots: dots.span.extracting(600..<1000), factor: -1, first: 600)
        var early = TopCandidates(capacity: 25)
        early.offer(dots: dots.span.extracting(0..<600), factor: -1, first: 0)
        late.merge(early)
        #expect(late.sorted.map(\.row) == whole.sorted.map(\.row))
    }

    @Test func `a NaN is never kept, an infinity is`() {
        var top = TopCandidates(capacity: 20)
        let dots: [Float] = [.nan, 1, .infinity, -.infinity, .nan, 2, .nan, .nan, .nan, 3]
        top.offer(dots: dots.span, factor: 1, first: 0)
        #expect(top.sorted.map(\.row) == [3, 1, 5, 9, 2])
    }

    @Test func `the nearest centroid, the first of several`() {
        let dots: [Float] = [1, 3, 3, 0, .nan, .nan, .nan, .nan, -5, -6, -7, -8]
        var labels: [UInt32] = [9, 9, 9]
        var span = labels.mutableSpan
        nearestLabels(dots: dots.span, halfNorms: ([0, 1, 1, 0] as [Float]).span, into: &span)
        #expect(labels == [1, .max, 0])
    }
}
