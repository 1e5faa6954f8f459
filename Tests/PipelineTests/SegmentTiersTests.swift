import Pipeline
import Testing

@Suite struct SegmentTiersTests {
    private func segments(_ appended: [Int], trained: Int = 1, merged: Int? = nil) -> [Range<Int>] {
        let rows = [1_000_000] + appended
        return SegmentTiers.segments(rows: rows, trained: trained, merged: merged ?? trained)
    }

    @Test func theBuildStaysAlone() {
        #expect(segments([]) == [0..<1])
        #expect(segments([5_000_000]) == [0..<1, 1..<2])
        #expect(segments([10, 10, 10], trained: 3) == [0..<3, 3..<4])
    }

    @Test func fourOfOneTierBecomeOne() {
        #expect(segments([10, 10, 10]) == [0..<1, 1..<2, 2..<3, 3..<4])
        #expect(segments([10, 10, 10, 10]) == [0..<1, 1..<5])
        let fifteen = segments([Int](repeating: 1024, count: 15))
        #expect(fifteen == [0..<1, 1..<5, 5..<9, 9..<13, 13..<14, 14..<15, 15..<16])
        #expect(segments([Int](repeating: 1024, count: 16)) == [0..<1, 1..<17])
    }

    @Test func aLargeAppendTakesSmallerOnesBeforeItAlong() {
        #expect(segments([10, 10, 100_000]) == [0..<1, 1..<4])
        #expect(segments([100_000, 10, 10]) == [0..<1, 1..<2, 2..<3, 3..<4])
    }

    @Test func aMergeHolds() {
        let rows = [100_000, 10, 20_000, 10]
        #expect(segments(rows, merged: 5) == [0..<1, 1..<5])
        #expect(segments(rows + [10, 10], merged: 5) == [0..<1, 1..<5, 5..<6, 6..<7])
        #expect(segments(rows + [10, 10, 10, 10], merged: 5) == [0..<1, 1..<5, 5..<9])
    }

    /// The number of segments stays logarithmic whatever is appended, only the last segments change, and rows are merged
    /// again a logarithmic number of times.
    @Test func segmentsStayFewAndMergesCheap() {
        var state: UInt64 = 7
        func random(below limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % limit
        }
        for shape in 0..<4 {
            var appended: [Int] = []
            var written = 0
            var last = segments([])
            for night in 0..<400 {
                switch shape {
                case 0: appended.append(1000)
                case 1: appended.append(1 + random(below: 100_000))
                case 2: appended.append(night % 7 == 0 ? 200_000 : 500)
                default: appended.append(1 << random(below: 18))
                }
                let now = segments(appended)
                #expect(now.first == 0..<1 && now.last?.upperBound == appended.count + 1)
                for (a, b) in zip(now, now.dropFirst()) { #expect(a.upperBound == b.lowerBound) }
                let sum = appended.reduce(0, +)
                var tiers = 1
                while sum >> (2 * tiers) >= 1024 { tiers += 1 }
                #expect(now.count <= 1 + 3 * tiers, "shape \(shape), night \(night): \(now.count) segments")
                let changed = now.filter { !last.contains($0) }
                #expect(changed.count == 1)
                for range in changed { written += range.reduce(0) { $0 + appended[$1 - 1] } }
                last = now
            }
            // Tiers of four million rows in all: 7.
            #expect(written <= 8 * appended.reduce(0, +), "shape \(shape): \(written)")
        }
    }
}
