import Foundation
import Kernels
import Pipeline
import Probing
import Stages
import Storage
import Testing

/// Self-influence and relative influence from a finished build, against K applied term by term in double precision.
@Suite struct RelativeInfluenceTests {
    private let workspace = Workspace()

    /// What a build left, read from its files.
    private struct Built {
        let probe: any Probe
        let embeddings: Matrix
        let labels: [UInt32]
        let selfInfluence: [Float]
        let scorer: InfluenceScorer
        let candidates: CandidateGradients
        private let curvature: Artifact

        private struct Series: Decodable {
            let iterations: Int
            let damping: Double
            let scale: Double
        }

        init(_ directory: RunDirectory, classes: Int, hidden: Int) throws {
            let generation = try #require(try directory.currentGeneration())
            func artifacts(_ stage: String) throws -> [Artifact] {
                try (generation.parts[stage] ?? []).map { try directory.artifact($0) }
            }
            func floats(_ stage: String, _ file: String, _ column: String) throws -> Matrix {
                try Matrix.concatenating(artifacts(stage).map { try Self.matrix($0.path(file), column) })
            }
            embeddings = try floats("embed", "embeddings.shard", "embedding")
            selfInfluence = try floats("gradient-sign", "gradients.shard", "self_influence").elements
            labels = try artifacts("label").flatMap {
                try ShardReader(path: $0.path("labels.shard"), expectedKind: nil).array("label", of: UInt32.self)
            }
            let parameters = try floats("probe-train", "probe.shard", "parameters").elements
            let dimension = embeddings.columns
            let probe: any Probe =
                if hidden == 0 {
                    LinearProbe(dimension: dimension, classes: classes, parameters: parameters)
                } else {
                    HiddenProbe(dimension: dimension, classes: classes, hidden: hidden, parameters: parameters)
                }
            self.probe = probe
            curvature = try artifacts("curvature")[0]
            scorer = try InfluenceScorer(curvature, probe: probe)
            candidates = try CandidateGradients(
                embeddings: try artifacts("embed"), gradients: try artifacts("gradient-sign"))
        }

        private static func matrix(_ path: String, _ column: String) throws -> Matrix {
            let reader = try ShardReader(path: path, expectedKind: nil)
            var elements: [Float] = []
            try reader.read(column, rows: 0..<reader.rows, into: &elements)
            return Matrix(rows: reader.rows, columns: elements.count / reader.rows, elements: elements)
        }

        func factors(_ rows: [Int]) throws -> (embeddings: Matrix, factors: GradientFactors) {
            let own = Matrix(
                rows: rows.count, columns: embeddings.columns, elements: rows.flatMap { embeddings.row($0) })
            return (own, try probe.gradientFactors(own.elements.span, labels: rows.map { labels[$0] }.span))
        }

        /// The gradients in full and K times each, of all rows; the curvature has to be prepared.
        func naive() throws -> (gradients: [[Double]], images: [[Double]]) {
            let path = curvature.path("curvature.shard")
            let text = try #require(try ShardReader(path: path, expectedKind: nil).attributes["lissa"])
            let series = try JSONDecoder().decode(Series.self, from: Data(text.utf8))
            let hessian = try Self.matrix(path, "hessian")
            let rows = (0..<hessian.rows).map { hessian.row($0).map(Double.init) }
            let (own, factors) = try factors(Array(labels.indices))
            let full = factors.materialized(embeddings: own)
            let gradients = labels.indices.map { full.row($0).map(Double.init) }
            let images = gradients.map { gradient in
                var (term, sum) = (gradient, [Double](repeating: 0, count: gradient.count))
                for _ in 0..<series.iterations {
                    for index in sum.indices { sum[index] += term[index] / series.scale }
                    let image = rows.map { product($0, term) }
                    for index in term.indices {
                        term[index] -= (image[index] + series.damping * term[index]) / series.scale
                    }
                }
                return sum
            }
            return (gradients, images)
        }
    }

    private static func settings(_ classes: Int, _ hidden: Int) -> [String] {
        ["cluster.clusters=\(classes)", "influence.iterations=10", "influence.damping=0.01"]
            + (hidden > 0 ? ["probe.kind=hidden", "probe.hidden_units=\(hidden)"] : [])
    }

    private func build(
        _ corpus: Matrix, classes: Int, hidden: Int = 0, run: String = "run", workers: Int = 2, _ extra: [String] = []
    ) throws -> Built {
        let path = try workspace.write(corpus, to: "corpus.npy")
        let settings = ["corpus.files=\(path)", "corpus.shard_rows=70"] + Self.settings(classes, hidden) + extra
        return try Built(try workspace.build(settings, run: run, workers: workers), classes: classes, hidden: hidden)
    }

