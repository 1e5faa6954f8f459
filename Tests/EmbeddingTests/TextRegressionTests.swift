import Embedding
import Kernels
import Testing

/// Against a dense solution in double precision.
@Suite struct TextRegressionTests {
    private struct Problem {
        var outputs: Matrix
        var weights: [Double]
        var ids: [[Int32]]
        var embeddings: Matrix

        var texts: TextRegression.Texts {
            var texts = TextRegression.Texts()
            for ids in ids { texts.append(ids) }
            return texts
        }

        /// √n·w, `[texts][tokens]`.
        var sums: [[Double]] {
            ids.map { ids in
                weights.indices.map { token in
                    Double(ids.count { Int($0) == token }).squareRoot() * weights[token]
                }
            }
        }

        func regression(strength: Double = 5, workers: Int = 1) -> TextRegression? {
            TextRegression(
                outputs, weights: weights, texts: texts, embeddings: embeddings, strength: strength, workers: workers)
        }
    }

    /// Tokens repeat within texts; the last token is in none; the third text is empty.
    private func problem(tokens: Int = 23, texts: Int = 60, hidden: Int = 20) -> Problem {
        var generator = SeededGenerator(seed: 11)
        func matrix(_ rows: Int, _ shift: Float) -> Matrix {
            let values = (0..<rows * hidden).map { _ in generator.uniform() * 2 - 1 + shift }
            return Matrix(rows: rows, columns: hidden, elements: values)
        }
        var ids = (0..<texts).map { _ in
            (0..<Int.random(in: 1...9, using: &generator)).map { _ in
                Int32.random(in: 0..<Int32(tokens - 1), using: &generator)
            }
        }
        ids[2] = []
        ids[3] = [5, 5, 5, 5, 1]
        return Problem(
            outputs: matrix(tokens, 0), weights: (0..<tokens).map { _ in Double(generator.uniform()) + 0.1 }, ids: ids,
            embeddings: matrix(texts, 0.4))
    }

    private func product(_ sums: [Double], _ rows: Matrix, _ column: Int) -> Double {
        sums.indices.reduce(0) { $0 + sums[$1] * Double(rows[$1, column]) }
    }

    /// The definition, step by step: targets, lengths, scale, and Cholesky of the normal equations.
    private func dense(_ problem: Problem, strength: Double) throws -> (rows: [[Double]], cosine: Double) {
        let hidden = problem.outputs.columns
        let used = problem.ids.indices.filter { !problem.ids[$0].isEmpty }
        let mean = (0..<hidden).map { column in
            used.reduce(0) { $0 + Double(problem.embeddings[$1, column]) } / Double(used.count)
        }
        var (rows, targets, lengths): ([[Double]], [[Double]], [Double]) = ([], [], [])
        var cosine = 0.0
        for text in used {
            let row = problem.sums[text]
            let sum = (0..<hidden).map { product(row, problem.outputs, $0) }
            let length = sum.reduce(0) { $0 + $1 * $1 }.squareRoot()
            var target = (0..<hidden).map { Double(problem.embeddings[text, $0]) - mean[$0] }
            let size = target.reduce(0) { $0 + $1 * $1 }.squareRoot()
            target = target.map { $0 / size }
            cosine += zip(sum, target).reduce(0) { $0 + $1.0 * $1.1 } / length / Double(used.count)
            rows.append(row.map { $0 / length })
            targets.append(target)
            lengths.append(length)
        }
        let median = lengths.sorted()[lengths.count / 2]
        let ridge = strength / (median * median)
        let tokens = problem.outputs.rows
        var matrix = [Double](repeating: 0, count: tokens * tokens)
        for a in 0..<tokens {
            for b in 0..<tokens { matrix[a * tokens + b] = rows.reduce(a == b ? ridge : 0) { $0 + $1[a] * $1[b] } }
        }
        var right: [Double] = []
        for column in 0..<hidden {
            for token in 0..<tokens {
                right.append(
                    zip(rows, targets).reduce(ridge * cosine * Double(problem.outputs[token, column])) {
                        $0 + $1.0[token] * $1.1[column]
                    })
            }
        }
        try BLAS.solvePositiveDefinite(&matrix, &right, n: tokens, count: hidden)
        return ((0..<tokens).map { token in (0..<hidden).map { right[$0 * tokens + token] } }, cosine)
    }

