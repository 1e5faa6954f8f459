internal import Kernels

extension TransformerEmbedder {
    /// The words of the vocabulary whose input embeddings are nearest to a word's own, by cosine after the vocabulary's
    /// mean is taken off: inflections, synonyms, and words of the same kind.
    ///
    /// - Complexity: O(words · vocabulary · dimension) operations, in blocks.
    package func similarWords(to words: [String], count: Int) -> [String: [String]] {
        let (ids, names) = wholeWords
        guard !ids.isEmpty, count > 0 else { return [:] }
        let table = centredEmbeddings(of: ids)
        let rows = Dictionary(zip(names, names.indices), uniquingKeysWith: { first, _ in first })
        let known = Set(words).filter { rows[$0] != nil }.sorted()
        var result: [String: [String]] = [:]
        for start in stride(from: 0, to: known.count, by: 128) {
            let block = known[start..<min(known.count, start + 128)].map { rows[$0]! }
            let queries = Matrix(
                rows: block.count, columns: dimension, elements: block.flatMap { table.row($0) })
            let cosines = queries.multipliedByTranspose(of: table)
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

    /// Pieces of the vocabulary that are words of two letters or more.
    private var wholeWords: (ids: [Int], names: [String]) {
        var ids: [Int] = []
        var names: [String] = []
        for id in 0..<tokenizer.vocabularySize {
            let name = String(decoding: tokenizer.piece(Int32(id)), as: UTF8.self)
            guard name.count >= 2, name.allSatisfy(\.isLetter) else { continue }
            ids.append(id)
            names.append(name)
        }
        return (ids, names)
    }

    private func centredEmbeddings(of ids: [Int]) -> Matrix {
        let words = model.embeddings.words
        var table = Matrix(rows: ids.count, columns: dimension)
        var mean = [Double](repeating: 0, count: dimension)
        for id in ids {
            for column in 0..<dimension { mean[column] += Double(words[id * dimension + column]) }
        }
        for column in 0..<dimension { mean[column] /= Double(ids.count) }
        for (row, id) in ids.enumerated() {
            var square = 0.0
            for column in 0..<dimension {
                let value = Double(words[id * dimension + column]) - mean[column]
                table[row, column] = Float(value)
                square += value * value
            }
            let scale = square > 0 ? Float(1 / square.squareRoot()) : 0
            for column in 0..<dimension { table[row, column] *= scale }
        }
        return table
    }
}
