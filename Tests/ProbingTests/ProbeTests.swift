import Kernels
import Probing
import Testing

@Suite struct ProbeTests {
    private let data = Labelled(count: 300, dimension: 11, classes: 4, seed: 1)

    private func probes() -> [any Probe] {
        var generator = SeededGenerator(seed: 2)
        let linear = LinearProbe(
            dimension: 11, classes: 4, parameters: (0..<4 * 12).map { _ in 0.5 * generator.normal() })
        return [linear, HiddenProbe(dimension: 11, classes: 4, hidden: 6, seed: 3)]
    }

    @Test func `gradients are the loss' finite differences`() throws {
        for probe in probes() {
            let row = data.rows.rows(5..<6)
            let labels = [data.labels[5]]
            let factors = try probe.gradientFactors(row.elements.span, labels: labels.span)
            let gradient = factors.materialized(embeddings: row).elements
            #expect(gradient.count == probe.parameterCount)
            for index in probe.parameters.indices {
                let step: Float = 0.01
                var shifted = probe
                shifted.parameters[index] = probe.parameters[index] + step
                let above = try shifted.loss(row.elements.span, labels: labels.span).mean
                shifted.parameters[index] = probe.parameters[index] - step
                let below = try shifted.loss(row.elements.span, labels: labels.span).mean
                #expect(abs(Double(gradient[index]) - (above - below) / Double(2 * step)) < 2e-4)
            }
        }
    }

    @Test func `delta sums to zero and factors add up to the gradient`() throws {
        for probe in probes() {
            let factors = try probe.gradientFactors(data.rows.elements.span, labels: data.labels.span, workers: 2)
            let delta = factors.layers.last!.delta
            #expect((0..<delta.rows).allSatisfy { abs(delta.row($0).reduce(0, +)) < 1e-6 })
            var sum = [Float](repeating: 0, count: probe.parameterCount)
            factors.addSum(to: &sum, embeddings: data.rows.elements.span, dimension: 11)
            let all = factors.materialized(embeddings: data.rows)
            for index in sum.indices {
                let expected = (0..<all.rows).reduce(0.0) { $0 + Double(all[$1, index]) }
                #expect(abs(Double(sum[index]) - expected) < 1e-3)
            }
        }
    }

    @Test func `blocks, workers and extraction change no bit`() throws {
        for probe in probes() {
            let whole = try probe.gradientFactors(data.rows.elements.span, labels: data.labels.span)
            let part = try probe.gradientFactors(
                data.rows.elements.span.extracting(37 * 11..<90 * 11), labels: data.labels.span.extracting(37..<90),
                workers: 2)
            #expect(whole.extracting(37..<90) == part)
            #expect(
                probe.logits(data.rows.elements.span, count: 300).rows(4..<5)
                    == probe.logits(data.rows.elements.span.extracting(44..<55), count: 1))
        }
    }

    @Test func `training reaches the stationary point of the regularised loss`() throws {
        var probe = LinearProbe(dimension: 11, classes: 4)
        let training = ProbeTraining(
            l2: 1e-2, optimizer: LBFGS(iterations: 300, gradientTolerance: 1e-6, valueTolerance: 0))
        let report = try probe.train(sample: data.rows, labels: data.labels, training)
        #expect(report.gradientNorm < 5e-5)
        #expect(report.accuracy > 0.8 && report.loss < 0.7)
        var gradient = [Float](repeating: 0, count: probe.parameterCount)
        try probe.gradientFactors(data.rows.elements.span, labels: data.labels.span).addSum(
            to: &gradient, embeddings: data.rows.elements.span, dimension: 11)
        for index in gradient.indices { #expect(abs(gradient[index] / 300 + 0.01 * probe.parameters[index]) < 5e-5) }
    }

    @Test func `a hidden probe learns what a linear one cannot`() throws {
        // The label is whether two coordinates have one sign.
        var generator = SeededGenerator(seed: 9)
        let rows = Matrix(rows: 800, columns: 2, elements: (0..<1600).map { _ in generator.normal() })
        let labels = (0..<800).map { UInt32(rows[$0, 0] * rows[$0, 1] > 0 ? 1 : 0) }
        var linear = LinearProbe(dimension: 2, classes: 2)
        var hidden = HiddenProbe(dimension: 2, classes: 2, hidden: 8, seed: 4)
        let training = ProbeTraining(l2: 1e-5)
        #expect(try linear.train(sample: rows, labels: labels, training).accuracy < 0.7)
        let report = try hidden.train(sample: rows, labels: labels, training)
        #expect(report.accuracy > 0.95, "\(report)")
    }

    @Test func `training does not depend on the workers, and its record restores the probe`() throws {
        for workers in [1, 3] {
            var one = LinearProbe(dimension: 20, classes: 5)
            var other = one
            let many = Labelled(count: 3000, dimension: 20, classes: 5, seed: 7)
            let report = try one.train(sample: many.rows, labels: many.labels, workers: 1)
            #expect(try other.train(sample: many.rows, labels: many.labels, workers: workers) == report)
            #expect(one == other && report.converged)
            #expect(ProbeRecord(one, report: report).probe as? LinearProbe == one)
        }
        let report = TrainingReport(
            loss: 0, accuracy: 0, iterations: 0, evaluations: 0, converged: true, gradientNorm: 0)
        let hidden = HiddenProbe(dimension: 3, classes: 2, hidden: 4, seed: 1)
        #expect(ProbeRecord(hidden, report: report).probe as? HiddenProbe == hidden)
        #expect(
            ProbeRecord(kind: .linear, dimension: 3, classes: 2, hidden: 0, parameters: [1], report: report).probe
                == nil)
    }

    @Test func `impossible input is refused`() {
        var probe = LinearProbe(dimension: 3, classes: 2)
        let rows = Matrix(rows: 4, columns: 3)
        #expect(throws: ProbingError.labelOutOfRange(row: 2, label: 2, classes: 2)) {
            try probe.train(sample: rows, labels: [0, 1, 2, 0])
        }
        #expect(throws: ProbingError.labelCount(rows: 4, labels: 3)) {
            try probe.train(sample: rows, labels: [0, 1, 0])
        }
        #expect(throws: ProbingError.noRows) { try probe.train(sample: Matrix(rows: 0, columns: 3), labels: []) }
        #expect(throws: ProbingError.dimensionMismatch(expected: 3, found: 5)) {
            try probe.gradientFactors(Matrix(rows: 2, columns: 5).elements.span, labels: ([0, 1] as [UInt32]).span)
        }
        #expect(throws: ProbingError.notFinite(iteration: 0)) {
            try probe.train(sample: Matrix(rows: 2, columns: 3, repeating: .nan), labels: [0, 1])
        }
        var single = LinearProbe(dimension: 3, classes: 1)
        #expect(throws: ProbingError.tooFewClasses(1)) { try single.train(sample: rows, labels: [0, 0, 0, 0]) }
    }
}
