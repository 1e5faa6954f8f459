internal import Kernels
internal import Probing

/// Where the sources stand when all rows are ranked by inner products with the queries: by the embedding, by token
/// signatures of several dimensions, and by both, which is what a fingerprint with both blocks at weight 1 gives.
///
/// A rank is found by counting: the rows that score more than the query's best source.
struct RecallScan {
    /// Ranks from 0, one for each query.
    struct Ranks {
        /// Nothing without embeddings.
        var embedding: [Int]?
        /// By signature, in the order of the dimensions.
        var signature: [[Int]] = []
        /// Nothing without embeddings.
        var both: [[Int]] = []
    }

    let input: RecallInput
    let vectors: RecallVectors?
    let signatures: [TokenSignature]
    let workers: Int

    private static let blockRows = 8192
    private static let tileRows = 256
    private static let tileQueries = 50

    /// A score to beat and the row that has it.
    private struct Mark {
        var score = -Float.infinity
        var row = Int.max
    }

    func ranks(rows: Int) throws -> Ranks {
        let counts = TokenCounts(texts: input.queries.map(\.text))
        var queries = try signatures.map { try $0.signatures(counts, workers: workers) }
        if let vectors { queries.insert(try vectors.embeddings(ofQueries: input), at: 0) }
        let marks = try self.marks(queries)
        var totals = [Int](repeating: 0, count: marks.count)
        let ready = queries
        for start in stride(from: 0, to: rows, by: Self.blockRows) {
            let range = start..<min(rows, start + Self.blockRows)
            let blocks = try self.blocks(range, words: input.words(range))
            let parts = Parallel.map(count: input.queries.count, blockSize: Self.tileQueries, workers: workers) {
                count(ready, $0, blocks, first: start, marks)
            }
            for (index, count) in parts.flatMap(\.self).enumerated() { totals[index] += count }
        }
        let methods = self.methods
        func column(_ method: Int) -> [Int] { input.queries.indices.map { totals[$0 * methods + method] } }
        var ranks = Ranks()
        let first = vectors == nil ? 0 : 1
        if vectors != nil { ranks.embedding = column(0) }
        for index in signatures.indices {
            ranks.signature.append(column(first + index))
            if vectors != nil { ranks.both.append(column(first + signatures.count + index)) }
        }
        return ranks
    }

    /// Embedding, signatures, and each signature with the embedding.
    private var methods: Int { vectors == nil ? signatures.count : 1 + 2 * signatures.count }

    /// The vectors of rows: `[rows × dimension]` of the embedding, if there are any, and of each signature.
    private func blocks(_ rows: some Sequence<Int>, words: TokenCounts) throws -> [Matrix] {
        let hashed = try signatures.map { try $0.signatures(words, workers: workers) }
        guard let vectors else { return hashed }
        return [try vectors.embeddings(rows, of: input)] + hashed
    }

    /// The best source of each query by each method, `[queries × methods]`.
    private func marks(_ queries: [Matrix]) throws -> [Mark] {
        var marks = [Mark](repeating: Mark(), count: input.queries.count * methods)
        for (number, query) in input.queries.enumerated() {
            var words = TokenCounts()
            for row in query.sources { words.append(input.words.bag(row)) }
            let blocks = try self.blocks(query.sources, words: words)
            let scores = self.scores(queries, number..<number + 1, blocks, 0..<query.sources.count)
            for method in 0..<methods {
                for (place, row) in query.sources.enumerated() {
                    let score = scores[method][place]
                    let index = number * methods + method
                    if score > marks[index].score { marks[index] = Mark(score: score, row: row) }
                }
            }
        }
        return marks
    }

    /// How many rows of a block come before each query's best source, `[queries × methods]`.
    private func count(
        _ queries: [Matrix], _ range: Range<Int>, _ blocks: [Matrix], first: Int, _ marks: [Mark]
    ) -> [Int] {
        var counts = [Int](repeating: 0, count: range.count * methods)
        let rows = blocks[0].rows
        for start in stride(from: 0, to: rows, by: Self.tileRows) {
            let tile = start..<min(rows, start + Self.tileRows)
            let scores = self.scores(queries, range, blocks, tile)
            for method in 0..<methods {
                let tileScores = scores[method]
                for query in range {
                    let mark = marks[query * methods + method]
                    let begin = (query - range.lowerBound) * tile.count
                    var (above, equal) = (0, 0)
                    // Of equal scores the smaller row wins.
                    let smaller = max(0, min(tile.count, mark.row - first - tile.lowerBound))
                    for place in begin..<begin + tile.count { above += tileScores[place] > mark.score ? 1 : 0 }
                    for place in begin..<begin + smaller { equal += tileScores[place] == mark.score ? 1 : 0 }
                    counts[(query - range.lowerBound) * methods + method] += above + equal
                }
            }
        }
        return counts
    }

    /// For each method the scores `[queries × rows]`; a product's bits do not depend on the block it is computed in.
    private func scores(_ queries: [Matrix], _ range: Range<Int>, _ blocks: [Matrix], _ rows: Range<Int>) -> [[Float]] {
        var scores = zip(queries, blocks).map { queries, block in
            let width = block.columns
            var out = [Float](repeating: 0, count: range.count * rows.count)
            var span = out.mutableSpan
            blockDots(
                queries.elements.span.extracting(range.lowerBound * width..<range.upperBound * width),
                rows: range.count,
                block.elements.span.extracting(rows.lowerBound * width..<rows.upperBound * width), count: rows.count,
                dimension: width, into: &span)
            return out
        }
        guard vectors != nil else { return scores }
        for index in signatures.indices {
            var sum = scores[0]
            for place in sum.indices { sum[place] += scores[1 + index][place] }
            scores.append(sum)
        }
        return scores
    }
}
