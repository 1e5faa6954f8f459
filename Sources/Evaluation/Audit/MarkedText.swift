/// A text as HTML with its shared words marked.
struct MarkedText {
    /// A run of a text that a source has too.
    struct Reference: Hashable {
        let rank: Int
        /// Tells the runs of one source apart.
        let run: Int
    }

    private let text: String
    private let words: [TextWords.Word]
    private var references: [[Reference]]
    private var isCommon: [Bool]

    init(_ text: String, words: TextWords) {
        self.text = text
        self.words = words.words
        references = Array(repeating: [], count: words.words.count)
        isCommon = Array(repeating: false, count: words.words.count)
    }

    /// Adds what the text shares with one source.
    mutating func add(_ marks: SharedWords.Marks, rank: Int) {
        for index in words.indices {
            if let run = marks.run[index] { references[index].append(Reference(rank: rank, run: run)) }
            if marks.isCommon[index] { isCommon[index] = true }
        }
    }

    /// The text with `<mark>` around single words and `<mark class="run">` around runs, from the first word to the last.
    ///
    /// Where runs with several sources overlap, the mark ends and starts again wherever the set of runs changes.
    ///
    /// - Parameter footnote: what follows a run, given the ranks of the sources that have it; empty for nothing.
    /// - Complexity: O(length).
    func html(footnote: (_ ranks: [Int]) -> String = { _ in "" }) -> String {
        var result = ""
        var end = text.unicodeScalars.startIndex
        var index = 0
        while index < words.count {
            var last = index
            let isRun = !references[index].isEmpty
            guard isRun || isCommon[index] else {
                index += 1
                continue
            }
            while isRun, last + 1 < words.count, references[last + 1] == references[index] { last += 1 }
            let range = words[index].range.lowerBound..<words[last].range.upperBound
            result += escaped(end..<range.lowerBound)
            result += isRun ? "<mark class=\"run\">" : "<mark>"
            result += escaped(range) + "</mark>"
            if isRun { result += footnote(references[index].map(\.rank)) }
            (end, index) = (range.upperBound, last + 1)
        }
        return result + escaped(end..<text.unicodeScalars.endIndex)
    }

    private func escaped(_ range: Range<String.Index>) -> String {
        Markup.escape(String(text.unicodeScalars[range]))
    }
}
