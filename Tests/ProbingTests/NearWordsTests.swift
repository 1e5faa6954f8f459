import Foundation
import Kernels
import Probing
import Storage
import TestSupport
import Testing

/// Words near to an output's: their lists, what they are worth, and their file.
@Suite struct NearWordsTests {
    private let folder = TemporaryFolder()
    private let texts = RandomTexts(80, vocabulary: 200, seed: 3)
    private let probe: TokenProbe
    private let ids: [UInt32]
    /// `[ids.count × 12]`, the fifth of zeros.
    private let vectors: Matrix
    private let words: NearWords

    init() throws {
        probe = TokenProbe(texts.frequencies)
        ids = Set(texts.words.joined()).sorted()
        var vectors = Self.directions(ids.count, seed: 4, zero: 5)
        // Two words that are always as near as each other.
        for column in 0..<12 { vectors[8, column] = vectors[7, column] }
        self.vectors = vectors
        words = try NearWords(ids: ids, vectors: vectors, probe: probe)
    }

    private static func directions(_ count: Int, seed: UInt64, zero: Int? = nil) -> Matrix {
        var generator = SeededGenerator(seed: seed)
        var matrix = Matrix(rows: count, columns: 12, elements: (0..<12 * count).map { _ in generator.normal() })
        if let zero { for column in 0..<12 { matrix[zero, column] = 0 } }
        matrix.scaleRows(to: 1)
        return matrix
    }

    /// Some words of the corpus and some that it does not have.
    private func asked() throws -> [(id: UInt32, probability: Double)] {
        try (Array(ids.prefix(40)) + (0..<10).map { 1000 + $0 }).map { ($0, try probe.frequencies.probability($0)) }
    }

    @Test func `the nearest come first, and the more words are as near the less one is worth`() throws {
        let (asked, directions) = (try asked(), Self.directions(50, seed: 6, zero: 9))
        let lists = words.lists(of: asked, directions: directions, workers: 2)
        #expect(lists.count == 50 && lists[9] == NearWords.List())
        for (number, list) in lists.enumerated() where number != 9 {
            var cosines: [(cosine: Double, row: Int)] = []
            for row in ids.indices where ids[row] != asked[number].id {
                let cosine = (0..<12).reduce(0) { $0 + Double(directions[number, $1]) * Double(vectors[row, $1]) }
                if cosine > 0 { cosines.append((cosine, row)) }
            }
            cosines.sort { ($1.cosine, $0.row) < ($0.cosine, $1.row) }
            let listed = cosines.prefix(NearWords.listed)
            #expect(list.ids == listed.map { ids[$0.row] })
            for place in list.ids.indices {
                let isAsNear = listed.filter { $0.cosine >= listed[place].cosine }
                let mass = try isAsNear.reduce(asked[number].probability) {
                    $0 + (try probe.frequencies.probability(ids[$1.row]))
                }
                #expect(abs(Double(list.terms[place]) - log(1 + 0.5 / (probe.prior * mass))) < 1e-6)
            }
        }
    }

    @Test func `a list does not depend on the other words or on the workers`() throws {
        let (asked, directions) = (try asked(), Self.directions(50, seed: 6))
        let all = words.lists(of: asked, directions: directions, workers: 1)
        #expect(words.lists(of: asked, directions: directions, workers: 3) == all)
        for number in [0, 7, 8, 49] {
            let own = Matrix(rows: 1, columns: 12, elements: directions.row(number))
            #expect(words.lists(of: [asked[number]], directions: own, workers: 1) == [all[number]])
        }
    }

    /// Each word of the output by the sample's own count of it, or else by the first of its list that the sample has.
    @Test func `what a sample lacks counts by the nearest word it has`() throws {
        var generator = SeededGenerator(seed: 7)
        let outputs =
            (0..<12).map { _ in (0..<9).map { _ in ids[generator.integer(below: ids.count)] } } + [[], [1, 2]]
        for output in outputs {
            let bag = TokenBag(words: output)
            let asked = try bag.ids.map { (id: $0, probability: try probe.frequencies.probability($0)) }
            let lists = words.lists(
                of: asked, directions: Self.directions(asked.count, seed: 8), workers: 1)
            let (near, exact) = (try probe.query(bag, near: lists), try probe.query(bag))
            #expect(near.selfInfluence == exact.selfInfluence)
            let samples = (texts.words[0..<30] + [[], output, Array(texts.words.joined())]).map { TokenBag(words: $0) }
            let found = near.influences(count: samples.count) { sample, bag in bag = samples[sample] }
            for (sample, influence) in zip(samples, found) {
                var expected = exact.influence(of: sample)
                for (word, id) in bag.ids.enumerated() where !sample.ids.contains(id) {
                    guard let first = lists[word].ids.firstIndex(where: sample.ids.contains) else { continue }
                    expected -= Double(bag.counts[word]) * Double(lists[word].terms[first])
                }
                #expect(abs(influence - expected) < 1e-9 * max(1, abs(expected)))
                #expect(near.influence(of: sample) == influence)
            }
            // A copy has every word, so nothing else counts.
            #expect(near.influence(of: bag) == exact.influence(of: bag))
        }
    }

    @Test func `the file holds them, and damage is found`() throws {
        let path = "\(folder.path)/near.shard"
        try NearWordFile.write(ids: ids, vectors: vectors, embedder: "e", to: path)
        try NearWordFile.verify(path: path)
        let opened = try NearWords(path: path, dimension: 12, probe: probe)
        let (asked, directions) = (try asked(), Self.directions(50, seed: 6))
        #expect(
            opened.lists(of: asked, directions: directions, workers: 1)
                == words.lists(of: asked, directions: directions, workers: 1))
        let other = #expect(throws: StorageError.self) { try NearWords(path: path, dimension: 13, probe: probe) }
        #expect(other?.kind == .mismatch)
        let whole = [UInt8](try Data(contentsOf: URL(filePath: path)))
        func verify(_ bytes: [UInt8]) throws {
            try Data(bytes).write(to: URL(filePath: path))
            try NearWordFile.verify(path: path)
        }
        for count in stride(from: whole.count - 1, through: 0, by: -61) {
            #expect(throws: StorageError.self, "\(count) bytes") { try verify(Array(whole.prefix(count))) }
        }
        for index in stride(from: 0, to: whole.count, by: 29) {
            var damaged = whole
            damaged[index] ^= 0x41
            #expect(throws: StorageError.self, "byte \(index)") { try verify(damaged) }
        }
        // Sound files of what makes no sense.
        for value in [Float.nan, 2, .infinity] {
            var wrong = vectors
            wrong[3, 4] = value
            try NearWordFile.write(ids: ids, vectors: wrong, embedder: "e", to: path)
            #expect(throws: StorageError.self) { try NearWordFile.verify(path: path) }
        }
        try NearWordFile.write(ids: ids.reversed(), vectors: vectors, embedder: "e", to: path)
        #expect(throws: StorageError.self) { try NearWordFile.verify(path: path) }
    }
}
