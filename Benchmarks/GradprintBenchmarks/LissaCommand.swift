internal import ArgumentParser
internal import Clustering
internal import Foundation
internal import Influence
internal import Kernels
internal import Probing
internal import TensorFiles

/// Search and refinement of outputs one at a time, in-process: C = 10, T = 10, the ten nearest of all rows by the static
/// embedding, H over all rows. Writes the trained probe and the influences for `Benchmarks/peers/lissa_peer.py`, which
/// starts from the same parameters and checks that it gets the same numbers.
struct LissaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lissa", abstract: "Times the refinement of single outputs, prepared and iterative.")

    @Argument(help: "The corpus' vectors.") var file: String
    @Argument(help: "The outputs' vectors.") var log: String
    @Option(help: "Where the problem is written as JSON.") var problem: String
    @Option var threads = 2
    @Option var candidates = 10

    private struct Report: Encodable {
        let name = "gradprint"
        let outputs: Int
        let prepareSeconds: Double
        let searchMilliseconds: Double
        let iterativeMilliseconds: Double
        let preparedMilliseconds: Double
        let residual: Double
    }

    /// What the peer starts from and has to arrive at.
    private struct Problem: Encodable {
        let classes: Int
        let damping: Double
        let scale: Double
        let iterations: Int
        let parameters: [Float]
        let labels: [UInt32]
        let outputLabels: [UInt32]
        let candidates: [[Int]]
        let influences: [[Float]]
    }

    func run() throws {
        BLAS.setThreads(1)
        let rows = try matrix(file)
        let outputs = try matrix(log)
        let model = try KMeans.train(sample: rows, clusters: 10, seed: 1, iterations: 50, workers: threads)
        let labels = try model.assigner.assign(rows, workers: threads).labels
        let outputLabels = try model.assigner.assign(outputs, workers: threads).labels
        var probe = LinearProbe(dimension: rows.columns, classes: model.centroids.rows)
        _ = try probe.train(sample: rows, labels: labels, workers: threads)
        let hessian = LinearProbeHessian(probe, rows: rows)
        let power = PowerIteration(hessian, seed: 1, workers: threads)
        let lissa = try LiSSA(iterations: 10, damping: 0.01, largestEigenvalue: power.eigenvalue)
        var watch = Stopwatch()
        let prepared = PreparedLiSSA(lissa, hessian, workers: threads)
        let prepareSeconds = watch.lap("prepare")

        var search: [Double] = []
        var iterative: [Double] = []
        var ready: [Double] = []
        var found: [[Int]] = []
        var influences: [[Float]] = []
        var residual = 0.0
        let factors = try probe.gradientFactors(rows.elements.span, labels: labels.span, workers: threads)
        for number in 0..<outputs.rows {
            let output = Matrix(rows: 1, columns: outputs.columns, elements: outputs.row(number))
            watch.restart()
            let nearest = nearest(to: output, in: rows)
            search.append(watch.lap("search"))
            let own = try probe.gradientFactors(
                output.elements.span, labels: [outputLabels[number]].span, workers: threads)
            let gradient = own.materialized(embeddings: output)
            let solved = try lissa.solve(gradient, hessian, workers: threads)
            _ = influence(solved, nearest, rows, factors)
            iterative.append(watch.lap("iterative"))
            let quick = try prepared.solve(
                try probe.gradientFactors(
                    output.elements.span, labels: [outputLabels[number]].span, workers: threads
                ).materialized(embeddings: output), workers: threads)
            influences.append(influence(quick, nearest, rows, factors))
            ready.append(watch.lap("prepared"))
            found.append(nearest)
            residual = max(residual, quick.residuals.max() ?? 0)
        }
        let content = Problem(
            classes: probe.classes, damping: lissa.damping, scale: lissa.scale, iterations: lissa.iterations,
            parameters: probe.parameters, labels: labels, outputLabels: outputLabels, candidates: found,
            influences: influences)
        try JSONEncoder().encode(content).write(to: URL(filePath: problem))
        try printJSON(
            Report(
                outputs: outputs.rows, prepareSeconds: prepareSeconds, searchMilliseconds: median(search) * 1000,
                iterativeMilliseconds: median(iterative) * 1000, preparedMilliseconds: median(ready) * 1000,
                residual: residual))
    }

    /// The rows of the greatest inner products, best first.
    private func nearest(to output: Matrix, in rows: Matrix) -> [Int] {
        var products = [Float](repeating: 0, count: rows.rows)
        var span = products.mutableSpan
        blockDots(
            output.elements.span, rows: 1, rows.elements.span, count: rows.rows, dimension: rows.columns, into: &span)
        return Array(products.indices.sorted { products[$0] > products[$1] }.prefix(candidates))
    }

    private func influence(
        _ solution: LiSSASolution, _ nearest: [Int], _ rows: Matrix, _ factors: GradientFactors
    ) -> [Float] {
        let picked = GradientFactors.concatenating(nearest.map { factors.extracting($0..<$0 + 1) })
        let embeddings = Matrix(
            rows: nearest.count, columns: rows.columns, elements: nearest.flatMap { rows.row($0) })
        return Influence.of(solution: solution.vectors.elements.span, factors: picked, embeddings: embeddings)
    }

    private func matrix(_ path: String) throws -> Matrix {
        let vectors = try VectorFile(path: path)
        return Matrix(
            rows: vectors.rows, columns: vectors.dimension, elements: try vectors.read(rows: 0..<vectors.rows))
    }

    private func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
}
