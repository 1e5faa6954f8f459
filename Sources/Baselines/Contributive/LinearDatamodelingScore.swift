internal import Kernels
package import Probing
internal import Synchronization

/// How well a method foretells the losses of probes trained on random parts of a corpus.
package struct LinearDatamodelingScore: Sendable, Hashable, Codable {
    /// The method's.
    package let name: String
    /// Over the outputs.
    package let correlation: Interval
    /// Spearman's correlation for each output.
    package let perOutput: [Double]
}

/// Probes trained on random parts of a corpus, and the losses of held-out outputs under each.
///
/// The linear datamodeling score of a method is, for each output, the rank correlation over the parts of the sum of its
/// scores over the part's rows with minus the loss after training on that part; then the mean over the outputs.
///
/// Source: Park et al., 2023, arXiv 2303.14186, definition 2.3. There the margin is foretold, here the loss, which ranks
/// the parts in the opposite order; and one training is enough for a part, since a linear probe has one optimum.
package struct SubsetExperiment: Sendable {
    package struct Settings: Sendable, Hashable {
        package var subsets: Int
        /// The share of the corpus in each part.
        package var share: Double
        package var training: ProbeTraining
        package var seed: UInt64

        package init(
            subsets: Int = 100, share: Double = 0.5, training: ProbeTraining = .thorough, seed: UInt64 = 0
        ) {
            precondition(subsets > 1 && share > 0 && share < 1)
            self.subsets = subsets
            self.share = share
            self.training = training
            self.seed = seed
        }
    }

    /// The rows of each part, rising.
    package let subsets: [[Int]]
    /// For each part the loss of each output, in nats.
    package let losses: [[Double]]
    /// Trained on the whole corpus: what methods are to be prepared with.
    package let probe: LinearProbe
    /// The greatest absolute component of an objective's gradient at the end of a training: how far the truth is from
    /// the optimum. Rounding leaves about 10⁻⁵.
    package let gradientNorm: Double
    private let outputs: LabelledRows
    private let rowCount: Int
    private let seed: UInt64

    /// - Parameters:
    ///   - corpus: use a sample of a large one: every part is held in memory and trained on.
    ///   - outputs: not in the corpus.
    ///   - progress: called after each training, on any thread.
    /// - Throws: `noRows`, `wrongDimension`, `labelOutOfRange`, `notFinite`, `probing`.
    package init(
        corpus: LabelledRows, outputs: LabelledRows, classes: Int, settings: Settings = Settings(), workers: Int,
        progress: @Sendable (_ done: Int, _ of: Int) -> Void = { _, _ in }
    ) throws(BaselineError) {
        let retraining = try Retraining(
            corpus: corpus, outputs: outputs, classes: classes, training: settings.training, workers: workers)
        let count = max(1, Int((Double(corpus.count) * settings.share).rounded()))
        let subsets = (0..<settings.subsets).map { subset in
            var generator = SeededGenerator(seed: settings.seed, stream: UInt64(0x1d5_0000 + subset))
            return generator.sample(count, below: corpus.count)
        }
        let done = Atomic(0)
        let parts = Parallel.map(count: subsets.count, blockSize: 1, workers: workers) { block in
            Result { () throws(BaselineError) in
                defer { progress(done.wrappingAdd(1, ordering: .relaxed).newValue, subsets.count) }
                return try retraining.losses(of: 0..<outputs.count, trainedOn: subsets[block.lowerBound])
            }
        }
        var losses: [[Double]] = []
        var gradientNorm = 0.0
        for part in parts {
            let (values, norm) = try part.get()
            losses.append(values)
            gradientNorm = max(gradientNorm, norm)
        }
        self.subsets = subsets
        self.losses = losses
        self.gradientNorm = gradientNorm
        self.outputs = outputs
        probe = retraining.full
        rowCount = corpus.count
        seed = settings.seed
    }

    /// - Parameter method: prepared with this corpus.
    /// - Throws: what the method throws.
    /// - Complexity: that of scoring every row for every output, and subsets · outputs · rows additions.
    package func score(
        _ method: some AttributionMethod, workers: Int
    ) throws(BaselineError) -> LinearDatamodelingScore {
        precondition(method.rowCount == rowCount, "the method was prepared with another corpus")
        let predictions = try sums(method, workers: workers)
        let correlations = (0..<outputs.count).map { output in
            RankCorrelation.spearman(predictions[output], losses.map { -$0[output] })
        }
        return LinearDatamodelingScore(
            name: method.name, correlation: Interval(of: correlations, seed: seed), perOutput: correlations)
    }

    /// For each output the sums of its scores over each part's rows.
    private func sums(_ method: some AttributionMethod, workers: Int) throws(BaselineError) -> [[Double]] {
        var sums = [[Double]](repeating: [Double](repeating: 0, count: subsets.count), count: outputs.count)
        let query = try method.prepare(outputs, workers: workers)
        var next = [Int](repeating: 0, count: subsets.count)
        method.forEachTile(query) { rows, scores in
            for (index, subset) in subsets.enumerated() {
                let start = next[index]
                while next[index] < subset.count, subset[next[index]] < rows.upperBound { next[index] += 1 }
                for output in 0..<outputs.count {
                    var sum = 0.0
                    for row in subset[start..<next[index]] { sum += Double(scores[output, row - rows.lowerBound]) }
                    sums[output][index] += sum
                }
            }
        }
        return sums
    }
}
