internal import Kernels

/// The whole words of a vocabulary and how near their vectors are.
struct VocabularyNeighbours {
    private let names: [String]
    /// Row-major `[names.count × dimension]`: less their mean, at length 1.
    private let vectors: Matrix

    /// - Parameter vector: of a piece's id, `[dimension]`.
    init(_ tokenizer: WordPieceTokenizer, dimension: Int, vector: (Int) -> [Float]) {
        var names: [String] = []
        var rows: [[Float]] = []
        for id in 0..<tokenizer.vocabularySize {
            let name = String(decoding: tokenizer.piece(Int32(id)), as: UTF8.self)
            guard name.count >= 2, name.allSatisfy(\.isLetter) else { continue }
            names.append(name)
            rows.append(vector(id))
        }
        self.names = names
        vectors = Self.centred(rows, dimension: dimension)
    }

    private static func centred(_ rows: [[Float]], dimension: Int) -> Matrix {
        var result = Matrix(rows: rows.count, columns: dimension)
        var mean = [Double](repeating: 0, count: dimension)
        for row in rows {
            for column in 0..<dimension { mean[column] += Double(row[column]) }
        }
        for column in 0..<dimension { mean[column] /= Double(max(1, rows.count)) }
        for (index, row) in rows.enumerated() {
            var square = 0.0
            for column in 0..<dimension {
                let value = Double(row[column]) - mean[column]
                result[index, column] = Float(value)
                square += value * value
            }
            let scale = square > 0 ? Float(1 / square.squareRoot()) : 0
            for column in 0..<dimension { result[index, column] *= scale }
        }
        return result
    }

    /// For each of the words that is a whole piece, up to `count` others by falling cosine.
    ///
    /// - Complexity: O(words · vocabulary · dimension) operations, in blocks.
    func similarWords(to words: [String], count: Int) -> [String: [String]] {
        guard !names.isEmpty, count > 0 else { return [:] }
        let rows = Dictionary(zip(names, names.indices), uniquingKeysWith: { first, _ in first })
        let known = Set(words).filter { rows[$0] != nil }.sorted()
        var result: [String: [String]] = [:]
        for start in stride(from: 0, to: known.count, by: 128) {
            let block = known[start..<min(known.count, start + 128)].map { rows[$0]! }
            let queries = Matrix(
                rows: block.count, columns: vectors.columns, elements: block.flatMap { vectors.row($0) })
            let cosines = queries.multipliedByTranspose(of: vectors)
            for (position, row) in block.enumerated() {
                var best = TopCandidates(capacity: count + 1)
                let products = cosines.elements.span.extracting(cosines.range(ofRow: position))
                best.offer(dots: products, factor: -1, first: 0)
                let others = best.sorted.map { Int($0.row) }.filter { $0 != row }
                result[names[row]] = others.prefix(count).map { names[$0] }
            }
        }
        return result
    }
}
