extension StaticTable {
    /// What a token weighs that comes n times in a text.
    enum Repeats: String, CaseIterable, Sendable {
        /// n, as in model2vec.
        case sum
        /// √n: a word that a long text comes back to says less each time it comes.
        case squareRoot = "square_root"
    }

    /// Writes the sum of the distinct tokens' rows, each weighted by the root of its count, into `totals`.
    ///
    /// Tokens of one count are added up first, so that sums of integers stay exact; then the counts' sums, by rising count.
    ///
    /// - Returns: the weights' sum.
    /// - Complexity: ids · (dimension + log ids).
    func sumWithRoots(_ ids: [Int32], _ scratch: inout Scratch) -> Double {
        let ids = ids.sorted()
        var repeated: [(count: Int, id: Int32)] = []
        scratch.tokens.removeAll(keepingCapacity: true)
        var start = 0
        while start < ids.count {
            var end = start + 1
            while end < ids.count, ids[end] == ids[start] { end += 1 }
            if end - start == 1 {
                scratch.tokens.append(ids[start])
            } else {
                repeated.append((end - start, ids[start]))
            }
            start = end
        }
        var tokens = scratch.tokens
        var weight = sum(tokens, &scratch)
        guard !repeated.isEmpty else { return weight }
        repeated.sort { ($0.count, $0.id) < ($1.count, $1.id) }
        for column in 0..<dimension { scratch.repeats[column] = scratch.totals[column] }
        start = 0
        while start < repeated.count {
            let count = repeated[start].count
            tokens.removeAll(keepingCapacity: true)
            while start < repeated.count, repeated[start].count == count {
                tokens.append(repeated[start].id)
                start += 1
            }
            let root = Double(count).squareRoot()
            weight += root * sum(tokens, &scratch)
            for column in 0..<dimension { scratch.repeats[column] += root * scratch.totals[column] }
        }
        swap(&scratch.totals, &scratch.repeats)
        return weight
    }
}
