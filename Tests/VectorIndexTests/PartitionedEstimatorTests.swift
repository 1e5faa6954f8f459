import Foundation
import Kernels
import Storage
import Testing
import VectorIndex

/// The codes as the files hold them, against the formulas of `docs/index.md`.
@Suite struct PartitionedEstimatorTests {
    private let fixture: PartitionedFixture

    init() throws { fixture = try PartitionedFixture() }

    /// One part, decoded with nothing but the document.
    private struct Decoded {
        let rows: [Int]
        let partitions: [Int]
        /// x̄ of the hot code and of all bits, by place in the part.
        var hot: [[Double]] = []
        var all: [[Double]] = []
        var hotFactors: [[Double]] = []
        var warmFactors: [[Double]] = []

        init(_ path: String, width: Int, bits: Int) throws {
            let reader = try ShardReader(path: path, expectedKind: PartitionPart.kind)
            rows = try reader.array("row", of: UInt32.self).map { Int($0) }
            partitions = try reader.array("partition", of: UInt32.self).map { Int($0) }
            let signs = try reader.array("hot", of: UInt8.self)
            let records = try reader.array("record", of: UInt8.self)
            let factors = try reader.array("factor", of: Float.self)
            let recordBytes = 8 + width / 8 * (bits - 1)
            for place in rows.indices {
                let own = Array(records[place * recordBytes..<(place + 1) * recordBytes])
                let floats = (0..<2).map {
                    Double(Float(bitPattern: own.span.rawBytes.integer(at: 4 * $0, as: UInt32.self)))
                }
                warmFactors.append(floats)
                hotFactors.append(factors[3 * place..<3 * place + 3].map { Double($0) })
                let warm = Array(own.dropFirst(8))
                let codes = (0..<width).map { i -> (sign: Int, value: Int) in
                    let sign = Int(signs[place * width / 8 + i / 8] >> UInt8(i % 8) & 1)
                    var value = sign << (bits - 1)
                    var (plane, bit) = (0, 0)
                    if bits > 4 {
                        value |= Int(warm[i / 32 * 16 + i % 16] >> (i % 32 < 16 ? 0 : 4) & 15)
                        (plane, bit) = (width / 2, 4)
                    }
                    while bit < bits - 1 {
                        value |= Int(warm[plane + i / 8] >> UInt8(i % 8) & 1) << bit
                        plane += width / 8
                        bit += 1
                    }
                    return (sign, value)
                }
                hot.append(codes.map { Double($0.sign) - 0.5 })
                all.append(codes.map { Double($0.value) - Double((1 << bits) - 1) / 2 })
            }
        }
    }

    private func product(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }

    private func rotated(_ vector: [Float], _ model: PartitionModel) -> [Double] {
        var output = [Float](repeating: 0, count: model.paddedDimension)
        var span = output.mutableSpan
        model.rotation.rotate(vector.span, lessOrigin: model.origin.span, into: &span)
        return output.map { Double($0) }
    }

    @Test(arguments: [Metric.l2, .innerProduct], [1, 3, 6])
    func factorsAreThoseOfTheFormulas(metric: Metric, bits: Int) throws {
        let base = PartitionedFixture.vectors(300, 100, seed: 21, shift: 0.2)
        let built = try fixture.build(base, metric: metric, partitions: 5, bits: bits)
        let model = built.model
        let part = try Decoded(built.parts[0], width: 128, bits: bits)
        #expect(part.rows.sorted() == Array(0..<300))
        #expect(zip(part.partitions, part.partitions.dropFirst()).allSatisfy { $0 <= $1 })
        let origin = rotated(model.origin.map { 2 * $0 }, model)
        let weight = metric == .l2 ? 2.0 : 1.0
        for place in part.rows.indices {
            let centroid = model.centroids.row(part.partitions[place]).map { Double($0) }
            let residual = zip(rotated(base.row(part.rows[place]), model), centroid).map(-)
            let squared = product(residual, residual)
            let along = product(residual, zip(centroid, origin).map(+))
            for (code, factors) in [
                (part.hot[place], part.hotFactors[place]), (part.all[place], part.warmFactors[place]),
            ] {
                let (a, c) = (product(residual, code), product(centroid, code))
                let add = (metric == .l2 ? squared : -along) + weight * squared * c / a
                #expect(abs(factors[0] - add) < 1e-4)
                #expect(abs(factors[1] + weight * squared / a) < 1e-4)
            }
            let a = product(residual, part.hot[place])
            let error = weight * (squared * (squared * 32 / (a * a) - 1) / 127).squareRoot()
            #expect(abs(part.hotFactors[place][2] - error) < 1e-4)
        }
    }

