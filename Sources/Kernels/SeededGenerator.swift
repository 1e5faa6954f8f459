/// xoshiro256** with a SplitMix64-expanded seed: the one source of randomness, so that the same seed gives the same bytes.
///
/// Source: Blackman & Vigna, "Scrambled linear pseudorandom number generators", 2018, arXiv 1805.01407.
package struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: (UInt64, UInt64, UInt64, UInt64)

    /// - Parameters:
    ///   - seed: the configuration's seed.
    ///   - stream: tells independent uses of one seed apart (a stage's name, a shard's number).
    package init(seed: UInt64, stream: UInt64 = 0) {
        var expander = SplitMix64(state: seed ^ (stream &* 0x9e37_79b9_7f4a_7c15 &+ 0x632b_e59b_d9b4_e019))
        state = (expander.next(), expander.next(), expander.next(), expander.next())
    }

    package mutating func next() -> UInt64 {
        let result = rotateLeft(state.1 &* 5, 7) &* 9
        let shifted = state.1 << 17
        state.2 ^= state.0
        state.3 ^= state.1
        state.1 ^= state.2
        state.0 ^= state.3
        state.2 ^= shifted
        state.3 = rotateLeft(state.3, 45)
        return result
    }

    /// Uniform in `[0, 1)`, with 24 random bits.
    package mutating func uniform() -> Float { Float(next() >> 40) * 0x1p-24 }

    /// Uniform in `0 ..< bound`, without modulo bias worth the name for bounds below 2³².
    package mutating func integer(below bound: Int) -> Int {
        precondition(bound > 0)
        return Int(next().multipliedFullWidth(by: UInt64(bound)).high)
    }

    /// Standard normal (Box–Muller; the second value of each pair is dropped so that the state stays the seed's alone).
    package mutating func normal() -> Float {
        let radius = (-2 * logarithm(1 - Double(next() >> 11) * 0x1p-53)).squareRoot()
        return Float(radius * cosine(2 * .pi * Double(next() >> 11) * 0x1p-53))
    }

    /// `count` distinct integers of `0 ..< bound` in rising order (all of them when `count ≥ bound`).
    ///
    /// Selection sampling (Knuth, TAOCP 2, 3.4.2, algorithm S).
    /// - Complexity: O(bound).
    package mutating func sample(_ count: Int, below bound: Int) -> [Int] {
        guard count < bound else { return Array(0..<bound) }
        var chosen: [Int] = []
        chosen.reserveCapacity(count)
        for candidate in 0..<bound where integer(below: bound - candidate) < count - chosen.count {
            chosen.append(candidate)
        }
        return chosen
    }

    private func rotateLeft(_ value: UInt64, _ count: UInt64) -> UInt64 { value << count | value >> (64 - count) }
}

/// SplitMix64 (Steele, Lea & Flood 2014): expands a seed, and hashes a counter to a random word.
package struct SplitMix64: RandomNumberGenerator, Sendable {
    package var state: UInt64

    package init(state: UInt64) { self.state = state }

    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ word >> 30) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
        return word ^ word >> 31
    }
}
