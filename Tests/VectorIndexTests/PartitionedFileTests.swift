import Foundation
import Kernels
import Storage
import Testing
import VectorIndex

@Suite struct PartitionedFileTests {
    private let fixture: PartitionedFixture

    init() throws { fixture = try PartitionedFixture() }

    @Test func aModelReadsBackAsItWasWritten() throws {
        let base = PartitionedFixture.vectors(1000, 50, seed: 31)
        let model = try fixture.build(base, metric: .innerProduct, partitions: 90).model
        let path = "\(fixture.folder)/model"
        try model.write(to: path)
        let read = try PartitionModel(path: path)
        #expect(read.identity == model.identity && read.fingerprintIdentity == "test")
        #expect(read.centroids == model.centroids && read.origin == model.origin)
        #expect(read.rotation == model.rotation)
        #expect(read.metric == .innerProduct && read.bits == 6 && read.dimension == 50)
        #expect(read.meanSquaredDistance == model.meanSquaredDistance)
    }

    @Test func theBytesDoNotDependOnWorkers() throws {
        let base = PartitionedFixture.vectors(5000, 64, seed: 32)
        let one = try fixture.build(base, partitions: 100, workers: 1, name: "one")
        let three = try fixture.build(base, partitions: 100, workers: 3, name: "three")
        #expect(one.model.identity == three.model.identity)
        #expect(try fixture.bytes(one.parts[0]) == fixture.bytes(three.parts[0]))
        for (a, b) in zip(one.segments[0].slices, three.segments[0].slices) {
            #expect(try fixture.bytes(a) == fixture.bytes(b))
        }
    }

    @Test func trainingFindsTheClusters() throws {
        let base = PartitionedFixture.vectors(6000, 32, seed: 33, centres: 100, noise: 0.1)
        let model = try PartitionModel.train(
            sample: base, corpusRows: 6000, settings: PartitionSettings(partitions: 144), metric: .l2, seed: 1,
            fingerprintIdentity: "test", workers: 2)
        #expect(model.partitions == 144)
        // Within a cluster the squared distance to the mean is about noise² / (1 + noise²).
        #expect(model.meanSquaredDistance < 0.012)
        let part = try PartitionPart.write(base.elements.span, to: "\(fixture.folder)/p", model: model, workers: 2)
        #expect(abs(part.meanSquaredDistance - model.meanSquaredDistance) < 0.05 * model.meanSquaredDistance)
        #expect(try PartitionPart.summary(of: "\(fixture.folder)/p") == part)
        let drifted = PartitionedFixture.vectors(500, 32, seed: 34, noise: 3)
        let other = try PartitionPart.write(drifted.elements.span, to: "\(fixture.folder)/d", model: model, workers: 2)
        #expect(other.meanSquaredDistance > 10 * part.meanSquaredDistance)
    }

    @Test func rowsOfASampleThatAreEqualMakeFewerPartitions() throws {
        let base = Matrix(rows: 200, columns: 32, elements: (0..<200 * 32).map { $0 / 32 < 100 ? 1 : Float($0 % 3) })
        let built = try fixture.build(base, partitions: 50)
        #expect(built.model.partitions == 4)
        #expect(try built.index.count == 200)
    }

