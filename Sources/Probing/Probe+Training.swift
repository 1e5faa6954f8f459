package import Kernels

/// How a probe is trained.
package struct ProbeTraining: Sendable, Hashable {
    /// The factor of `‖θ‖² / 2` in the objective `mean loss + l2·‖θ‖²/2`, biases included; it makes the linear probe's
    /// objective strictly convex, and its Hessian is that of the loss plus l2·I.
    package var l2: Double
    package var optimizer: LBFGS

    package init(l2: Double = 1e-4, optimizer: LBFGS = LBFGS()) {
        self.l2 = l2
        self.optimizer = optimizer
    }
}

/// How a training went.
package struct TrainingReport: Sendable, Hashable, Codable {
    /// The mean cross entropy of the sample, without the regularisation, in nats.
    package let loss: Double
    /// The share of the sample whose label the probe gives.
    package let accuracy: Double
    package let iterations: Int
    package let evaluations: Int
    package let converged: Bool
    /// The greatest absolute component of the objective's gradient at the end.
    package let gradientNorm: Double

    package init(
        loss: Double, accuracy: Double, iterations: Int, evaluations: Int, converged: Bool, gradientNorm: Double
    ) {
        self.loss = loss
        self.accuracy = accuracy
        self.iterations = iterations
        self.evaluations = evaluations
        self.converged = converged
        self.gradientNorm = gradientNorm
    }
}

extension Probe {
    /// Trains the parameters, from where they are, by L-BFGS on a sample held in memory. The result does not depend on
    /// `workers`: rows are split into fixed blocks whose gradients are added in order, in double precision.
    ///
    /// - Parameters:
    ///   - sample: `[rows × dimension]`.
    ///   - labels: `[rows]`, each below ``classes``.
    /// - Throws: `tooFewClasses`, `labelCount`, `dimensionMismatch`, `labelOutOfRange`, `noRows`, `notFinite`.
    /// - Complexity: two products of `sample` with the parameters for each evaluation.
    package mutating func train(
        sample: Matrix, labels: [UInt32], _ training: ProbeTraining = ProbeTraining(), workers: Int = 1
    ) throws(ProbingError) -> TrainingReport {
        guard classes > 1 else { throw .tooFewClasses(classes) }
        guard sample.rows == labels.count else { throw .labelCount(rows: sample.rows, labels: labels.count) }
        guard sample.columns == dimension else { throw .dimensionMismatch(expected: dimension, found: sample.columns) }
        try validate(sample.elements.span, labels: labels.span)
        var probe = self
        let result: LBFGS.Result
        do throws(LBFGS.Failure) {
            result = try training.optimizer.minimize(from: parameters.map(Double.init)) { point in
                probe.parameters = point.map { Float($0) }
                return probe.objective(sample: sample, labels: labels, l2: training.l2, point, workers: workers)
            }
        } catch {
            switch error {
            case .notFinite(let iteration): throw .notFinite(iteration: iteration)
            }
        }
        parameters = result.point.map { Float($0) }
        let (loss, accuracy) = try self.loss(sample.elements.span, labels: labels.span, workers: workers)
        return TrainingReport(
            loss: loss, accuracy: accuracy, iterations: result.iterations, evaluations: result.evaluations,
            converged: result.converged, gradientNorm: result.gradientNorm)
    }

    /// The objective and its gradient at the parameters, `point` being those in double precision.
    private func objective(
        sample: Matrix, labels: [UInt32], l2: Double, _ point: [Double], workers: Int
    ) -> (value: Double, gradient: [Double]) {
        let rows = sample.elements.span
        let labelSpan = labels.span
        // At most 16 partial gradients are held at once; part of the order of summation.
        let blockSize = max(512, (labels.count + 15) / 16)
        let dimension = dimension
        let parts = Parallel.map(count: labels.count, blockSize: blockSize, workers: workers) { range in
            sumOfGradients(
                rows.extracting(range.lowerBound * dimension..<range.upperBound * dimension),
                labels: labelSpan.extracting(range))
        }
        let share = 1 / Double(labels.count)
        var value = parts.reduce(0) { $0 + $1.loss } * share
        var gradient = [Double](repeating: 0, count: parameterCount)
        for part in parts {
            for i in gradient.indices { gradient[i] += Double(part.gradient[i]) }
        }
        for i in gradient.indices {
            gradient[i] = gradient[i] * share + l2 * point[i]
            value += l2 / 2 * point[i] * point[i]
        }
        return (value, gradient)
    }

    private func sumOfGradients(
        _ rows: Span<Float>, labels: Span<UInt32>
    ) -> (gradient: [Float], loss: Double) {
        var gradient = [Float](repeating: 0, count: parameterCount)
        var loss = 0.0
        // As many rows as stay in the second-level cache between the forward and the backward product.
        let step = max(12, 65_536 / max(1, dimension))
        for start in stride(from: 0, to: labels.count, by: step) {
            let end = min(labels.count, start + step)
            let block = rows.extracting(start * dimension..<end * dimension)
            let result = backward(block, labels: labels.extracting(start..<end))
            result.factors.addSum(to: &gradient, embeddings: block, dimension: dimension)
            loss += result.loss
        }
        return (gradient, loss)
    }
}

extension GradientFactors {
    /// Adds the sum of the samples' gradients to `gradient` `[p]`.
    ///
    /// - Parameter embeddings: row-major `[count × dimension]`.
    package func addSum(to gradient: inout [Float], embeddings: Span<Float>, dimension: Int) {
        var offset = 0
        for layer in layers {
            let outputs = layer.delta.columns
            let inputs = layer.inputs?.columns ?? dimension
            let shape = LayerShape(outputs: outputs, inputs: inputs)
            var span = gradient.mutableSpan
            var part = span._mutatingExtracting(offset..<offset + shape.parameterCount)
            if let activations = layer.inputs {
                addOuterProducts(
                    layer.delta.elements.span, count: outputs, activations.elements.span, rows: count,
                    dimension: inputs,
                    to: &part, strideG: inputs + 1)
            } else {
                addOuterProducts(
                    layer.delta.elements.span, count: outputs, embeddings, rows: count, dimension: inputs, to: &part,
                    strideG: inputs + 1)
            }
            for row in 0..<count {
                for output in 0..<outputs {
                    part[output * (inputs + 1) + inputs] += layer.delta.elements[row * outputs + output]
                }
            }
            offset += shape.parameterCount
        }
    }
}
