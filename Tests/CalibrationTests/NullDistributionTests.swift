import Calibration
import Kernels
import Testing

@Suite struct NullDistributionTests {
    private func nulls(_ count: Int, size: Int?, seed: UInt64, _ shift: Float = 0) -> [NullDistribution.Match] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count).map { _ in
            NullDistribution.Match(size: size, confidence: shift + Float(generator.integer(below: 40)))
        }
    }

    private func naive(_ confidence: Float, _ nulls: [[NullDistribution.Match]]) -> Double {
        let all = nulls.flatMap(\.self).map(\.confidence)
        return Double(1 + all.filter { $0 >= confidence }.count) / Double(1 + all.count)
    }

    private let confidences = stride(from: Float(-1), through: 61, by: 0.5)

    @Test func `p-values count the nulls of the output's size that are at least as good`() {
        let (one, some, many) = (
            nulls(250, size: 1, seed: 1, 20), nulls(300, size: 5, seed: 2, 10), nulls(400, size: 40, seed: 3)
        )
        let distribution = NullDistribution((some + many + one).shuffled())
        #expect(distribution.count == 950)
        for confidence in confidences {
            #expect(distribution.pValue(confidence, size: 1) == naive(confidence, [one]))
            for size in 4...7 { #expect(distribution.pValue(confidence, size: size) == naive(confidence, [some])) }
            for size in 32...63 { #expect(distribution.pValue(confidence, size: size) == naive(confidence, [many])) }
            // Sizes that no null has; an output of no words by those of one.
            let (small, middle) = (
                [one, some].map { naive(confidence, [$0]) }, [some, many].map { naive(confidence, [$0]) }
            )
            for size in [2, 3] { #expect(distribution.pValue(confidence, size: size) == small.max()) }
            for size in [8, 31] { #expect(distribution.pValue(confidence, size: size) == middle.max()) }
            for size in [64, 1 << 40, .max] {
                #expect(distribution.pValue(confidence, size: size) == naive(confidence, [many]))
            }
            #expect(distribution.pValue(confidence, size: 0) == naive(confidence, [one]))
            let worst = [one, some, many].map { naive(confidence, [$0]) }.max()
            #expect(distribution.pValue(confidence, size: nil) == worst)
        }
    }

    @Test func `where few nulls are of a size, the sizes beside it say which p-value is larger`() {
        // Those of 4 to 7 words are too few, and lie between.
        let (one, few, many) = (
            nulls(50, size: 1, seed: 4), nulls(49, size: 5, seed: 5, 10), nulls(90, size: 9, seed: 6, 20)
        )
        let distribution = NullDistribution(one + few + many)
        for confidence in confidences {
            let neighbours = [one, many].map { naive(confidence, [$0]) }
            #expect(distribution.pValue(confidence, size: 6) == neighbours.max())
            #expect(distribution.pValue(confidence, size: 1) == neighbours[0])
            #expect(distribution.pValue(confidence, size: 1000) == neighbours[1])
        }
        let scarce = NullDistribution(few + nulls(3, size: 70, seed: 9))
        for size in [1, 5, 70] {
            #expect(scarce.pValue(15, size: size) == naive(15, [few, nulls(3, size: 70, seed: 9)]))
        }
    }

    @Test func `vectors have no size`() {
        let vectors = nulls(300, size: nil, seed: 7)
        let distribution = NullDistribution(vectors)
        for confidence in confidences {
            #expect(distribution.pValue(confidence, size: nil) == naive(confidence, [vectors]))
        }
        let empty = NullDistribution([])
        #expect(empty.pValue(0, size: nil) == 1 && empty.pValue(0, size: 3) == 1)
    }

    /// P(p ≤ α) is about α for outputs that are drawn as the nulls are, of each size, however much better small ones match.
    @Test func `nulls of any size are rarely called found`() {
        var generator = SeededGenerator(seed: 8)
        func draw(_ sizes: ClosedRange<Int>) -> NullDistribution.Match {
            let size = sizes.lowerBound + generator.integer(below: sizes.count)
            return NullDistribution.Match(size: size, confidence: generator.normal() + 10 / Float(size))
        }
        let bands = [1...1, 2...3, 4...7, 8...15, 16...31, 32...63]
        let distribution = NullDistribution((0..<6000).map { draw(bands[$0 % 6]) })
        for band in bands {
            let found = (0..<4000).filter { _ in
                let output = draw(band)
                return distribution.pValue(output.confidence, size: output.size) <= 0.05
            }.count
            #expect((120...280).contains(found), "\(band) \(found)")
        }
    }
}
