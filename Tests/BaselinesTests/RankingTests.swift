import Baselines
import Kernels
import Probing
import Testing
import VectorIndex

/// What holds for every method.
@Suite struct RankingTests {
    private static let curvature = CurvatureSettings(.exact(damping: 0.01))

    private static func methods(
        corpus: LabelledRows, probe: LinearProbe, workers: Int
    ) throws -> [any AttributionMethod] {
        let classes = probe.classes
        return [
            try SimilarityMethod(corpus: corpus),
            try GradientMethod(corpus: corpus, probe: probe, settings: .init(outputs: 6), workers: workers),
            try InfluenceMethod(corpus: corpus, probe: probe, settings: .init(curvature: curvature), workers: workers),
            try InfluenceMethod(
                corpus: corpus, probe: probe,
                settings: .init(curvature: .init(.lissa(iterations: 5, damping: 0.01)), isRelative: true),
                workers: workers),
            try TrakMethod(
                corpus: corpus, classes: classes, settings: .init(probes: 2, outputs: 8), workers: workers),
            try DebiasDenoiseMethod(
                corpus: corpus, classes: classes, settings: .init(curvature: curvature, stages: [3, 9]),
                workers: workers),
            try TraceMethod(corpus: corpus, settings: .init(outputs: 4, epochs: 2, batch: 16), workers: workers),
        ]
    }

    @Test func `the best rows come first, and the number of workers changes nothing`() throws {
        let fixture = try Fixture()
        // More rows than are scored together, and more outputs.
        let corpus = labelledSample(1300, dimension: 5, classes: 3, seed: 11)
        let outputs = labelledSample(70, dimension: 5, classes: 3, seed: 12)
        let one = try Self.methods(corpus: corpus, probe: fixture.probe, workers: 1)
        let two = try Self.methods(corpus: corpus, probe: fixture.probe, workers: 2)
        #expect(Set(one.map(\.name)).count == one.count)
        for (method, other) in zip(one, two) {
            let ranked = try method.rank(outputs, count: 8, workers: 1)
            let again = try other.rank(outputs, count: 8, workers: 2)
            #expect(ranked == again, "\(method.name)")
            let scores = try allScores(method, outputs)
            for (output, found) in ranked.enumerated() {
                let expected = scores[output].indices.sorted {
                    (-scores[output][$0], $0) < (-scores[output][$1], $1)
                }.prefix(8)
                #expect(found.map(\.row) == Array(expected), "\(method.name)")
                #expect(found.map { Double($0.score) } == expected.map { scores[output][$0] })
            }
            #expect(try method.rank(outputs, count: 0, workers: 1).allSatisfy(\.isEmpty))
            #expect(try method.rank(outputs.rows(0..<1), count: 5000, workers: 2)[0].count == 1300)
        }
    }

