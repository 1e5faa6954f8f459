internal import Kernels

/// A sparse matrix `[texts × tokens]` that turns rows of tokens into weighted sums of texts.
struct TokenSums: Sendable {
    let starts: [Int]
    let tokens: [Int32]
    private(set) var weights: [Float]

    /// √n·w for a token of weight w that comes n times.
    init(_ texts: TextRegression.Texts, weights: [Double]) {
        starts = texts.starts
        tokens = texts.tokens
        self.weights = zip(texts.tokens, texts.roots).map { Float(Double($1) * weights[Int($0)]) }
    }

    var count: Int { starts.count - 1 }

    /// Each row divided by its length; rows of length 0 are emptied of weight.
    func divided(by lengths: [Double]) -> TokenSums {
        var result = self
        for text in 0..<count {
            let scale = lengths[text] > 0 ? 1 / lengths[text] : 0
            for index in starts[text]..<starts[text + 1] {
                result.weights[index] = Float(Double(weights[index]) * scale)
            }
        }
        return result
    }

    /// The texts' sums, `[texts × rows.columns]`, added up in double precision.
    func applied(to rows: Matrix, workers: Int) -> Matrix {
        var result = Matrix(rows: count, columns: rows.columns)
        var output = result.elements.mutableSpan
        Parallel.fill(&output, width: rows.columns, count: count, blockSize: 256, workers: workers) { texts, part in
            var sum = [Double](repeating: 0, count: rows.columns)
            for text in texts {
                for column in sum.indices { sum[column] = 0 }
                for index in starts[text]..<starts[text + 1] {
                    let start = Int(tokens[index]) * rows.columns
                    let weight = Double(weights[index])
                    for column in sum.indices { sum[column] += weight * Double(rows.elements[start + column]) }
                }
                let offset = (text - texts.lowerBound) * rows.columns
                for column in sum.indices { part[offset + column] = Float(sum[column]) }
            }
        }
        return result
    }
}
