package import Kernels

/// A linear map of embeddings to unit vectors in which rows of one source are near one another.
package struct ContrastiveHead: Sendable, Hashable {
    /// W, `[outputs × d]`.
    package private(set) var weights: Matrix

    package init(weights: Matrix) { self.weights = weights }

    /// The identity where there are as many outputs as inputs, so that training starts from the embeddings' cosines;
    /// otherwise normals of variance 1/outputs, which keep them nearly.
    package init(dimension: Int, outputs: Int, seed: UInt64) {
        weights = Matrix(rows: outputs, columns: dimension)
        if outputs == dimension {
            for index in 0..<dimension { weights[index, index] = 1 }
        } else {
            var generator = SeededGenerator(seed: seed, stream: 0xead)
            let scale = 1 / Float(outputs).squareRoot()
            for index in weights.elements.indices { weights.elements[index] = scale * generator.normal() }
        }
    }

    /// W·e of each row at unit length, `[rows × outputs]`; zeros stay zeros.
    package func project(_ rows: Matrix, workers: Int) -> Matrix { product(rows, workers: workers).normalised }

    /// The loss on a batch and its derivative by W, `[outputs × d]`.
    package func loss(
        _ rows: Matrix, sources: [Int], temperature: Float, workers: Int
    ) -> (value: Double, gradient: Matrix) {
        let product = product(rows, workers: workers)
        let unit = product.normalised
        let loss = ContrastiveLoss(unit, sources: sources, temperature: temperature, workers: workers)
        // Through u/‖u‖: what is along z does not count.
        var derivative = loss.gradient
        for row in 0..<rows.rows {
            let range = unit.range(ofRow: row)
            let z = unit.elements.span.extracting(range)
            let u = product.elements.span.extracting(range)
            let length = dot(u, u).squareRoot()
            let along = dot(z, derivative.elements.span.extracting(range))
            for index in range {
                derivative.elements[index] =
                    length > 0 ? (derivative.elements[index] - along * unit.elements[index]) / length : 0
            }
        }
        var gradient = Matrix(rows: weights.rows, columns: weights.columns)
        var span = gradient.elements.mutableSpan
        addOuterProducts(
            derivative.elements.span, count: weights.rows, rows.elements.span, rows: rows.rows,
            dimension: rows.columns, to: &span)
        return (loss.value, gradient)
    }

    package mutating func step(_ optimizer: inout Adam, _ gradient: Matrix) {
        optimizer.step(&weights.elements, gradient.elements)
    }

    private func product(_ rows: Matrix, workers: Int) -> Matrix {
        let width = rows.columns
        var result = Matrix(rows: rows.rows, columns: weights.rows)
        var span = result.elements.mutableSpan
        Parallel.fill(&span, width: weights.rows, count: rows.rows, blockSize: 64, workers: workers) { block, part in
            blockDots(
                rows.elements.span.extracting(block.lowerBound * width..<block.upperBound * width), rows: block.count,
                weights.elements.span, count: weights.rows, dimension: width, into: &part)
        }
        return result
    }
}

/// Adam with the usual constants.
///
/// Source: Kingma & Ba, 2015, arXiv 1412.6980, algorithm 1.
package struct Adam: Sendable {
    package let rate: Float
    private var first: [Float]
    private var second: [Float]
    private var firstPower: Float = 1
    private var secondPower: Float = 1

    package init(rate: Float, parameters: Int) {
        self.rate = rate
        first = [Float](repeating: 0, count: parameters)
        second = first
    }

    package mutating func step(_ parameters: inout [Float], _ gradient: [Float]) {
        firstPower *= 0.9
        secondPower *= 0.999
        for index in parameters.indices {
            first[index] = 0.9 * first[index] + 0.1 * gradient[index]
            second[index] = 0.999 * second[index] + 0.001 * gradient[index] * gradient[index]
            let length = (second[index] / (1 - secondPower)).squareRoot() + 1e-8
            parameters[index] -= rate * (first[index] / (1 - firstPower)) / length
        }
    }
}
