/// A run of equal elements in two lists.
package struct SharedRun: Hashable, Sendable {
    /// Where it starts.
    package let first: Int
    package let second: Int
    package let length: Int

    package init(first: Int, second: Int, length: Int) {
        (self.first, self.second, self.length) = (first, second, length)
    }
}

/// Greedy string tiling: covers two lists with runs that both have, longest first, no element twice.
///
/// By definition: take the longest run of elements that are equal in both lists and not taken yet (of equally long ones the
/// one that starts first in the first list, then in the second); take its elements; repeat until none of `minimum` is left.
///
/// Runs are found once, as the longest stretches of equal pairs along each diagonal, and kept by length. One whose elements
/// are partly taken by the time its length comes up falls into shorter ones that do come up later, so the order is that of
/// the definition without another search.
///
/// Source: Wise, "String similarity via greedy string tiling and running Karp–Rabin matching", University of Sydney, 1993;
/// the order of equally long runs is ours.
package enum GreedyTiling {
    /// - Returns: in the order they were taken.
    /// - Complexity: O(n + m + equal pairs), n · m when all elements are equal, plus the pieces of overlapping runs.
    package static func runs(_ first: [Int], _ second: [Int], minimum: Int) -> [SharedRun] {
        precondition(minimum > 0, "a run has one element at least")
        var byLength = [[SharedRun]](repeating: [], count: min(first.count, second.count) + 1)
        guard byLength.count > minimum else { return [] }
        forEachMaximalRun(first, second) { if $0.length >= minimum { byLength[$0.length].append($0) } }
        var firstTaken = [Bool](repeating: false, count: first.count)
        var secondTaken = [Bool](repeating: false, count: second.count)
        var tiles: [SharedRun] = []
        for length in stride(from: byLength.count - 1, through: minimum, by: -1) {
            for run in byLength[length].sorted(by: { ($0.first, $0.second) < ($1.first, $1.second) }) {
                let isTaken = { firstTaken[run.first + $0] || secondTaken[run.second + $0] }
                guard (0..<length).first(where: isTaken) != nil else {
                    for offset in 0..<length {
                        firstTaken[run.first + offset] = true
                        secondTaken[run.second + offset] = true
                    }
                    tiles.append(run)
                    continue
                }
                for piece in (0..<length).split(whereSeparator: isTaken) where piece.count >= minimum {
                    let offset = piece.startIndex
                    byLength[piece.count].append(
                        SharedRun(first: run.first + offset, second: run.second + offset, length: piece.count))
                }
            }
            byLength[length] = []
        }
        return tiles
    }

    /// Calls `body` with each run of equal pairs that extends neither way.
    private static func forEachMaximalRun(_ first: [Int], _ second: [Int], _ body: (SharedRun) -> Void) {
        var places: [Int: [Int]] = [:]
        for (place, element) in second.enumerated() { places[element, default: []].append(place) }
        for (start, element) in first.enumerated() {
            for other in places[element] ?? [] where start == 0 || other == 0 || first[start - 1] != second[other - 1] {
                var length = 1
                while start + length < first.count, other + length < second.count,
                    first[start + length] == second[other + length]
                {
                    length += 1
                }
                body(SharedRun(first: start, second: other, length: length))
            }
        }
    }
}
