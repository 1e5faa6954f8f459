internal import Kernels

/// An output of the token probe, with what its words weigh: scores a sample by one pass over both lists of words.
///
/// Influences are in nats and carry the sign of I: negative where the sample lowers the loss on the output.
package struct TokenQuery: Sendable {
    package let output: TokenBag
    /// μ, in words.
    package let prior: Double
    /// 1 / (μ·p(t)) of each distinct word.
    package let gains: [Double]
    /// What the output itself would lower its own loss by, floored at a tiny positive number.
    package let selfInfluence: Double
    /// log(1 + gain): most words come once in a sample.
    private let firstTerms: [Double]
    /// Of each distinct word the words near to it; none where only the very words count.
    private let near: [NearWords.List]

    /// - Parameters:
    ///   - gains: 1 / (μ·p(t)) of each of the output's words.
    ///   - near: of each of the output's words, or none.
    init(_ output: TokenBag, gains: [Double], prior: Double, near: [NearWords.List] = []) {
        precondition(near.isEmpty || near.count == output.ids.count)
        self.output = output
        self.near = near
        self.gains = gains
        self.prior = prior
        firstTerms = gains.map { logarithm1p($0) }
        var own = -Double(output.length) * logarithm1p(Double(output.length) / prior)
        for (count, gain) in zip(output.counts, gains) {
            own += Double(count) * logarithm1p(Double(count) * gain)
        }
        selfInfluence = max(own, Self.leastSelfInfluence)
    }

    /// What weight for each of some samples changes the loss on the output by; of a sample with several sentences weight for
    /// those of them, one after another, that lower it most, or for all of it.
    ///
    /// Passages as in Liu & Croft, "Passage retrieval based on language models", CIKM 2002, and Bendersky & Kurland,
    /// "Utilizing passage-based language models for document retrieval", ECIR 2008. A word counts once a sentence in a part
    /// (once in neighbours that are taken together), and as often as it comes in the whole.
    ///
    /// - Parameters:
    ///   - count: of the samples.
    ///   - read: a sample's words, by its number, into memory that is used again.
    /// - Complexity: O(words of both), or O(shorter · log longer) where one is much longer, and for a sample of several
    ///   sentences their number times the words in common; with near words O(words of the samples), and O(near words) once.
    package func influences<Failure: Error>(
        count: Int, _ read: (_ sample: Int, inout TokenBag) throws(Failure) -> Void
    ) throws(Failure) -> [Double] {
        var matcher = NearWordMatcher(near)
        var part = SamplePart(words: output.ids.count)
        var bag = TokenBag(ids: [], counts: [], length: 0)
        var influences: [Double] = []
        influences.reserveCapacity(count)
        for sample in 0..<count {
            try read(sample, &bag)
            influences.append(influence(of: bag, &matcher, &part))
        }
        return influences
    }

    /// The same of one sample.
    package func influence(of sample: TokenBag) -> Double {
        var matcher = NearWordMatcher(near)
        var part = SamplePart(words: output.ids.count)
        return influence(of: sample, &matcher, &part)
    }

    private func influence(
        of sample: TokenBag, _ matcher: inout NearWordMatcher, _ part: inout SamplePart
    ) -> Double {
        var sum = 0.0
        let hasNear = !matcher.isEmpty
        let hasParts = sample.sentenceLengths.count > 1
        if hasParts { part.begin(sentences: sample.sentenceLengths.count) }
        if hasNear { matcher.look(up: sample.ids.span, keepsMatches: hasParts) }
        forEachCommon(output.ids.span, sample.ids.span) { own, other in
            let count = sample.counts[other]
            let term = count == 1 ? firstTerms[own] : logarithm1p(Double(count) * gains[own])
            sum += Double(output.counts[own]) * term
            if hasNear { matcher.drop(own) }
            if hasParts { part.add(own, in: sample.sentences[other]) }
        }
        if hasNear { sum += matcher.sum(output.counts) }
        let whole = lengthTerm(sample.length) - sum
        guard hasParts else { return whole }
        for match in matcher.matches {
            part.add(match.word, near: Double(match.term), in: sample.sentences[match.other])
        }
        return min(whole, influenceOfParts(sample.sentenceLengths, &part))
    }

    /// What the length of a sample, or of a part of it, raises the loss by.
    private func lengthTerm(_ words: Int) -> Double {
        Double(output.length) * logarithm1p(Double(words) / prior)
    }

    /// The most negative influence of any sentences that follow each other. A part counts as no shorter than the output: it
    /// cannot have said all of it in fewer words.
    ///
    /// - Complexity: O(sentences · (sentences + words in them that are the output's, or near to one))
    private func influenceOfParts(_ lengths: [UInt32], _ part: inout SamplePart) -> Double {
        var best = Double.infinity
        for start in lengths.indices {
            part.clear()
            var (sum, words) = (0.0, 0)
            for end in start..<lengths.count {
                words += Int(lengths[end])
                part.extend(by: end) { word, before, after in
                    let (old, new) = (term(word, before), term(word, after))
                    sum += Double(output.counts[word]) * (new - old)
                }
                best = min(best, lengthTerm(max(words, output.length)) - sum)
            }
        }
        return best
    }

    private func term(_ word: Int, _ state: SamplePart.State) -> Double {
        switch state.count {
        case 0: state.nearest
        case 1: firstTerms[word]
        default: logarithm1p(Double(state.count) * gains[word])
        }
    }

    private static let leastSelfInfluence = 1e-6

    /// Influence in units of what the output itself would bring, −1 for a copy, or of a nat if that is more; 0 for an output
    /// that would bring nothing itself, as one without words, or with a word oftener than is counted: it has no unit.
    ///
    /// An output of a word or two that every sample has brings less than a nat, and a sample that has them often would seem to
    /// be its source several times over.
    package func relative(_ influence: Double) -> Double {
        selfInfluence > Self.leastSelfInfluence ? influence / max(1, selfInfluence) : 0
    }

    /// The same output, were no word of it said twice.
    ///
    /// All influence on an output grows with the number of times it says the same; what speaks for a source does not.
    package var once: TokenQuery {
        guard output.length != output.ids.count else { return self }
        let ones = [UInt16](repeating: 1, count: output.ids.count)
        return TokenQuery(
            TokenBag(ids: output.ids, counts: ones, length: ones.count), gains: gains, prior: prior, near: near)
    }

    /// ∇L(y)ᵀ F⁻¹ ∇L(x) / μ with F⁻¹ = diag(1/p), which is Σ_t c_y(t)·c_x(t) / (μ·p(t)) − L_y·L_x / μ: minus the
    /// influence of the whole sample to first order in its weight.
    ///
    /// Gradients sum to zero over words, and on such vectors diag(1/p) inverts the Fisher information diag(p) − ppᵀ.
    package func gradientProduct(of sample: TokenBag) -> Double {
        var sum = -Double(output.length) * Double(sample.length) / prior
        forEachCommon(output.ids.span, sample.ids.span) { own, other in
            sum += Double(output.counts[own]) * Double(sample.counts[other]) * gains[own]
        }
        return sum
    }
}

/// Calls `body` with the positions of every element that two rising lists share, in rising order.
@inline(__always)
private func forEachCommon(_ a: Span<UInt32>, _ b: Span<UInt32>, _ body: (Int, Int) -> Void) {
    if a.count > 16 * b.count {
        forEachCommon(short: b, long: a) { body($1, $0) }
    } else if b.count > 16 * a.count {
        forEachCommon(short: a, long: b) { body($0, $1) }
    } else {
        var (i, j) = (0, 0)
        while i < a.count, j < b.count {
            let (x, y) = (a[i], b[j])
            if x == y { body(i, j) }
            i += x <= y ? 1 : 0
            j += y <= x ? 1 : 0
        }
    }
}

@inline(__always)
private func forEachCommon(short: Span<UInt32>, long: Span<UInt32>, _ body: (Int, Int) -> Void) {
    var first = 0
    for index in short.indices {
        var (low, high) = (first, long.count)
        while low < high {
            let middle = (low + high) / 2
            if long[middle] < short[index] { low = middle + 1 } else { high = middle }
        }
        if low < long.count, long[low] == short[index] { body(index, low) }
        first = low
    }
}
