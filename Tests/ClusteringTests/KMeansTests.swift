import Clustering
import Kernels
import Testing

@Suite struct KMeansTests {
    /// `count` points around each of `centers` corners of a simplex, in `dimension` dimensions.
    private func blobs(_ centers: Int, count: Int, dimension: Int, spread: Float, seed: UInt64) -> Matrix {
        var generator = SeededGenerator(seed: seed)
        var matrix = Matrix(rows: centers * count, columns: dimension)
        for row in 0..<matrix.rows {
            for column in 0..<dimension {
                matrix[row, column] = spread * generator.normal() + (column == row % centers ? 10 : 0)
            }
        }
        return matrix
    }

    @Test func `finds well separated clusters`() throws {
        let sample = blobs(6, count: 200, dimension: 17, spread: 0.3, seed: 1)
        let model = try KMeans.train(sample: sample, clusters: 6, seed: 5)
        #expect(model.converged && model.repairs == 0 && model.centroids.rows == 6)
        let assignment = try model.assigner.assign(sample)
        // Rows of one corner share a label, and the corners' labels differ.
        #expect((0..<sample.rows).allSatisfy { assignment.labels[$0] == assignment.labels[$0 % 6] })
        #expect(Set(assignment.labels.prefix(6)).count == 6)
        #expect(abs(model.inertia.last! / Double(sample.rows) - 17 * 0.09) < 0.1)
    }

    @Test func `inertia never rises, and is the mean distance of the naive assignment`() throws {
        let sample = blobs(8, count: 150, dimension: 33, spread: 4, seed: 2)
        let model = try KMeans.train(sample: sample, clusters: 13, seed: 6, iterations: 12, tolerance: 0)
        for (before, after) in zip(model.inertia, model.inertia.dropFirst()) { #expect(after <= before * (1 + 1e-6)) }
        let assignment = try model.assigner.assign(sample)
        for row in stride(from: 0, to: sample.rows, by: 7) {
            let distances = (0..<13).map { cluster in
                (0..<33).reduce(0.0) { sum, column in
                    let difference = Double(sample[row, column] - model.centroids[cluster, column])
                    return sum + difference * difference
                }
            }
            #expect(abs(Double(assignment.distances[row]) - distances.min()!) < 1e-3)
            #expect(distances[Int(assignment.labels[row])] < distances.min()! + 1e-3)
        }
    }

    @Test func `the result does not depend on the number of workers`() throws {
        let sample = blobs(5, count: 2000, dimension: 20, spread: 5, seed: 3)
        let one = try KMeans.train(sample: sample, clusters: 9, seed: 7, iterations: 6, workers: 1)
        let three = try KMeans.train(sample: sample, clusters: 9, seed: 7, iterations: 6, workers: 3)
        #expect(one == three)
        #expect(try one.assigner.assign(sample, workers: 1) == one.assigner.assign(sample, workers: 4))
        let other = try KMeans.train(sample: sample, clusters: 9, seed: 8, iterations: 6, workers: 1)
        #expect(one.centroids != other.centroids)
    }

    @Test func `fewer distinct rows than clusters give a centroid for each`() throws {
        let elements: [Float] = (0..<40).flatMap { row -> [Float] in [Float(row % 3), 1] }
        let model = try KMeans.train(sample: Matrix(rows: 40, columns: 2, elements: elements), clusters: 8, seed: 1)
        #expect(model.centroids.rows == 3)
        #expect(Set((0..<3).map { model.centroids[$0, 0] }) == [0, 1, 2])
        #expect(model.inertia.last == 0 && model.converged)
    }

    @Test func `identical rows are one cluster`() throws {
        let sample = Matrix(rows: 20, columns: 3, repeating: 0.5)
        let model = try KMeans.train(sample: sample, clusters: 4, seed: 1)
        #expect(model.centroids == Matrix(rows: 1, columns: 3, repeating: 0.5))
    }

    @Test func `an empty cluster gets the farthest row`() throws {
        let sample = Matrix(rows: 5, columns: 1, elements: [0, 1, 2, 3, 50])
        // The second centroid is nobody's nearest; row 4 is the farthest from the first.
        let centroids = Matrix(rows: 2, columns: 1, elements: [1, 1000])
        var pass = LloydPass(sample, centroids: centroids, workers: 1)
        #expect(pass.repairEmptyClusters(sample) == 1)
        #expect(pass.means(keeping: centroids).elements == [1.5, 50])
        #expect(pass.assignment.labels == [0, 0, 0, 0, 1])
        // Nothing to move when every row lies on its centroid.
        let still = Matrix(rows: 2, columns: 1, repeating: 1)
        pass = LloydPass(still, centroids: centroids, workers: 1)
        #expect(pass.repairEmptyClusters(still) == 0)
        #expect(pass.means(keeping: centroids) == centroids)
    }

    @Test func `impossible input is refused`() {
        #expect(throws: ClusteringError.tooFewRows(rows: 3, clusters: 4)) {
            try KMeans.train(sample: Matrix(rows: 3, columns: 2), clusters: 4, seed: 1)
        }
        var sample = blobs(2, count: 4000, dimension: 3, spread: 1, seed: 4)
        sample[7000, 2] = .nan
        sample[7500, 0] = .infinity
        #expect(throws: ClusteringError.notFinite(row: 7000)) {
            try KMeans.train(sample: sample, clusters: 2, seed: 1, workers: 2)
        }
        let assigner = CentroidAssigner(centroids: Matrix(rows: 2, columns: 3, elements: [0, 0, 0, 1, 1, 1]))
        #expect(throws: ClusteringError.notFinite(row: 7000)) { try assigner.assign(sample, workers: 2) }
        #expect(throws: ClusteringError.dimensionMismatch(expected: 3, found: 4)) {
            try assigner.assign(Matrix(rows: 2, columns: 4))
        }
        #expect(throws: Never.self) { try assigner.assign(Matrix(rows: 0, columns: 3)) }
    }
}
