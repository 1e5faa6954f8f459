internal import ArgumentParser
internal import Clustering
internal import Kernels
internal import Probing
internal import TensorFiles

/// The numeric chain on vectors in memory: k-means on a sample → labels of all rows → softmax probe on the sample →
/// δ of all rows → their gradients projected to 32 numbers.
///
/// `Benchmarks/peers/numeric_peers.py` does the same work: the same size of sample, 20 passes of k-means from k-means++
/// seeds, and as many evaluations of the probe's objective as this command needed (it prints them).
struct NumericCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "numeric", abstract: "Times k-means, labels, probe, gradients and projection.")

    @Argument var file: String
    @Option var threads = 2
    @Option var clusters = 10
    @Option var passes = 20
    @Option var sampleRows = 65_536
    @Option var outputs = 32

    private struct Report: Encodable {
        let name = "gradprint"
        let kernels = KernelLevel.current.rawValue
        let blas = BLAS.configuration
        let seconds: [String: Double]
        let processorSeconds: [String: Double]
        let inertia: Double
        let passes: Int
        let objective: Double
        let evaluations: Int
        let accuracy: Double
        let gradientNorm: Double
    }

    func run() throws {
        BLAS.setThreads(1)
        let vectors = try VectorFile(path: file)
        let all = try vectors.read(rows: 0..<vectors.rows)
        let width = vectors.dimension
        let rows = all.span
        let training = ProbeTraining(
            l2: 1e-4, optimizer: LBFGS(iterations: 500, gradientTolerance: 1e-4, valueTolerance: 1e-7))

        var watch = Stopwatch()
        var generator = SeededGenerator(seed: 1)
        let chosen = generator.sample(sampleRows, below: vectors.rows)
        var elements: [Float] = []
        elements.reserveCapacity(chosen.count * width)
        for row in chosen { elements.append(contentsOf: all[row * width..<(row + 1) * width]) }
        let sample = Matrix(rows: chosen.count, columns: width, elements: elements)
        let model = try KMeans.train(
            sample: sample, clusters: clusters, seed: 1, iterations: passes, tolerance: 0, workers: threads)
        watch.lap("k-means")
        var labels = [UInt32](repeating: 0, count: vectors.rows)
        var distances = [Float](repeating: 0, count: vectors.rows)
        var labelSpan = labels.mutableSpan
        var distanceSpan = distances.mutableSpan
        try model.assigner.assign(rows, labels: &labelSpan, distances: &distanceSpan, workers: threads)
        watch.lap("labels")
        var probe = LinearProbe(dimension: width, classes: model.centroids.rows)
        let report = try probe.train(sample: sample, labels: chosen.map { labels[$0] }, training, workers: threads)
        watch.lap("probe")
        let factors = try probe.gradientFactors(rows, labels: labels.span, workers: threads)
        watch.lap("gradients")
        let projection = LinearProjection(classes: probe.classes, dimension: width, outputs: outputs, seed: 1)
        let signatures = projection.project(factors, embeddings: rows, workers: threads)
        watch.lap("projection")
        precondition(signatures.rows == vectors.rows)

        let norm = probe.parameters.reduce(0.0) { $0 + Double($1) * Double($1) }
        try printJSON(
            Report(
                seconds: watch.seconds, processorSeconds: watch.processorSeconds, inertia: model.inertia.last ?? 0,
                passes: model.iterations, objective: report.loss + training.l2 / 2 * norm,
                evaluations: report.evaluations,
                accuracy: report.accuracy, gradientNorm: report.gradientNorm))
    }
}
