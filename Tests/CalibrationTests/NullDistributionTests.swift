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
            // Sizes that no null has, by the next smaller ones; an output of no words by those of one.
            for size in [2, 3] { #expect(distribution.pValue(confidence, size: size) == naive(confidence, [one])) }
            for size in [8, 31] { #expect(distribution.pValue(confidence, size: size) == naive(confidence, [some])) }
            for size in [64, 1 << 40, .max] {
                #expect(distribution.pValue(confidence, size: size) == naive(confidence, [many]))
            }
            #expect(distribution.pValue(confidence, size: 0) == naive(confidence, [one]))
            let worst = [one, some, many].map { naive(confidence, [$0]) }.max()
            #expect(distribution.pValue(confidence, size: nil) == worst)
        }
        #expect(distribution.smallestPValue == 1.0 / 401)
    }

    @Test func `where few nulls are of a size, smaller ones count with them, then larger ones`() {
        let (one, some, many) = (
            nulls(150, size: 1, seed: 4, 20), nulls(199, size: 5, seed: 5, 10), nulls(20, size: 40, seed: 6)
        )
        let distribution = NullDistribution(one + some + many)
        for confidence in confidences {
            #expect(distribution.pValue(confidence, size: 50) == naive(confidence, [many, some]))
            #expect(distribution.pValue(confidence, size: 6) == naive(confidence, [some, one]))
            #expect(distribution.pValue(confidence, size: 1) == naive(confidence, [one, some]))
        }
    }

    @Test func `vectors have no size`() {
        let vectors = nulls(300, size: nil, seed: 7)
        let distribution = NullDistribution(vectors)
        for confidence in confidences {
            #expect(distribution.pValue(confidence, size: nil) == naive(confidence, [vectors]))
        }
        let empty = NullDistribution([])
        #expect(empty.pValue(0, size: nil) == 1 && empty.pValue(0, size: 3) == 1 && empty.smallestPValue == 1)
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
