import Kernels
import Testing

@Suite struct SeededGeneratorTests {
    @Test func `SplitMix64 gives its authors' numbers`() {
        var generator = SplitMix64(state: 1_234_567)
        #expect(generator.next() == 6_457_827_717_110_365_317)
        #expect(generator.next() == 3_203_168_211_198_807_973)
    }

    @Test func `a seed gives one sequence, streams differ`() {
        func draw(_ seed: UInt64, _ stream: UInt64) -> [UInt64] {
            var generator = SeededGenerator(seed: seed, stream: stream)
            return (0..<8).map { _ in generator.next() }
        }
        #expect(draw(7, 1) == draw(7, 1))
        #expect(Set([draw(7, 0), draw(7, 1), draw(8, 0), draw(8, 1)]).count == 4)
    }

    @Test func `a sample is distinct, rising, in range and of the size asked for`() {
        var generator = SeededGenerator(seed: 3)
        for (count, bound) in [(0, 10), (1, 10), (9, 10), (10, 10), (15, 10), (500, 10_000)] {
            let sample = generator.sample(count, below: bound)
            #expect(sample.count == min(count, bound))
            #expect(zip(sample, sample.dropFirst()).allSatisfy(<) && sample.allSatisfy { (0..<bound).contains($0) })
        }
    }

    @Test func `each integer is as likely to be sampled as any other`() {
        var generator = SeededGenerator(seed: 4)
        var hits = [Int](repeating: 0, count: 20)
        for _ in 0..<4000 { for index in generator.sample(5, below: 20) { hits[index] += 1 } }
        // 4,000 draws at p = 1/4: mean 1,000, deviation 27.
        #expect(hits.allSatisfy { abs($0 - 1000) < 140 })
    }

    @Test func `uniform and normal have their moments`() {
        var generator = SeededGenerator(seed: 5)
        let uniform = (0..<20_000).map { _ in Double(generator.uniform()) }
        #expect(uniform.allSatisfy { (0..<1).contains($0) })
        #expect(abs(uniform.reduce(0, +) / 20_000 - 0.5) < 0.01)
        let normal = (0..<20_000).map { _ in Double(generator.normal()) }
        #expect(abs(normal.reduce(0, +) / 20_000) < 0.03)
        #expect(abs(normal.map { $0 * $0 }.reduce(0, +) / 20_000 - 1) < 0.05)
    }
}
