internal import Kernels
package import Probing
internal import Synchronization
internal import VectorIndex

/// How the loss on outputs rises as the rows that a method ranks first are taken away.
package struct RemovalCurve: Sendable, Hashable, Codable {
    package struct Point: Sendable, Hashable, Codable {
        package let removed: Int
        /// Of the output's loss, in nats, over the outputs.
        package let increase: Interval
    }

    package let name: String
    /// In the order of the counts asked for.
    package let points: [Point]
}

/// Removes the rows that methods rank first for each output, trains the probe again, and measures the output's loss: the
/// higher it rises, the more the rows contributed. Removing random rows is what to compare with.
package struct RemovalExperiment: Sendable {
    /// Trained on the whole corpus: what methods are to be prepared with.
    package let probe: LinearProbe
    /// The outputs' losses under it, in nats.
    package let losses: [Double]
    private let retraining: Retraining
    private let counts: [Int]
    private let seed: UInt64

    /// - Parameters:
    ///   - outputs: not in the corpus; one training for each, each count and each method.
    ///   - counts: how many rows are removed, each less than there are.
    /// - Throws: `noRows`, `wrongDimension`, `labelOutOfRange`, `notFinite`, `probing`.
    package init(
        corpus: LabelledRows, outputs: LabelledRows, classes: Int, counts: [Int],
        training: ProbeTraining = .thorough, seed: UInt64 = 0, workers: Int
    ) throws(BaselineError) {
        precondition(counts.allSatisfy { $0 > 0 && $0 < corpus.count }, "at least one row goes and one stays")
        retraining = try Retraining(
            corpus: corpus, outputs: outputs, classes: classes, training: training, workers: workers)
        probe = retraining.full
        losses = probe.losses(outputs)
        self.counts = counts
        self.seed = seed
    }

    /// - Parameter progress: called after each training, on any thread.
    /// - Throws: what the method throws, `probing`.
    package func curve(
        _ method: some AttributionMethod, workers: Int,
        progress: @Sendable (_ done: Int, _ of: Int) -> Void = { _, _ in }
    ) throws(BaselineError) -> RemovalCurve {
        precondition(method.rowCount == retraining.corpus.count, "the method was prepared with another corpus")
        let ranked = try method.rank(retraining.outputs, count: counts.max() ?? 0, workers: workers)
        let outputs = retraining.outputs.count
        let values = try increases(outputs * counts.count, workers: workers, progress) { index in
            let output = index % outputs
            return (output..<output + 1, Set(ranked[output].prefix(counts[index / outputs]).map(\.row)))
        }
        return curve(method.name, values.map { $0[0] })
    }

    /// The same for random rows: `draws` sets of rows for each count, and their mean for each output.
    package func randomCurve(
        draws: Int = 5, workers: Int, progress: @Sendable (_ done: Int, _ of: Int) -> Void = { _, _ in }
    ) throws(BaselineError) -> RemovalCurve {
        precondition(draws > 0)
        let (rows, outputs) = (retraining.corpus.count, retraining.outputs.count)
        let values = try increases(draws * counts.count, workers: workers, progress) { index in
            var generator = SeededGenerator(seed: seed, stream: UInt64(0x4a4d_0000 + index))
            return (0..<outputs, Set(generator.sample(counts[index / draws], below: rows)))
        }
        var means: [Double] = []
        for count in counts.indices {
            for output in 0..<outputs {
                let sum = values[count * draws..<(count + 1) * draws].reduce(0) { $0 + $1[output] }
                means.append(sum / Double(draws))
            }
        }
        return curve("random", means)
    }

    /// - Parameter values: by count, then by output.
    private func curve(_ name: String, _ values: [Double]) -> RemovalCurve {
        let outputs = retraining.outputs.count
        return RemovalCurve(
            name: name,
            points: counts.enumerated().map { index, count in
                let part = Array(values[index * outputs..<(index + 1) * outputs])
                return .init(removed: count, increase: Interval(of: part, seed: seed))
            })
    }

    /// Trains `count` times without the rows that `removal` gives.
    ///
    /// - Returns: the increases of the losses of the outputs that it gives.
    private func increases(
        _ count: Int, workers: Int, _ progress: @Sendable (_ done: Int, _ of: Int) -> Void,
        _ removal: @Sendable (_ index: Int) -> (outputs: Range<Int>, rows: Set<Int>)
    ) throws(BaselineError) -> [[Double]] {
        let done = Atomic(0)
        let parts = Parallel.map(count: count, blockSize: 1, workers: workers) { block in
            Result { () throws(BaselineError) in
                defer { progress(done.wrappingAdd(1, ordering: .relaxed).newValue, count) }
                let (outputs, removed) = removal(block.lowerBound)
                let kept = (0..<retraining.corpus.count).filter { !removed.contains($0) }
                let (after, _) = try retraining.losses(of: outputs, trainedOn: kept)
                return zip(after, losses[outputs]).map { $0 - $1 }
            }
        }
        var result: [[Double]] = []
        for part in parts { result.append(try part.get()) }
        return result
    }
}
