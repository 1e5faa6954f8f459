/// Sentences of a sample that follow each other, to which the next one is added: which of an output's words they have.
struct SamplePart {
    /// What they have of a word of the output.
    struct State {
        /// Sentences with the word.
        var count = 0
        /// What the nearest word in them brings, where none has the word itself.
        var nearest = 0.0
    }

    private struct Match {
        let word: Int
        /// Nothing for the word itself.
        let near: Double?
    }

    private var states: [State]
    /// Words whose state is not the first one.
    private var changed: [Int] = []
    /// Of each sentence.
    private var matches: [[Match]] = []

    /// - Parameter words: distinct ones of the output.
    init(words: Int) { states = [State](repeating: State(), count: words) }

    /// Begins with another sample.
    mutating func begin(sentences: Int) {
        while matches.count < sentences { matches.append([]) }
        for sentence in matches.indices { matches[sentence].removeAll(keepingCapacity: true) }
    }

    /// That sentences have a word of the output, or one near to it.
    ///
    /// - Parameters:
    ///   - near: what a near word brings; nothing for the word itself.
    ///   - sentences: a bit each, the first the lowest.
    mutating func add(_ word: Int, near: Double? = nil, in sentences: UInt16) {
        var left = sentences
        while left != 0 {
            matches[left.trailingZeroBitCount].append(Match(word: word, near: near))
            left &= left - 1
        }
    }

    /// Back to no sentence.
    mutating func clear() {
        for word in changed { states[word] = State() }
        changed.removeAll(keepingCapacity: true)
    }

    /// Adds a sentence and calls `body` with each word of the output for which it changes something.
    mutating func extend(by sentence: Int, _ body: (_ word: Int, _ before: State, _ after: State) -> Void) {
        for match in matches[sentence] {
            let before = states[match.word]
            var after = before
            if let near = match.near { after.nearest = max(after.nearest, near) } else { after.count += 1 }
            if before.count == 0, before.nearest == 0 { changed.append(match.word) }
            states[match.word] = after
            body(match.word, before, after)
        }
    }
}
