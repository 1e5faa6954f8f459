/// Merges ranked lists by their ranks alone: a row's score is the sum of 1 / (k + rank) over the lists that have it, ranks
/// from 1.
///
/// Source: Cormack, Clarke & Büttcher, "Reciprocal rank fusion outperforms Condorcet and individual rank learning methods",
/// SIGIR 2009.
package enum ReciprocalRankFusion {
    /// - Parameters:
    ///   - rankings: rows, best first; each at most once in a list.
    ///   - offset: k.
    /// - Returns: the `count` best rows, best first; of equal scores the smaller row first.
    package static func fuse(_ rankings: [[Int]], offset: Double = 60, count: Int) -> [Neighbor] {
        var scores: [Int: Double] = [:]
        for ranking in rankings {
            for (rank, row) in ranking.enumerated() { scores[row, default: 0] += 1 / (offset + Double(rank + 1)) }
        }
        let order = scores.sorted { $0.value != $1.value ? $0.value > $1.value : $0.key < $1.key }
        return order.prefix(count).map { Neighbor(row: $0.key, score: Float($0.value)) }
    }
}