    private static let outputs = [3, 70, 149]
    private static let found = [[0, 3, 69, 70, 149], [149, 5], []]

    private func scores(_ built: Built, workers: Int = 1) throws -> InfluenceScores {
        let (own, factors) = try built.factors(Self.outputs)
        return try built.scorer.score(
            embeddings: own, factors: factors, candidates: Self.found, gradients: built.candidates, workers: workers)
    }

    /// Clusters that overlap, so that the probe is not sure of any row.
    private func corpus(_ dimension: Int, _ classes: Int) -> Matrix {
        clusteredVectors(150, dimension: dimension, clusters: classes, spread: 0.8, seed: 8)
    }

    /// Probes of fewer parameters than the sketch has rows, so that only the expansion's error is left.
    @Test(arguments: [0, 4]) func `relative influence is influence over the root of self-influence`(hidden: Int) throws
    {
        let built = try build(corpus(8, 3), classes: 3, hidden: hidden)
        let (gradients, images) = try built.naive()
        let own = zip(gradients, images).map(product)
        for (row, value) in built.selfInfluence.enumerated() { #expect(abs(Double(value) / own[row] - 1) < 3e-3) }
        let scores = try scores(built)
        let read = try built.candidates.read([149, 0, 70, 0])
        #expect(read.selfInfluence == [149, 0, 70, 0].map { built.selfInfluence[$0] })
        #expect(scores.relative.map(\.count) == [5, 2, 0] && scores.influence.map(\.count) == [5, 2, 0])
        for (number, output) in Self.outputs.enumerated() {
            #expect(abs(Double(scores.selfInfluence[number]) / own[output] - 1) < 1e-3)
            for (place, candidate) in Self.found[number].enumerated() {
                let influence = -product(images[output], gradients[candidate])
                let scale = (own[output] * own[candidate]).squareRoot()
                #expect(abs(Double(scores.influence[number][place]) - influence) < 1e-3 * scale)
                let relative = Double(scores.relative[number][place])
                #expect(abs(relative - influence / own[candidate].squareRoot()) < 3e-3 * own[output].squareRoot())
                // A sample beside itself: the cosine of the two gradients is 1.
                if candidate == output {
                    #expect(abs(relative / Double(scores.selfInfluence[number]).squareRoot() + 1) < 3e-3)
                }
            }
        }
    }

    @Test(arguments: [[], ["influence.prepare_limit=0"]])
    func `the sketch is within its standard error`(extra: [String]) throws {
        let prepared = try build(corpus(16, 5), classes: 5, run: "prepared")
        let (gradients, images) = try prepared.naive()
        let built = try build(corpus(16, 5), classes: 5, run: "sketched", extra)
        let ratios = built.selfInfluence.indices.map {
            Double(built.selfInfluence[$0]) / product(gradients[$0], images[$0])
        }
        let error = (2.0 / 64).squareRoot()
        #expect(ratios.allSatisfy { abs($0 - 1) < 5 * error })
        let spread = (ratios.reduce(0) { $0 + ($1 - 1) * ($1 - 1) } / Double(ratios.count)).squareRoot()
        #expect(spread > 0.3 * error && spread < 2 * error)
        let scores = try scores(built)
        for (number, candidates) in Self.found.enumerated() {
            for (place, candidate) in candidates.enumerated() {
                let influence = scores.influence[number][place]
                #expect(scores.relative[number][place] == influence / built.selfInfluence[candidate].squareRoot())
            }
        }
    }

    @Test(arguments: [0, 4]) func `workers do not change it`(hidden: Int) throws {
        let one = try build(corpus(16, 5), classes: 5, hidden: hidden, run: "one", workers: 1)
        let two = try build(corpus(16, 5), classes: 5, hidden: hidden, run: "two", workers: 2)
        #expect(one.selfInfluence == two.selfInfluence)
        let (a, b) = (try scores(one, workers: 1), try scores(two, workers: 2))
        #expect(a.influence == b.influence && a.relative == b.relative && a.selfInfluence == b.selfInfluence)
    }

    @Test func `two distinct vectors have finite self-influence`() throws {
        var corpus = Matrix(rows: 150, columns: 8)
        for row in 0..<150 { corpus[row, row % 2] = 1 }
        let built = try build(corpus, classes: 2)
        #expect(built.selfInfluence.allSatisfy { $0.isFinite && $0 >= 0 })
        #expect(try scores(built).relative.joined().allSatisfy(\.isFinite))
    }
}

private func product(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