    @Test func `a stored state gives the same lists`() throws {
        let fixture = try Fixture()
        let (corpus, probe, classes) = (fixture.corpus, fixture.probe, Fixture.classes)
        let made = try Self.methods(corpus: corpus, probe: probe, workers: 1)
        let lissa = CurvatureSettings(.lissa(iterations: 5, damping: 0.01))
        let unprepared = InfluenceMethod.Settings(curvature: .init(lissa.solver, memory: 0))
        let iterative = try InfluenceMethod(corpus: corpus, probe: probe, settings: unprepared, workers: 1)
        func state<Method: AttributionMethod>(_ type: Method.Type, _ index: Int = 0) throws -> Method {
            try #require(made.compactMap { $0 as? Method }.dropFirst(index).first)
        }
        let restored: [(any AttributionMethod, any AttributionMethod)] = [
            (
                try state(GradientMethod.self),
                try GradientMethod(
                    restoring: state(GradientMethod.self).state, rows: 90, probe: probe, settings: .init(outputs: 6))
            ),
            (
                try state(InfluenceMethod.self),
                try InfluenceMethod(
                    restoring: state(InfluenceMethod.self).state, corpus: corpus, probe: probe,
                    settings: .init(curvature: Self.curvature), workers: 1)
            ),
            (
                try state(InfluenceMethod.self, 1),
                try InfluenceMethod(
                    restoring: state(InfluenceMethod.self, 1).state, corpus: corpus, probe: probe,
                    settings: .init(curvature: lissa, isRelative: true), workers: 1)
            ),
            (
                iterative,
                try InfluenceMethod(
                    restoring: iterative.state, corpus: corpus, probe: probe, settings: unprepared, workers: 1)
            ),
            (
                try state(TrakMethod.self),
                try TrakMethod(
                    restoring: state(TrakMethod.self).state, rows: 90, dimension: 5, classes: classes,
                    settings: .init(probes: 2, outputs: 8))
            ),
            (
                try state(DebiasDenoiseMethod.self),
                try DebiasDenoiseMethod(
                    restoring: state(DebiasDenoiseMethod.self).state, corpus: corpus, classes: classes,
                    settings: .init(curvature: Self.curvature, stages: [3, 9]), workers: 1)
            ),
            (
                try state(TraceMethod.self),
                try TraceMethod(
                    restoring: state(TraceMethod.self).state, corpus: corpus,
                    settings: .init(outputs: 4, epochs: 2, batch: 16), workers: 1)
            ),
        ]
        for (one, other) in restored {
            let found = try other.rank(fixture.outputs, count: 90, workers: 1)
            #expect(try one.rank(fixture.outputs, count: 90, workers: 1) == found, "\(one.name)")
        }
        #expect(throws: BaselineError.missingArray(name: "signatures")) {
            try GradientMethod(restoring: MethodState(), rows: 90, probe: probe)
        }
        #expect(throws: BaselineError.wrongShape(name: "signatures", expected: [89, 6], found: [90, 6])) {
            try GradientMethod(
                restoring: state(GradientMethod.self).state, rows: 89, probe: probe, settings: .init(outputs: 6))
        }
    }

    @Test func `bad rows are refused`() throws {
        let fixture = try Fixture()
        let methods = try Self.methods(corpus: fixture.corpus, probe: fixture.probe, workers: 1)
        var embeddings = fixture.outputs.embeddings
        embeddings[3, 2] = .nan
        let damaged = LabelledRows(embeddings: embeddings, labels: fixture.outputs.labels)
        let narrow = labelledSample(3, dimension: 4, classes: 3, seed: 1)
        for method in methods {
            #expect(throws: BaselineError.notFinite(row: 3)) { try method.rank(damaged, count: 1, workers: 1) }
            #expect(throws: BaselineError.wrongDimension(expected: 5, found: 4)) {
                try method.rank(narrow, count: 1, workers: 1)
            }
        }
        let unknown = LabelledRows(embeddings: Matrix(rows: 1, columns: 5), labels: [3])
        #expect(throws: BaselineError.labelOutOfRange(row: 0, label: 3, classes: 3)) {
            try methods[1].rank(unknown, count: 1, workers: 1)
        }
        let empty = LabelledRows(embeddings: Matrix(rows: 0, columns: 5), labels: [])
        #expect(throws: BaselineError.noRows) { try Self.methods(corpus: empty, probe: fixture.probe, workers: 1) }
    }

    /// All rows the same, two rows, and one class in use.
    @Test func `corpora without structure are ranked all the same`() throws {
        let fixture = try Fixture()
        let same = LabelledRows(
            embeddings: Matrix(rows: 12, columns: 5, repeating: 0.4), labels: [UInt32](repeating: 1, count: 12))
        let two = labelledSample(2, dimension: 5, classes: 3, seed: 3)
        let oneClass = LabelledRows(
            embeddings: fixture.corpus.embeddings, labels: [UInt32](repeating: 2, count: fixture.corpus.count))
        let zero = LabelledRows(embeddings: Matrix(rows: 3, columns: 5), labels: [0, 1, 2])
        for corpus in [same, two, oneClass, zero] {
            for method in try Self.methods(corpus: corpus, probe: fixture.probe, workers: 1) {
                let ranked = try method.rank(fixture.outputs, count: 100, workers: 1)
                for found in ranked {
                    #expect(Set(found.map(\.row)) == Set(0..<corpus.count), "\(method.name)")
                    let allFinite = found.allSatisfy { $0.score.isFinite }
                    #expect(allFinite, "\(method.name)")
                }
                // Rows that are the same cannot be told apart: they stand in their order.
                if corpus == same { #expect(ranked.allSatisfy { $0.map(\.row) == Array(0..<12) }, "\(method.name)") }
            }
        }
        #expect(throws: BaselineError.probing(.tooFewClasses(1))) {
            try TrakMethod(
                corpus: LabelledRows(embeddings: same.embeddings, labels: same.labels.map { _ in 0 }),
                classes: 1, workers: 1)
        }
    }
}