    @Test func slicesCoverAllPartitionsInOrder() {
        for (rows, partitions) in [(0, 1), (1000, 3), (500_000, 1000), (10_000_000, 16_384), (100_000_000, 131_072)] {
            let slices = PartitionSlice.slices(rows: rows, partitions: partitions, dimension: 416, bits: 6)
            #expect(slices.flatMap(\.self) == Array(0..<partitions))
            if rows >= 10_000_000 { #expect(slices.allSatisfy { $0.count <= 256 } && slices[0].count >= 64) }
        }
        #expect(PartitionSettings.partitions(forRows: 1_000_000, dimension: 256) == 8620)
        #expect(PartitionSettings.partitions(forRows: 1_000_000, dimension: 416) == 4237)
        #expect((16_000...16_500).contains(PartitionSettings.partitions(forRows: 10_000_000, dimension: 256)))
        #expect((130_000...132_000).contains(PartitionSettings.partitions(forRows: 100_000_000, dimension: 256)))
        #expect(PartitionSettings.partitions(forRows: 3, dimension: 4096) == 1)
    }

    @Test func filesOfAnotherModelAreRefused() throws {
        let base = PartitionedFixture.vectors(500, 32, seed: 35)
        let one = try fixture.build(base, name: "one")
        let two = try fixture.build(base, seed: 6, name: "two")
        func isMismatch(_ body: () throws -> Void) -> Bool {
            do {
                try body()
                return false
            } catch IndexError.mismatch(_, "identity", one.model.identity, two.model.identity) {
                return true
            } catch {
                return false
            }
        }
        #expect(isMismatch { _ = try PartitionMerge(model: one.model, parts: [one.parts[0], two.parts[0]]) })
        #expect(isMismatch { _ = try PartitionedIndex(model: one.model, segments: two.segments) })
        let short = PartitionedIndex.Segment(slices: Array(one.segments[0].slices.dropLast()), firstRow: 0)
        #expect(throws: IndexError.self) { try PartitionedIndex(model: one.model, segments: [short]) }
        let swapped = PartitionedIndex.Segment(slices: one.segments[0].slices.reversed(), firstRow: 0)
        #expect(throws: IndexError.self) { try PartitionedIndex(model: one.model, segments: [swapped]) }
    }

    @Test func rowsThatAreNotFiniteAreRefused() throws {
        var base = PartitionedFixture.vectors(100, 32, seed: 36)
        let model = try fixture.build(base).model
        base[70, 3] = .infinity
        #expect(throws: IndexError.notFiniteRow(row: 70)) {
            try PartitionPart.write(base.elements.span, to: "\(fixture.folder)/bad", model: model, workers: 2)
        }
        #expect(throws: IndexError.notFiniteRow(row: 70)) { try fixture.build(base, name: "bad") }
    }

    /// A flipped byte is refused on opening or at the first touch, wherever it is; it never changes a result.
    @Test func aFlippedByteIsNeverSearched() throws {
        let base = PartitionedFixture.vectors(90, 32, seed: 37)
        let built = try fixture.build(base, partitions: 2, bits: 5, slices: 2)
        let queries = PartitionedFixture.vectors(3, 32, seed: 38)
        let expected = try built.index.search(queries, count: 5, probes: 2, workers: 1)
        let path = built.segments[0].slices[0]
        let sound = try fixture.bytes(path)
        var unseen = 0
        for offset in stride(from: 0, to: sound.count, by: 5) {
            var damaged = sound
            damaged[offset] ^= 0x10
            try damaged.write(to: URL(filePath: path))
            do {
                let index = try built.index
                let found = try index.search(queries, count: 5, probes: 2, workers: 1)
                #expect(found == expected, "offset \(offset)")
                unseen += 1
                #expect(throws: IndexError.self, "offset \(offset)") { try index.verify() }
            } catch is IndexError {
                continue
            }
        }
        // Gaps between columns, which no search reads.
        #expect(unseen < sound.count / 50)
        for count in [0, 63, sound.count / 2, sound.count - 1] {
            try sound.prefix(count).write(to: URL(filePath: path))
            #expect(throws: IndexError.self) { try built.index }
        }
        try sound.write(to: URL(filePath: path))
        let unchecked = try PartitionedIndex(model: built.model, segments: built.segments, checksChecksums: false)
        #expect(try unchecked.search(queries, count: 5, probes: 2, workers: 1) == expected)
        try unchecked.verify()
    }

    @Test func aDamagedPartIsNotMerged() throws {
        let base = PartitionedFixture.vectors(200, 32, seed: 39)
        let built = try fixture.build(base, partitions: 3)
        let path = built.parts[0]
        let sound = try fixture.bytes(path)
        for offset in stride(from: 100, to: sound.count - 4000, by: 997) {
            var damaged = sound
            damaged[offset] ^= 1
            try damaged.write(to: URL(filePath: path))
            #expect(throws: IndexError.self, "offset \(offset)") {
                let merge = try PartitionMerge(model: built.model, parts: [path])
                try merge.write(0..<built.model.partitions, to: "\(fixture.folder)/damaged")
            }
        }
    }
}
