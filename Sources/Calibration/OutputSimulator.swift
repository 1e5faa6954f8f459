package import Kernels

/// Makes output-like texts from samples of the corpus, so that weights and null distributions need no labels.
///
/// A span of the sample is taken; a random share of its words is replaced; then, each with probability
/// ``operationShare``, the text is cut, thinned out, turned around, and joined with a piece of another sample.
///
/// What words are replaced by decides which score the outputs favour. Words that the embedder's own vocabulary holds for
/// similar hardly move a text's embedding, least of all a static one, which is a sum of those very vectors; words that
/// say something else are as new to an embedding as to a score that matches words. Outputs far from their sample have
/// both: what the author says in other words, and what the sample does not say (`docs/ranking.md`).
package struct OutputSimulator: Sendable {
    /// Words that may stand for a word, both in lower case.
    package typealias Substitutes = [String: [String]]

    /// How far outputs are from their sample.
    package enum Distance: Sendable {
        /// Up to nine words in ten are replaced: what a ranking has to cope with.
        case far
        /// Up to three in ten are: outputs that keep to their sample find more that looks like it, so a null distribution
        /// made of them claims less.
        case near

        var largestSubstitution: Float {
            switch self {
            case .far: 0.9
            case .near: 0.3
            }
        }
    }

    private let substitutes: Substitutes
    private let vocabulary: [String]
    private let distance: Distance
    /// Of the words replaced in an output far from its sample, how many become any word of the corpus, not a similar one.
    private let strangeShare: Float

    /// Probability of each of cut, drop, reorder and merge.
    private static let operationShare: Float = 0.2
    /// Texts of fewer words are not worth simulating from.
    private static let fewestWords = 4
    /// A text of more words gives a span of `spanWords`.
    private static let longestWhole = 30
    private static let spanWords = 12...40

    /// - Parameters:
    ///   - substitutes: similar words; a word without any stays as it is where one is asked for.
    ///   - vocabulary: the corpus' words in lower case, each as often as it occurs there; if empty, words are replaced by
    ///     similar ones only.
    ///   - strangeShare: of the words replaced in an output far from its sample, how many become any word of the corpus.
    package init(
        substitutes: Substitutes, vocabulary: [String], distance: Distance = .far, strangeShare: Float = 0.5
    ) {
        self.strangeShare = distance == .far ? strangeShare : 0
        self.substitutes = substitutes
        self.vocabulary = vocabulary
        self.distance = distance
    }

    /// The lower-case words of a text that substitutes can be asked for.
    package static func words(of text: String) -> [String] {
        pieces(of: text).compactMap { core(of: $0).map { text in text.core.lowercased() } }
    }

    /// An output that could have come from a sample.
    ///
    /// - Parameter other: a sample whose words it may be joined with.
    /// - Returns: the output, and whether it was joined with a piece of the other sample, which then is a source too;
    ///   nothing for a text of fewer than four words.
    /// - Complexity: O(length)
    package func simulate(
        _ text: String, other: String, using generator: inout SeededGenerator
    ) -> (text: String, isJoined: Bool)? {
        var pieces = Self.pieces(of: text)
        guard pieces.count >= Self.fewestWords else { return nil }
        if pieces.count > Self.longestWhole {
            let wanted = Self.spanWords.lowerBound + generator.integer(below: Self.spanWords.count)
            pieces = Self.span(pieces, of: wanted, using: &generator)
        }
        let share = distance.largestSubstitution * generator.uniform()
        for index in pieces.indices where generator.uniform() < share {
            pieces[index] = substituted(pieces[index], using: &generator)
        }
        let (cuts, drops) = (generator.uniform() < Self.operationShare, generator.uniform() < Self.operationShare)
        let (turns, joins) = (generator.uniform() < Self.operationShare, generator.uniform() < Self.operationShare)
        if cuts {
            let kept = Int(Float(pieces.count) * (0.4 + 0.5 * generator.uniform()))
            pieces = Self.span(pieces, of: max(3, kept), using: &generator)
        }
        if drops {
            let lost = 0.1 + 0.4 * generator.uniform()
            let kept = pieces.filter { _ in generator.uniform() >= lost }
            if kept.count >= 3 { pieces = kept }
        }
        if turns, pieces.count > 3 {
            let middle = 1 + generator.integer(below: pieces.count - 1)
            pieces = Array(pieces[middle...] + pieces[..<middle])
        }
        if joins {
            let strange = Self.pieces(of: other)
            let wanted = max(2, Int(Float(pieces.count) * (0.2 + 0.4 * generator.uniform())))
            let added = Self.span(strange, of: wanted, using: &generator)
            pieces = generator.uniform() < 0.5 ? pieces + added : added + pieces
        }
        return (Self.joined(pieces), joins)
    }

    /// A random span of a text: of one word to half of all, each doubling of the length as likely as any other.
    ///
    /// - Returns: nothing for a text of fewer than two words.
    package static func excerpt(of text: String, using generator: inout SeededGenerator) -> String? {
        let pieces = pieces(of: text)
        guard pieces.count >= 2 else { return nil }
        let words = exponential(Double(generator.uniform()) * logarithm(Double(pieces.count) / 2))
        return joined(span(pieces, of: max(1, Int(words)), using: &generator))
    }

    /// The first words of a text.
    package static func beginning(of text: String, words: Int) -> String {
        joined(Array(pieces(of: text).prefix(words)))
    }

    private static func span(_ pieces: [Piece], of count: Int, using generator: inout SeededGenerator) -> [Piece] {
        guard count < pieces.count else { return pieces }
        let start = generator.integer(below: pieces.count - count + 1)
        return Array(pieces[start..<start + count])
    }

    private func substituted(_ piece: Piece, using generator: inout SeededGenerator) -> Piece {
        guard let (before, core, after) = Self.core(of: piece) else { return piece }
        let isStrange = !vocabulary.isEmpty && generator.uniform() < strangeShare
        let choices = isStrange ? vocabulary : substitutes[core.lowercased()] ?? []
        guard !choices.isEmpty else { return piece }
        let choice = choices[generator.integer(below: choices.count)]
        return Piece(text: before + choice + after, endsWord: piece.endsWord)
    }
}

