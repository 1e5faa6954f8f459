package import Storage

/// A language-model probe: a unigram model of the corpus with a Dirichlet prior, whose labels are each text's own words.
///
/// With p(t) the corpus' frequencies and μ the prior's strength, giving sample x (counts c_x, length L_x) weight makes the
/// model p_x(t) = (μ·p(t) + c_x(t)) / (μ + L_x). So the loss on an output y (counts c_y, length L_y) changes by exactly
///
///     token_influence(y, x) = −[ Σ_t c_y(t)·log(1 + c_x(t) / (μ·p(t))) − L_y·log(1 + L_x / μ) ]   (nats)
///
/// and the more negative, the more x lowers the loss on y. Its first-order term in 1/μ is the product of the two gradients
/// under the inverse Fisher information diag(1/p) (see ``TokenQuery/gradientProduct(of:)``).
///
/// Source: Zhai & Lafferty, "A study of smoothing methods for language models applied to ad hoc information retrieval",
/// SIGIR 2001, and ACM TOIS 22(2), 2004, section 3.1 (query likelihood with Dirichlet priors).
package struct TokenProbe: Sendable {
    package struct Settings: Codable, Hashable, Sendable {
        /// μ in mean lengths of the corpus' texts.
        package let priorStrength: Double

        package init(priorStrength: Double = 3) {
            precondition(priorStrength > 0)
            self.priorStrength = priorStrength
        }
    }

    package let frequencies: TokenFrequencies
    package let settings: Settings
    /// μ, in words.
    package let prior: Double

    package init(_ frequencies: TokenFrequencies, settings: Settings = Settings()) {
        self.frequencies = frequencies
        self.settings = settings
        prior = settings.priorStrength * (frequencies.tokens > 0 ? frequencies.meanLength : 1)
    }

    /// 1 / (μ·p(t)) of some words: what one occurrence in a sample adds to its probability, relatively.
    ///
    /// - Throws: `corrupt`, from a damaged file of frequencies.
    package func gains(_ ids: [UInt32]) throws(StorageError) -> [Double] {
        var gains: [Double] = []
        gains.reserveCapacity(ids.count)
        for id in ids { gains.append(1 / (prior * (try frequencies.probability(id)))) }
        return gains
    }

    /// An output, prepared for being scored against many samples.
    ///
    /// - Parameter near: of each of the output's words the words near to it; none where only the very words count.
    /// - Throws: `corrupt`, from a damaged file of frequencies.
    /// - Complexity: a look-up for each distinct word.
    package func query(_ output: TokenBag, near: [NearWords.List] = []) throws(StorageError) -> TokenQuery {
        TokenQuery(output, gains: try gains(output.ids), prior: prior, near: near)
    }
}