    /// ε = 1.9 standard deviations to one side, and to both.
    @Test func boundsHoldForMostPairs() throws {
        let base = PartitionedFixture.vectors(600, 416, seed: 22)
        let built = try fixture.build(base, partitions: 6)
        let part = try Decoded(built.parts[0], width: 416, bits: 6)
        let queries = PartitionedFixture.vectors(25, 416, seed: 23)
        var (lower, both, pairs) = (0, 0, 0)
        for query in 0..<queries.rows {
            let q = rotated(queries.row(query), built.model)
            for place in part.rows.indices {
                let centroid = built.model.centroids.row(part.partitions[place]).map { Double($0) }
                let x = rotated(base.row(part.rows[place]), built.model)
                let difference = zip(q, centroid).map(-)
                let offset = product(difference, difference)
                let factors = part.hotFactors[place]
                let estimate = factors[0] + offset + factors[1] * product(part.hot[place], q)
                let spread = 1.9 * factors[2] * offset.squareRoot()
                let exact = zip(x, q).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
                pairs += 1
                if estimate - spread <= exact { lower += 1 }
                if abs(estimate - exact) <= spread { both += 1 }
            }
        }
        #expect(Double(lower) / Double(pairs) >= 0.965)
        #expect(Double(both) / Double(pairs) >= 0.935)
        // The bound is no wider than it has to be.
        #expect(Double(both) / Double(pairs) <= 0.965)
    }

    /// Estimates of one pair under many rotations scatter around the truth.
    @Test(arguments: [1, 4])
    func estimatesAreUnbiasedOverRotations(bits: Int) throws {
        let base = PartitionedFixture.vectors(20, 64, seed: 24)
        let query = PartitionedFixture.vectors(1, 64, seed: 25)
        let rotations = 300
        var sums = [Double](repeating: 0, count: 20)
        var squares = [Double](repeating: 0, count: 20)
        for seed in 0..<UInt64(rotations) {
            let index = try fixture.build(
                base, partitions: 1, bits: bits, seed: seed, workers: 1, name: "r"
            ).index
            for neighbour in try index.search(query, count: 20, probes: 1, workers: 1)[0] {
                let exact = -Double(squaredDistance(base.row(neighbour.row).span, query.row(0).span))
                sums[neighbour.row] += Double(neighbour.score) - exact
                squares[neighbour.row] += (Double(neighbour.score) - exact) * (Double(neighbour.score) - exact)
            }
        }
        for row in 0..<20 {
            let deviation = (squares[row] / Double(rotations)).squareRoot()
            #expect(abs(sums[row] / Double(rotations)) < 4 * deviation / Double(rotations).squareRoot())
        }
    }

    /// The error of an estimate is 2ℓ‖q − c‖√((ℓ²‖x̄‖²/A² − 1)/(n − 1)), and each bit about halves it.
    @Test func theSpreadFallsWithEachBit() throws {
        let base = PartitionedFixture.vectors(400, 128, seed: 26)
        let queries = PartitionedFixture.vectors(40, 128, seed: 27)
        var measured: [Double] = []
        for bits in 1...8 {
            let built = try fixture.build(base, partitions: 1, bits: bits, name: "b\(bits)")
            let part = try Decoded(built.parts[0], width: 128, bits: bits)
            let centroid = built.model.centroids.row(0).map { Double($0) }
            let (theory, places) = part.rows.indices.reduce(into: (0.0, [Int: Double]())) { sums, place in
                let residual = zip(rotated(base.row(part.rows[place]), built.model), centroid).map(-)
                let code = part.all[place]
                let squared = product(residual, residual)
                let a = product(residual, code)
                let variance = 4 * squared * (squared * product(code, code) / (a * a) - 1) / 127
                sums.0 += variance
                sums.1[part.rows[place]] = variance
            }
            #expect(places.count == 400 && theory > 0)
            var (error, predicted) = (0.0, 0.0)
            let found = try built.index.search(queries, count: 400, probes: 1, workers: 2)
            for (query, neighbours) in found.enumerated() {
                let q = rotated(queries.row(query), built.model)
                let squared = zip(q, centroid).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
                for neighbour in neighbours {
                    let exact = Double(squaredDistance(base.row(neighbour.row).span, queries.row(query).span))
                    error += (Double(neighbour.score) + exact) * (Double(neighbour.score) + exact)
                    predicted += squared * places[neighbour.row]!
                }
            }
            let ratio = (error / predicted).squareRoot()
            // Quantising the query adds a little, which tells once the codes are fine.
            #expect(ratio > 0.9 && ratio < (bits < 6 ? 1.1 : 2.5), "\(bits) bits: \(ratio)")
            measured.append(error.squareRoot())
        }
        for (coarse, fine) in zip(measured.prefix(5), measured.dropFirst()) { #expect(fine < 0.65 * coarse) }
    }
}
