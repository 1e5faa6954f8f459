internal import ArgumentParser
internal import Foundation
internal import Kernels
internal import Storage
internal import TensorFiles

/// As many vectors as one wants from a file of real ones, with nearest neighbours as far away as theirs.
///
/// Row c·n + i is row i of the base's n rows, mirrored in principal axes that the seed draws for copy c: each axis with
/// probability `share`, but never the first, along which the mean lies; copy 0 is the base itself. A mirror image keeps
/// lengths, and all distances within its copy, and all copies together have the base's second moments. From copy to copy a
/// row moves by twice its part along the axes in which they differ: further than its neighbours are, for most rows, and
/// less far than a row drawn at random, so that copies reach into each other.
///
/// Noise around each row cannot do this: twenty copies at one distance from each other put ten neighbours where the base
/// has one, or all neighbours where it has the tenth.
struct PerturbCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "perturb",
        abstract: "Writes many vectors made from real ones, with nearest neighbours as far away as theirs, as .fbin.")

    @Argument(help: "Real vectors.") var base: String
    @Argument(help: "The .fbin to write.") var output: String
    @Option var rows = 10_000_000
    @Option(help: "How likely a copy is mirrored in a principal axis.") var share: Float = 0.25
    @Option var seed: UInt64 = 1
    @Option var threads = 2

    private static let blockRows = 65_536

    func validate() throws {
        guard rows > 0, rows <= Int(UInt32.max) else { throw ValidationError("--rows is \(rows); expected 1 or more") }
        guard (0...1).contains(share) else { throw ValidationError("--share is \(share); expected 0 to 1") }
    }

    func run() throws {
        BLAS.setThreads(1)
        let vectors = try VectorFile(path: base)
        guard vectors.rows > 0 else { throw ValidationError("'\(base)' has no vectors") }
        let dimension = vectors.dimension
        let axes = try PrincipalAxes(of: vectors, sample: Self.blockRows, seed: seed)
        let sink = try ByteSink(path: output)
        try sink.write([UInt32(rows), UInt32(dimension)].span.rawBytes)
        for (copy, first) in stride(from: 0, to: rows, by: vectors.rows).enumerated() {
            FileHandle.standardError.write(Data("\(base): copy \(copy), \(first) of \(rows) rows\n".utf8))
            let mirror = mirror(copy: copy, axes)
            let count = min(vectors.rows, rows - first)
            for start in stride(from: 0, to: count, by: Self.blockRows) {
                var block = try vectors.read(rows: start..<min(count, start + Self.blockRows))
                if let mirror { block = image(of: block, mirror) }
                try sink.write(block.span.rawBytes)
            }
        }
        try sink.finish()
    }

    /// The matrix of a copy's mirror image, which is symmetric; nil for the base itself.
    private func mirror(copy: Int, _ axes: PrincipalAxes) -> Matrix? {
        guard copy > 0 else { return nil }
        var generator = SeededGenerator(seed: seed, stream: UInt64(copy))
        return axes.mirror((1..<axes.dimension).filter { _ in generator.uniform() < share })
    }

    private func image(of block: [Float], _ mirror: Matrix) -> [Float] {
        let dimension = mirror.columns
        var image = [Float](repeating: 0, count: block.count)
        var span = image.mutableSpan
        Parallel.fill(
            &span, width: dimension, count: block.count / dimension, blockSize: 1024, workers: threads
        ) { rows, part in
            blockDots(
                block.span.extracting(rows.lowerBound * dimension..<rows.upperBound * dimension), rows: rows.count,
                mirror.elements.span, count: dimension, dimension: dimension, into: &part)
        }
        return image
    }
}

/// The eigenvectors of a sample's second moments (not centred, so that the first is mostly the mean).
private struct PrincipalAxes {
    let dimension: Int
    /// `[dimension × dimension]`, an axis in each row, by falling moment.
    private let axes: [Double]

    init(of vectors: VectorFile, sample: Int, seed: UInt64) throws {
        dimension = vectors.dimension
        var generator = SeededGenerator(seed: seed)
        var elements: [Float] = []
        for row in generator.sample(sample, below: vectors.rows) {
            elements += try vectors.read(rows: row..<row + 1)
        }
        var moments = [Float](repeating: 0, count: dimension * dimension)
        var span = moments.mutableSpan
        BLAS.multiply(
            elements.span, transposeA: true, elements.span, into: &span, m: dimension, n: dimension,
            k: elements.count / dimension)
        axes = BLAS.symmetricEigen(moments.map { Double($0) }, n: dimension).vectors
    }

    /// I − 2 Σ u·uᵀ over the chosen axes u.
    func mirror(_ chosen: [Int]) -> Matrix {
        var sum = [Double](repeating: 0, count: dimension * dimension)
        for i in 0..<dimension {
            sum[i * dimension + i] = 1
            for axis in chosen {
                let factor = 2 * axes[axis * dimension + i]
                for j in 0..<dimension { sum[i * dimension + j] -= factor * axes[axis * dimension + j] }
            }
        }
        return Matrix(rows: dimension, columns: dimension, elements: sum.map { Float($0) })
    }
}
