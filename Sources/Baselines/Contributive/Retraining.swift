internal import Kernels
package import Probing

/// Trains the same probe again and again on parts of a corpus, clusters and labels as they are: the truth that
/// contributive methods are measured by.
struct Retraining: Sendable {
    let corpus: LabelledRows
    let outputs: LabelledRows
    let training: ProbeTraining
    /// Trained on the whole corpus, and where training on a part starts from.
    let full: LinearProbe

    init(
        corpus: LabelledRows, outputs: LabelledRows, classes: Int, training: ProbeTraining, workers: Int
    ) throws(BaselineError) {
        guard corpus.count > 0, outputs.count > 0 else { throw .noRows }
        try corpus.validate(dimension: corpus.dimension, classes: classes)
        try outputs.validate(dimension: corpus.dimension, classes: classes)
        self.corpus = corpus
        self.outputs = outputs
        self.training = training
        full = try .trained(on: corpus, classes: classes, training, workers: workers)
    }

    /// The losses of the chosen outputs after training on some rows, on this thread.
    ///
    /// - Returns: one loss an output, and the greatest absolute component of the objective's gradient at the end.
    func losses(
        of chosen: Range<Int>, trainedOn rows: [Int]
    ) throws(BaselineError) -> (losses: [Double], gradientNorm: Double) {
        var probe = full
        let part = corpus.rows(rows)
        let report = try probing { () throws(ProbingError) in
            try probe.train(sample: part.embeddings, labels: part.labels, training, workers: 1)
        }
        return (probe.losses(outputs.rows(chosen)), report.gradientNorm)
    }
}

extension LinearProbe {
    /// The cross entropy of each row's label, in nats, in double precision.
    func losses(_ rows: LabelledRows) -> [Double] {
        let logits = logits(rows.embeddings.elements.span, count: rows.count)
        return (0..<rows.count).map { row in
            let z = logits.row(row).map(Double.init)
            let greatest = z.max()!
            return greatest + logarithm(z.reduce(0) { $0 + exponential($1 - greatest) }) - z[Int(rows.labels[row])]
        }
    }
}

extension ProbeTraining {
    /// Until rounding hides further progress: what is left of an unfinished training must be small beside what a few rows
    /// change.
    package static var thorough: ProbeTraining {
        ProbeTraining(optimizer: LBFGS(iterations: 1000, gradientTolerance: 1e-6, valueTolerance: 0))
    }
}
