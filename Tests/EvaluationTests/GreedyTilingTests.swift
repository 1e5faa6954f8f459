import Evaluation
import Kernels
import Testing

@Suite struct GreedyTilingTests {
    /// The definition: look for the longest common run of free elements again and again.
    private func naiveRuns(_ first: [Int], _ second: [Int], minimum: Int) -> [SharedRun] {
        var freeFirst = first.map { _ in true }
        var freeSecond = second.map { _ in true }
        var tiles: [SharedRun] = []
        while true {
            var best = SharedRun(first: 0, second: 0, length: 0)
            for start in first.indices {
                for other in second.indices {
                    var length = 0
                    while start + length < first.count, other + length < second.count,
                        first[start + length] == second[other + length], freeFirst[start + length],
                        freeSecond[other + length]
                    {
                        length += 1
                    }
                    if length > best.length { best = SharedRun(first: start, second: other, length: length) }
                }
            }
            guard best.length >= minimum else { return tiles }
            tiles.append(best)
            for offset in 0..<best.length {
                freeFirst[best.first + offset] = false
                freeSecond[best.second + offset] = false
            }
        }
    }

    @Test func agreesWithTheDefinitionOverSmallAlphabets() {
        var generator = SeededGenerator(seed: 3)
        for trial in 0..<600 {
            let letters = 1 + trial % 4
            let first = (0..<generator.integer(below: 24)).map { _ in generator.integer(below: letters) }
            let second = (0..<generator.integer(below: 24)).map { _ in generator.integer(below: letters) }
            let minimum = 1 + generator.integer(below: 3)
            let expected = naiveRuns(first, second, minimum: minimum)
            #expect(GreedyTiling.runs(first, second, minimum: minimum) == expected, "\(first) \(second) \(minimum)")
        }
    }

    @Test func longestRunGoesFirst() {
        let tiles = GreedyTiling.runs([1, 2, 3, 9, 1, 2, 3, 4], [1, 2, 3, 4, 8, 1, 2, 3], minimum: 3)
        #expect(
            tiles == [SharedRun(first: 4, second: 0, length: 4), SharedRun(first: 0, second: 5, length: 3)])
    }

    @Test func equalTextsAtTheLimitTakeOneRun() {
        let words = [Int](repeating: 7, count: 2_000)
        #expect(
            GreedyTiling.runs(words, words, minimum: 3) == [SharedRun(first: 0, second: 0, length: 2_000)])
    }
}
