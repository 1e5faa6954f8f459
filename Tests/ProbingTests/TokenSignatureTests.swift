import Foundation
import Kernels
import Probing
import Testing

@Suite struct TokenSignatureTests {
    private let texts = RandomTexts(40, vocabulary: 120, seed: 3)
    private var probe: TokenProbe { TokenProbe(texts.frequencies) }

    private func squaredLength(_ a: [Double]) -> Double { a.reduce(0) { $0 + $1 * $1 } }

    /// ⟨φ_y, φ_x⟩ from its definition.
    private func product(_ y: TokenBag, _ x: TokenBag, saturates: Bool) throws -> Double {
        var sum = 0.0
        let counts = Dictionary(uniqueKeysWithValues: zip(x.ids, x.counts))
        for (id, count) in zip(y.ids, y.counts) {
            guard let other = counts[id] else { continue }
            let gain = 1 / (probe.prior * (try texts.frequencies.probability(id)))
            let weight = log(1 + gain)
            sum +=
                saturates
                ? log(1 + Double(count) * gain) * log(1 + Double(other) * gain) / weight
                : Double(count) * Double(other) * weight
        }
        return sum
    }

    /// For counts of one the features' product is the influence's own sum.
    @Test func `features multiply to the influence of words that come once`() throws {
        let signature = TokenSignature(probe, settings: .init(dimension: 8), seed: 0)
        for (first, second) in zip(texts.words, texts.words.dropFirst()) {
            let (y, x) = (TokenBag(words: Set(first).sorted()), TokenBag(words: second))
            let query = try probe.query(y)
            let byID = Dictionary(uniqueKeysWithValues: zip(x.ids, try signature.features(x)))
            let found = zip(y.ids, try signature.features(y)).reduce(0) { $0 + $1.1 * (byID[$1.0] ?? 0) }
            let expected =
                Double(y.length) * log(1 + Double(x.length) / probe.prior) - query.influence(of: x)
            #expect(abs(found - expected) < 1e-9 * max(1, expected))
        }
    }

    @Test(arguments: [true, false]) func `products are unbiased over the seeds`(saturates: Bool) throws {
        let (y, x) = (texts.counts.bag(1), texts.counts.bag(2))
        let expected = try product(y, x, saturates: saturates)
        #expect(expected > 0)
        let seeds = 4000
        var (sum, squares) = (0.0, 0.0)
        for seed in 0..<seeds {
            let signature = TokenSignature(
                probe, settings: .init(dimension: 16, exponent: 0, saturates: saturates), seed: UInt64(seed))
            let found = inner(try signature.signature(y), try signature.signature(x))
            sum += found
            squares += found * found
        }
        let mean = sum / Double(seeds)
        let deviation = ((squares / Double(seeds) - mean * mean) / Double(seeds)).squareRoot()
        #expect(abs(mean - expected) < 4 * deviation, "\(mean) ± \(deviation), expected \(expected)")
        #expect(deviation < 0.05 * expected)
    }

    @Test(arguments: [0.0, 0.5, 1.0]) func `the exponent divides by the features' length`(exponent: Double) throws {
        let plain = TokenSignature(probe, settings: .init(dimension: 64, exponent: 0), seed: 5)
        let scaled = TokenSignature(probe, settings: .init(dimension: 64, exponent: exponent), seed: 5)
        for row in 0..<texts.counts.rows {
            let bag = texts.counts.bag(row)
            let features = try plain.features(bag)
            let scale = pow(squaredLength(features).squareRoot(), exponent)
            let (a, b) = (try plain.signature(bag), try scaled.signature(bag))
            #expect(
                zip(a, b).allSatisfy { abs(Double($0) - scale * Double($1)) < 1e-5 * max(1, scale) } || bag.length == 0)
            #expect(b.allSatisfy { $0.isFinite })
        }
        let matrix = try scaled.signatures(texts.counts)
        #expect(matrix.rows == 40 && matrix.columns == 64)
        #expect(matrix.row(3) == (try scaled.signature(texts.counts.bag(3))))
    }

    @Test func `many entries approximate the cosine`() throws {
        let signature = TokenSignature(probe, settings: .init(dimension: 1 << 14), seed: 9)
        let (y, x) = (texts.counts.bag(4), texts.counts.bag(5))
        let lengths = try product(y, y, saturates: true) * product(x, x, saturates: true)
        let cosine = try product(y, x, saturates: true) / lengths.squareRoot()
        #expect(abs(inner(try signature.signature(y), try signature.signature(x)) - cosine) < 0.03)
        #expect(try signature.signature(TokenBag(words: [])).allSatisfy { $0 == 0 })
    }
}
