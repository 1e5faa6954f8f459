import Baselines
import Foundation
import Kernels
import Testing
import VectorIndex

@Suite struct TraceMethodTests {
    /// The loss written out, in double precision.
    private func naiveLoss(_ weights: [Double], outputs: Int, _ rows: Matrix, sources: [Int], _ temperature: Double)
        -> Double
    {
        let unit = (0..<rows.rows).map { row in
            let x = rows.row(row).map(Double.init)
            let u = (0..<outputs).map { inner(Array(weights[$0 * x.count..<($0 + 1) * x.count]), x) }
            return u.map { $0 / inner(u, u).squareRoot() }
        }
        var losses: [Double] = []
        for anchor in unit.indices {
            let others = unit.indices.filter { $0 != anchor }
            let positives = others.filter { sources[$0] == sources[anchor] }
            guard !positives.isEmpty else { continue }
            let sum = others.reduce(0) { $0 + exp(inner(unit[anchor], unit[$1]) / temperature) }
            losses.append(
                positives.reduce(0) { $0 - log(exp(inner(unit[anchor], unit[$1]) / temperature) / sum) }
                    / Double(positives.count))
        }
        return losses.reduce(0, +) / Double(losses.count)
    }

    @Test func `the loss is NT-Xent, and its gradient what differences say`() {
        let rows = labelledSample(9, dimension: 4, classes: 3, seed: 3).embeddings
        // Source 5 has one row alone: an anchor without positives.
        let sources = [0, 1, 0, 2, 1, 0, 5, 2, 1]
        let head = ContrastiveHead(dimension: 4, outputs: 3, seed: 8)
        let (value, gradient) = head.loss(rows, sources: sources, temperature: 0.3, workers: 2)
        let weights = head.weights.elements.map(Double.init)
        #expect(abs(value - naiveLoss(weights, outputs: 3, rows, sources: sources, 0.3)) < 1e-5)
        let step = 1e-6
        let differences = weights.indices.map { index in
            var (up, down) = (weights, weights)
            up[index] += step
            down[index] -= step
            return
                (naiveLoss(up, outputs: 3, rows, sources: sources, 0.3)
                - naiveLoss(down, outputs: 3, rows, sources: sources, 0.3)) / (2 * step)
        }
        #expect(relativeError([gradient.elements.map(Double.init)], [differences]) < 1e-4)
    }

    @Test func `Adam takes the steps of the paper`() {
        var optimizer = Adam(rate: 0.1, parameters: 2)
        var parameters: [Float] = [1, -2]
        var (first, second) = ([0.0, 0.0], [0.0, 0.0])
        var expected = [1.0, -2.0]
        for (t, gradient) in [[0.5, -3], [0.25, 2], [-1, 0.1]].enumerated() {
            optimizer.step(&parameters, gradient.map { Float($0) })
            for i in 0..<2 {
                first[i] = 0.9 * first[i] + 0.1 * gradient[i]
                second[i] = 0.999 * second[i] + 0.001 * gradient[i] * gradient[i]
                let m = first[i] / (1 - pow(0.9, Double(t + 1)))
                expected[i] -= 0.1 * m / ((second[i] / (1 - pow(0.999, Double(t + 1)))).squareRoot() + 1e-8)
            }
        }
        for i in 0..<2 { #expect(abs(Double(parameters[i]) - expected[i]) < 1e-4) }
    }

    /// Two coordinates tell rows apart; the other six are noise that differs between a row and its views.
    private func noisy(_ row: Int, _ generator: inout SeededGenerator) -> [Float] {
        let angle = 2 * Float.pi * Float(row) / 40
        return [cos(angle), sin(angle)] + (0..<6).map { _ in 1.5 * generator.normal() }
    }

    @Test func `training finds what a row and its views have in common`() throws {
        var generator = SeededGenerator(seed: 5)
        func rows(_ numbers: [Int]) -> Matrix {
            Matrix(rows: numbers.count, columns: 8, elements: numbers.flatMap { noisy($0, &generator) })
        }
        let numbers = Array(0..<40)
        let corpus = LabelledRows(embeddings: rows(numbers), labels: numbers.map { _ in 0 })
        let rowOf = (0..<10).flatMap { _ in numbers }
        let views = TraceViews(embeddings: rows(rowOf), rowOf: rowOf)
        let outputs = LabelledRows(embeddings: rows(numbers), labels: corpus.labels)
        func meanDistance(_ method: some AttributionMethod) throws -> Double {
            let ranked = try method.rank(outputs, count: 1, workers: 1)
            return zip(numbers, ranked).reduce(0) { sum, pair in
                let distance = abs(pair.0 - pair.1[0].row)
                return sum + Double(min(distance, 40 - distance)) / 40
            }
        }
        let settings = TraceMethod.Settings(temperature: 0.2, epochs: 60, batch: 20, rate: 0.02, seed: 1)
        let trained = try TraceMethod(corpus: corpus, views: views, settings: settings, workers: 1)
        let losses = trained.losses
        #expect(losses.count == 60 && losses.last! < losses.first! - 0.2)
        // 10 would be chance.
        let (before, after) = (try meanDistance(SimilarityMethod(corpus: corpus)), try meanDistance(trained))
        #expect(after < before / 2, "\(before) \(after)")
        let again = try TraceMethod(corpus: corpus, views: views, settings: settings, workers: 2)
        #expect(again.state == trained.state)
    }

    @Test func `nearest rows vote for their sources`() throws {
        let corpus = LabelledRows(
            embeddings: Matrix(rows: 4, columns: 2, elements: [1, 0, 0.8, 0.6, 0.6, 0.8, 0, 1]), labels: [0, 0, 0, 0])
        let output = LabelledRows(embeddings: Matrix(rows: 1, columns: 2, elements: [1, 0]), labels: [0])
        let settings = TraceMethod.Settings(temperature: 0.5, epochs: 0, voters: 3)
        let method = try TraceMethod(corpus: corpus, sources: [7, 9, 9, 9], settings: settings, workers: 1)
        // Cosines 1, 0.8, 0.6, 0; three vote. Two rows of source 9 outvote the nearest one.
        let weights = [1, 0.8, 0.6].map { exp($0 / 0.5) }
        let total = weights.reduce(0, +)
        let ranked = try method.rank(output, count: 5, workers: 1)[0]
        #expect(ranked.map(\.row) == [1, 0])
        #expect(abs(Double(ranked[0].score) - (weights[1] + weights[2]) / total) < 1e-5)
        #expect(abs(Double(ranked[1].score) - weights[0] / total) < 1e-5)
        let hard = try TraceMethod(corpus: corpus, settings: .init(epochs: 0), workers: 1)
        #expect(try hard.rank(output, count: 2, workers: 1)[0].map(\.row) == [0, 1])
        #expect((hard.name, method.name) == ("trace", "trace_soft"))
    }

    @Test func `views of rows that are not there are refused`() throws {
        let fixture = try Fixture()
        let views = TraceViews(embeddings: Matrix(rows: 2, columns: 5), rowOf: [3, 90])
        #expect(throws: BaselineError.viewOutOfRange(view: 1, row: 90, rows: 90)) {
            try TraceMethod(corpus: fixture.corpus, views: views, workers: 1)
        }
    }
}
