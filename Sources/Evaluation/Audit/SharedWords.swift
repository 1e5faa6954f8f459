/// What the words of two texts have in common.
struct SharedWords {
    /// Words in common: those of a run, and single ones that mean something.
    ///
    /// A word outside a run is in common when both texts have it anywhere, it has three letters at least and is not weak.
    struct Marks {
        /// For each word of the text, the number of the run it is in, from 0.
        var run: [Int?]
        var isCommon: [Bool]
    }

    let output: Marks
    let source: Marks
    /// Words of the longest run; 0 without one.
    let longest: Int

    /// Words in a run, at least.
    static let minimumRun = 3
    /// Words of a text that are compared; bounds the time for one pair to this squared.
    static let wordLimit = 2_000

    /// - Parameter weak: lower-cased words too frequent to mean anything alone.
    /// - Complexity: O(n · m) for n and m words when all are equal, close to O(n + m) for prose.
    init(output: TextWords, source: TextWords, weak: Set<String>) {
        var numbers: [String: Int] = [:]
        let number = { (word: TextWords.Word) in
            if let known = numbers[word.key] { return known }
            numbers[word.key] = numbers.count
            return numbers.count - 1
        }
        let (first, second) = (output.words.map(number), source.words.map(number))
        let tiles = GreedyTiling.runs(first, second, minimum: Self.minimumRun)
        let common = Set(first).intersection(second)
        func marks(_ text: TextWords, _ numbers: [Int], _ start: (SharedRun) -> Int) -> Marks {
            var run = [Int?](repeating: nil, count: numbers.count)
            for (index, tile) in tiles.enumerated() {
                for offset in 0..<tile.length { run[start(tile) + offset] = index }
            }
            let isCommon = zip(text.words, numbers).map { word, number in
                common.contains(number) && word.key.count >= 3 && !weak.contains(word.key)
            }
            return Marks(run: run, isCommon: isCommon)
        }
        self.output = marks(output, first, \.first)
        self.source = marks(source, second, \.second)
        longest = tiles.first?.length ?? 0
    }
}