extension OutputSimulator {
    /// A word with the punctuation around it; a single character in scripts that are written without spaces.
    struct Piece: Hashable {
        let text: String
        /// Whether a space follows.
        let endsWord: Bool
    }

    static func pieces(of text: String) -> [Piece] {
        var pieces: [Piece] = []
        for word in text.split(whereSeparator: \.isWhitespace) {
            var run = ""
            for character in word {
                if isUnspaced(character) {
                    if !run.isEmpty { pieces.append(Piece(text: run, endsWord: false)) }
                    run = ""
                    pieces.append(Piece(text: String(character), endsWord: false))
                } else {
                    run.append(character)
                }
            }
            if !run.isEmpty {
                pieces.append(Piece(text: run, endsWord: true))
            } else if let last = pieces.popLast() {
                pieces.append(Piece(text: last.text, endsWord: true))
            }
        }
        return pieces
    }

    static func joined(_ pieces: [Piece]) -> String {
        var text = ""
        for (index, piece) in pieces.enumerated() {
            text += piece.text
            if piece.endsWord, index + 1 < pieces.count { text += " " }
        }
        return text
    }

    /// A piece's letters and digits, and what stands before and after them.
    private static func core(of piece: Piece) -> (before: String, core: String, after: String)? {
        let text = piece.text
        guard let first = text.firstIndex(where: isWordCharacter), let last = text.lastIndex(where: isWordCharacter)
        else {
            return nil
        }
        let end = text.index(after: last)
        guard text[first..<end].allSatisfy(isWordCharacter) else { return nil }
        return (String(text[..<first]), String(text[first..<end]), String(text[end...]))
    }

    private static func isWordCharacter(_ character: Character) -> Bool { character.isLetter || character.isNumber }

    /// Han, Hiragana, Katakana, Thai, Lao, Myanmar and Khmer.
    private static func isUnspaced(_ character: Character) -> Bool {
        guard let scalar = character.unicodeScalars.first?.value, scalar >= 0x0e00 else { return false }
        return switch scalar {
        case 0x0e00...0x0eff, 0x1000...0x109f, 0x1780...0x17ff, 0x3040...0x30ff, 0x3400...0x4dbf, 0x4e00...0x9fff,
            0xf900...0xfaff, 0x20000...0x3ffff:
            true
        default: false
        }
    }
}
