import Baselines
import Clustering
import Foundation
import Kernels
import Probing
import TensorFiles
import Testing

private func environment(_ name: String) -> String? {
    ProcessInfo.processInfo.environment["GRADPRINT_BASELINE_\(name)"]
}

/// Measures methods on embeddings of one's own: `GRADPRINT_BASELINE_CORPUS` and `GRADPRINT_BASELINE_OUTPUTS` name two vector
/// files. `GRADPRINT_BASELINE_SETTINGS` may give subsets, outputs, classes, l2 and damping (l2 unless
/// given), separated by commas.
@Suite(.enabled(if: environment("CORPUS") != nil)) struct SlowContributiveTests {
    private struct Measurement {
        let corpus: LabelledRows
        let outputs: LabelledRows
        let subsets: Int
        let classes: Int
        let l2: Double
        let damping: Double
        let workers = ProcessInfo.processInfo.activeProcessorCount

        init() throws {
            BLAS.setThreads(1)
            let numbers = (environment("SETTINGS") ?? "").split(separator: ",").compactMap { Double($0) }
            subsets = numbers.count > 0 ? Int(numbers[0]) : 100
            classes = numbers.count > 2 ? Int(numbers[2]) : 10
            l2 = numbers.count > 3 ? numbers[3] : 1e-4
            damping = numbers.count > 4 ? numbers[4] : l2
            let wanted = numbers.count > 1 ? Int(numbers[1]) : 100
            let rows = try Self.read(try #require(environment("CORPUS")))
            let all = try Self.read(try #require(environment("OUTPUTS")))
            var generator = SeededGenerator(seed: 1)
            let chosen = generator.sample(wanted, below: all.rows)
            let sample = Matrix(
                rows: chosen.count, columns: all.columns, elements: chosen.flatMap { all.row($0) })
            let model = try KMeans.train(sample: rows, clusters: classes, seed: 1, iterations: 50, workers: workers)
            let assigner = CentroidAssigner(centroids: model.centroids)
            corpus = LabelledRows(embeddings: rows, labels: try assigner.assign(rows).labels)
            outputs = LabelledRows(embeddings: sample, labels: try assigner.assign(sample).labels)
        }

        static func read(_ path: String) throws -> Matrix {
            let file = try VectorFile(path: path)
            return Matrix(rows: file.rows, columns: file.dimension, elements: try file.read(rows: 0..<file.rows))
        }

        var training: ProbeTraining { ProbeTraining(l2: l2, optimizer: ProbeTraining.thorough.optimizer) }

        func influence(
            _ probe: LinearProbe, _ solver: CurvatureSettings.Solver, relative: Bool = false
        ) throws -> InfluenceMethod {
            try InfluenceMethod(
                corpus: corpus, probe: probe, settings: .init(curvature: .init(solver), isRelative: relative),
                workers: workers)
        }

        /// By name, made when asked for.
        func methods(_ probe: LinearProbe) -> [(name: String, make: () throws -> any AttributionMethod)] {
            let exact = CurvatureSettings(.exact(damping: damping))
            var result: [(name: String, make: () throws -> any AttributionMethod)] = [
                ("similarity", { try SimilarityMethod(corpus: corpus) }),
                ("gradient", { try GradientMethod(corpus: corpus, probe: probe, workers: workers) }),
                ("gradient products", { try influence(probe, .identity) }),
                ("exact", { try influence(probe, .exact(damping: damping)) }),
                ("relative", { try influence(probe, .exact(damping: damping), relative: true) }),
                (
                    "trak",
                    { try TrakMethod(corpus: corpus, classes: classes, settings: .init(l2: l2), workers: workers) }
                ),
                (
                    "dda",
                    {
                        try DebiasDenoiseMethod(
                            corpus: corpus, classes: classes, settings: .init(curvature: exact, l2: l2),
                            workers: workers)
                    }
                ),
            ]
            for iterations in [10, 50, 200, 1000, 5000] {
                let solver = CurvatureSettings.Solver.lissa(iterations: iterations, damping: damping)
                result.append(("LiSSA \(iterations)", { try influence(probe, solver) }))
            }
            return result
        }
    }

    /// At once, however long the rest takes.
    private func report(_ words: Any...) {
        let line = words.map { "\($0)" }.joined(separator: " ") + "\n"
        FileHandle.standardError.write(Data(line.utf8))
    }

    @Test func `linear datamodeling scores`() throws {
        let measurement = try Measurement()
        let clock = ContinuousClock()
        let start = clock.now
        let experiment = try SubsetExperiment(
            corpus: measurement.corpus, outputs: measurement.outputs, classes: measurement.classes,
            settings: .init(subsets: measurement.subsets, training: measurement.training), workers: measurement.workers)
        report(
            "trained", measurement.subsets, "parts in", start.duration(to: clock.now), "gradient left:",
            experiment.gradientNorm)
        for (name, make) in measurement.methods(experiment.probe) {
            let correlation = try experiment.score(make(), workers: measurement.workers).correlation
            report("LDS", name, correlation.mean, correlation.low, correlation.high, start.duration(to: clock.now))
            #expect(correlation.low <= correlation.mean && correlation.mean <= correlation.high)
        }
    }

    @Test func `removal curves`() throws {
        let measurement = try Measurement()
        let outputs = measurement.outputs.rows(0..<min(20, measurement.outputs.count))
        let experiment = try RemovalExperiment(
            corpus: measurement.corpus, outputs: outputs, classes: measurement.classes, counts: [10, 50, 250],
            training: measurement.training, workers: measurement.workers)
        let methods = measurement.methods(experiment.probe).filter {
            ["similarity", "exact", "LiSSA 10", "trak"].contains($0.name)
        }
        let random = try experiment.randomCurve(workers: measurement.workers)
        for point in random.points { report("removal random", point.removed, point.increase) }
        for (name, make) in methods {
            let curve = try experiment.curve(make(), workers: measurement.workers)
            for point in curve.points { report("removal", name, point.removed, point.increase) }
            #expect(curve.points.last!.increase.mean > random.points.last!.increase.mean, "\(name)")
        }
    }
}
