import Kernels
import Pipeline
import Probing
import Stages
import Testing

/// Corpora that no one would make on purpose: a defined result, or an error that says what is wrong.
@Suite struct DegenerateCorpusTests {
    private let workspace = Workspace()

    private func build(_ corpus: Matrix, _ extra: [String] = []) throws -> RunDirectory {
        try workspace.build(["corpus.files=\(try workspace.write(corpus, to: "corpus.npy"))"] + extra)
    }

    /// Every query gets as many distinct sources as asked for, and no number that is not one.
    private func expectSound(_ directory: RunDirectory, _ queries: Matrix, sources: Int) throws -> [AttributedOutput] {
        let outputs = try workspace.attribute(directory, vectors: workspace.write(queries, to: "queries.npy"))
        #expect(outputs.count == queries.rows)
        for output in outputs {
            #expect(Set(output.attributions.map(\.sourceID)).count == sources)
            #expect(
                output.attributions.allSatisfy {
                    $0.score.isFinite && $0.similarity.isFinite && $0.influence.isFinite
                })
        }
        return outputs
    }

    @Test func `identical vectors cannot be told apart`() throws {
        let corpus = Matrix(rows: 40, columns: 8, repeating: 0.5)
        let failure = #expect(throws: RunError.self) { try build(corpus) }
        #expect(failure?.kind == .badInput)
        #expect(failure?.message.contains("at least 2 classes") == true, "\(failure?.message ?? "")")
    }

    @Test(arguments: ["linear", "hidden"]) func `two distinct vectors make two clusters of ten`(kind: String) throws {
        var corpus = Matrix(rows: 40, columns: 8)
        for row in 0..<40 { corpus[row, row % 2] = 1 }
        let directory = try build(corpus, ["cluster.clusters=10", "probe.kind=\(kind)"])
        let outputs = try expectSound(directory, corpus.rows(0..<2), sources: 10)
        for (row, output) in outputs.enumerated() {
            #expect(output.attributions.allSatisfy { Int($0.sourceID)! % 2 == row && $0.similarity > 0.999 })
            #expect(output.attributions.allSatisfy { $0.influence < 0 })
        }
    }

    @Test(arguments: [[], ["profile=paper"], ["fingerprint.signature_weight=1"], ["embed.normalise=false"]])
    func `vectors of zeros among others have no similarity to anything`(settings: [String]) throws {
        var corpus = clusteredVectors(60, dimension: 8, clusters: 3, seed: 5)
        for row in [0, 7, 59] {
            for column in 0..<8 { corpus[row, column] = 0 }
        }
        let directory = try build(corpus, ["cluster.clusters=3"] + settings)
        _ = try expectSound(directory, corpus.rows(0..<8), sources: 10)
    }

    @Test func `nothing but zeros cannot be told apart`() throws {
        let failure = #expect(throws: RunError.self) { try build(Matrix(rows: 40, columns: 8)) }
        #expect(failure?.kind == .badInput)
        #expect(failure?.message.contains("at least 2 classes") == true, "\(failure?.message ?? "")")
    }

    @Test func `fewer vectors than clusters are refused with the setting's name`() throws {
        let failure = #expect(throws: RunError.self) {
            try build(clusteredVectors(6, dimension: 8, clusters: 3, seed: 6))
        }
        #expect(failure?.kind == .badInput)
        #expect(failure?.message.contains("6 rows") == true && failure?.message.contains("cluster.clusters") == true)
    }

    @Test(arguments: [(rows: 1, dimension: 4), (rows: 0, dimension: 4)])
    func `a corpus too small for two clusters is refused`(rows: Int, dimension: Int) throws {
        let failure = #expect(throws: RunError.self) {
            try build(Matrix(rows: rows, columns: dimension, repeating: 1), ["cluster.clusters=2"])
        }
        #expect(failure?.kind == .badInput, "\(failure?.message ?? "")")
    }

    @Test func `two vectors of one dimension are a corpus`() throws {
        let corpus = Matrix(rows: 2, columns: 1, elements: [1, -1])
        let directory = try build(corpus, ["cluster.clusters=2"])
        let outputs = try expectSound(directory, corpus, sources: 2)
        #expect(outputs.map { $0.attributions[0].sourceID } == ["0", "1"])
    }

    @Test(arguments: ["true", "false"])
    func `values near the ends of their range are refused or work`(normalise: String) throws {
        // Norms that overflow or vanish in float: the length is not a number to divide by.
        var large = clusteredVectors(40, dimension: 8, clusters: 2, seed: 7)
        for index in large.elements.indices { large.elements[index] *= 1e25 }
        var small = clusteredVectors(40, dimension: 8, clusters: 2, seed: 7)
        for index in small.elements.indices { small.elements[index] *= 1e-30 }
        for corpus in [large, small] {
            do {
                let directory = try build(corpus, ["cluster.clusters=2", "embed.normalise=\(normalise)"])
                _ = try expectSound(directory, corpus.rows(0..<4), sources: 10)
            } catch let error as RunError {
                #expect(error.kind == .badInput, "\(error.message)")
            }
        }
    }
}