    @Test(arguments: [0.5, 5, 200])
    func isTheDenseSolution(strength: Double) throws {
        let problem = problem()
        let found = try #require(problem.regression(strength: strength))
        let (expected, cosine) = try dense(problem, strength: strength)
        #expect(abs(found.cosines.before - cosine) < 1e-6)
        for token in expected.indices {
            for column in expected[token].indices {
                #expect(abs(Double(found.outputs[token, column]) - expected[token][column]) < 1e-3)
            }
        }
        // A token of no text is only scaled.
        let last = problem.outputs.rows - 1
        for column in 0..<problem.outputs.columns {
            #expect(found.outputs[last, column] == problem.outputs[last, column] * Float(found.cosines.before))
        }
    }

    @Test func lessStrengthFollowsTheTextsMore() throws {
        let problem = problem()
        let (weak, strong) = (try #require(problem.regression(strength: 500)), try #require(problem.regression()))
        #expect(strong.cosines.after > weak.cosines.after && weak.cosines.after > weak.cosines.before)
    }

    /// Texts made of other outputs than those that are given: sums of new texts come nearer to their embeddings.
    @Test func textsThatWereNotLearnedGainToo() throws {
        var whole = problem(texts: 300)
        let truth = problem().outputs
        for (text, row) in whole.sums.enumerated() {
            for column in 0..<truth.columns { whole.embeddings[text, column] = Float(product(row, truth, column)) }
        }
        whole.embeddings.scaleRows(to: 1)
        // The outputs at hand are half noise.
        var generator = SeededGenerator(seed: 5)
        whole.outputs = truth
        for index in truth.elements.indices { whole.outputs.elements[index] += (generator.uniform() * 2 - 1) }
        var learned = whole
        learned.ids = Array(whole.ids.prefix(200))
        learned.embeddings = Matrix(
            rows: 200, columns: truth.columns, elements: Array(whole.embeddings.elements.prefix(200 * truth.columns)))
        let found = try #require(learned.regression()).outputs
        func cosine(_ outputs: Matrix) -> Double {
            (200..<300).reduce(0) { total, text in
                let sum = (0..<truth.columns).map { Float(product(whole.sums[text], outputs, $0)) }
                return total + Fixtures.cosine(sum, whole.embeddings.row(text)) / 100
            }
        }
        #expect(cosine(found) > cosine(whole.outputs) + 0.1, "\(cosine(found)) and \(cosine(whole.outputs))")
    }

    @Test func lengthsAreTempered() throws {
        let problem = problem()
        let found = try #require(problem.regression())
        let tempered = found.outputs(temperedBy: problem.outputs)
        func length(_ vector: [Float]) -> Double {
            vector.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
        }
        for token in 0..<problem.outputs.rows {
            let (old, new) = (length(problem.outputs.row(token)), length(found.outputs.row(token)))
            #expect(abs(length(tempered.row(token)) - (old * new).squareRoot()) < 1e-5)
            #expect(Fixtures.cosine(tempered.row(token), found.outputs.row(token)) > 1 - 1e-6)
        }
        #expect(found.outputs(temperedBy: Matrix(rows: 23, columns: 20)).elements.allSatisfy { $0 == 0 })
    }

    @Test func sameBitsForAnyNumberOfWorkers() throws {
        let problem = problem(tokens: 40, texts: 600, hidden: 70)
        #expect(problem.regression(workers: 1)?.outputs == problem.regression(workers: 4)?.outputs)
    }

    @Test func nothingToLearnFrom() {
        var problem = problem()
        problem.ids = problem.ids.map { _ in [] }
        #expect(problem.regression() == nil)
    }
}
