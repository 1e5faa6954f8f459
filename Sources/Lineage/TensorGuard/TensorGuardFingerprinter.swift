internal import Foundation
internal import Kernels
internal import TensorFiles

/// Makes ``TensorGuardFeatures`` as the published code does, up to its random numbers, which are torch's and NumPy's.
///
/// It reads the chosen matrices only, at most twelve, twice each: once for the adversarial input's gradient, once for the
/// five products y = x Wᵀ.
package struct TensorGuardFingerprinter: Sendable {
    /// Inputs drawn for each matrix.
    package static let samples = 15
    private static let epsilon: Float = 0.03
    private static let blockElements = 1 << 20
    private static let waveBlocks = 16
    package let workers: Int

    package init(workers: Int) { self.workers = workers }

    /// - Parameter omitting: tensors that are taken as absent.
    /// - Throws: ``LineageError/tensor(path:name:message:)`` for an all-zero matrix or a value that is not finite.
    package func fingerprint(
        _ model: ModelWeights, omitting: Set<String> = []
    ) throws(LineageError) -> TensorGuardFeatures {
        // The published code takes tensors with exactly two axes.
        let readable = model.matrices.filter {
            $0.tensor.shape.count == 2 && LayerSelection.isRead($0.name) && !omitting.contains($0.name)
        }
        guard !readable.isEmpty else {
            throw .model(path: model.path, message: "has no tensor with two axes, which the tensorguard method needs")
        }
        let chosen = LayerSelection.choose(readable.map(\.name))
        var generator = SeededGenerator(seed: 0, stream: 2)
        var statistics: [(kind: LayerSelection.Kind, moments: [Double])] = []
        var inputs: [Int: [[Float]]] = [:]
        for name in chosen {
            let matrix = readable.first { $0.name == name }!
            let draws = Perturbation.draws(Self.samples, generator: &generator)
            if inputs[matrix.columns] == nil {
                let first = readable.first { $0.columns == matrix.columns }!
                inputs[matrix.columns] = try self.inputs(count: matrix.columns, first: first, model: model)
            }
            let outputs = try products(inputs[matrix.columns]!, matrix, model)
            var sums = [0.0, 0, 0, 0, 0]
            for kind in Perturbation.allCases where draws[kind.rawValue] > 0 {
                let y = outputs[kind.rawValue]
                guard y.contains(where: { $0 != 0 }) else {
                    throw .tensor(
                        path: model.files[matrix.file].path, name: name,
                        message: "\(matrix.tensor.shape) is all zeros; its gradient does not exist")
                }
                let moments = GradientMoments(y: y, x: inputs[matrix.columns]![kind.rawValue])
                let values = [
                    moments.mean, moments.standardDeviation, moments.norm, moments.skewness, moments.kurtosis,
                ]
                for (index, value) in values.enumerated() { sums[index] += Double(draws[kind.rawValue]) * value }
            }
            statistics.append((LayerSelection.statisticsKind(name), sums.map { $0 / Double(Self.samples) }))
        }
        return Self.features(statistics)
    }

    private static func features(_ statistics: [(kind: LayerSelection.Kind, moments: [Double])]) -> TensorGuardFeatures
    {
        func mean(_ index: Int, _ kind: LayerSelection.Kind?) -> Double {
            let values = statistics.filter { kind == nil || $0.kind == kind }.map { $0.moments[index] }
            return values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
        }
        var values = (0..<5).map { mean($0, nil) }
        for kind in [LayerSelection.Kind.attention, .feedForward, .embedding] {
            values += (0..<3).map { mean($0, kind) }
        }
        return TensorGuardFeatures(values: values)
    }

    /// The five inputs for matrices of `count` columns.
    ///
    /// - Parameter first: the first matrix with that many columns, which the adversarial step is taken on.
    private func inputs(count: Int, first: WeightMatrix, model: ModelWeights) throws(LineageError) -> [[Float]] {
        var inputs = Perturbation.allCases.map { Perturbation.disturbed($0, count: count) }
        var (x, generator) = Perturbation.input(count)
        let target = generator.integer(below: first.rows)
        let logits = try products([x], first, model)[0]
        let highest = logits.max()!
        var errors = logits.map { exp($0 - highest) }
        let total = errors.reduce(0, +)
        for index in errors.indices { errors[index] = errors[index] / total - (index == target ? 1 : 0) }
        // The cross entropy's gradient with respect to x: (softmax − onehot) W.
        var gradient = [Double](repeating: 0, count: count)
        let rows = max(1, Self.blockElements / count)
        for start in stride(from: 0, to: first.rows, by: rows) {
            let range = start..<min(first.rows, start + rows)
            let weights = try first.read(rows: range, of: model.files)
            for row in range {
                let error = errors[row]
                let base = (row - start) * count
                for column in 0..<count { gradient[column] += error * Double(weights[base + column]) }
            }
            model.release()
        }
        for index in 0..<count {
            x[index] += gradient[index] > 0 ? Self.epsilon : gradient[index] < 0 ? -Self.epsilon : 0
        }
        inputs[Perturbation.adversarial.rawValue] = x
        return inputs
    }

    /// y = x Wᵀ for each input, `[rows]`.
    private func products(
        _ inputs: [[Float]], _ matrix: WeightMatrix, _ model: ModelWeights
    ) throws(LineageError) -> [[Double]] {
        let rows = max(1, Self.blockElements / matrix.columns)
        var outputs = [[Double]](repeating: [], count: inputs.count)
        for start in stride(from: 0, to: matrix.rows, by: rows * Self.waveBlocks) {
            let wave = start..<min(matrix.rows, start + rows * Self.waveBlocks)
            let blocks = Parallel.map(count: wave.count, blockSize: rows, workers: workers) { range in
                Result { () throws(LineageError) -> [Float] in
                    let lines = start + range.lowerBound..<start + range.upperBound
                    let weights = try matrix.read(rows: lines, of: model.files)
                    var out: [Float] = []
                    for row in 0..<range.count {
                        let line = weights.span.extracting(row * matrix.columns..<(row + 1) * matrix.columns)
                        for x in inputs { out.append(dot(line, x.span)) }
                    }
                    return out
                }
            }
            for block in blocks {
                let values = try block.get()
                for index in values.indices { outputs[index % inputs.count].append(Double(values[index])) }
            }
            model.release()
        }
        return outputs
    }
}
