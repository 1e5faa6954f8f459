internal import Kernels
internal import TensorFiles

/// Makes ``WeightFingerprint``s: one pass over the weights, block by block, on several threads.
///
/// No more than 128 MB of weights are in memory at a time, whatever the model's size. The result does not depend on the
/// number of threads.
package struct WeightFingerprinter: Sendable {
    /// What happens to a matrix that is all zeros, or holds a value that is not finite.
    package enum DamagePolicy: Sendable {
        /// Fingerprinting fails, naming the tensor.
        case refuse
        /// The matrix is left out and listed.
        case omit
    }

    package let workers: Int
    package let damagePolicy: DamagePolicy
    /// Called between blocks with the bytes done and the bytes in all.
    private let progress: @Sendable (_ done: Int, _ total: Int) -> Void

    private static let blockElements = 1 << 18
    private static let waveElements = 1 << 25
    private static let waveBlocks = 64

    package init(
        workers: Int, damagePolicy: DamagePolicy = .refuse,
        progress: @escaping @Sendable (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) {
        precondition(workers > 0)
        self.workers = workers
        self.damagePolicy = damagePolicy
        self.progress = progress
    }

    /// - Throws: ``LineageError/tensor(path:name:message:)`` for an all-zero matrix or a value that is not finite, unless
    ///   these are to be omitted; `model` when no matrix is left.
    /// - Complexity: one read of the weights; about 2 + 48²/columns operations an element.
    package func fingerprint(_ model: ModelWeights) throws(LineageError) -> WeightFingerprint {
        let roles = MatrixRoles(model.matrices.map { ($0.rows, $0.columns) })
        let units = try hiddenUnits(of: model, roles: roles)
        var omitted: [WeightFingerprint.Omission] = []
        var sums = model.matrices.map { MatrixSums($0, roles: roles, units: units) }
        try read(model, into: &sums, omitted: &omitted)
        var tensors: [TensorFingerprint] = []
        for (matrix, sums) in zip(model.matrices, sums) {
            if omitted.contains(where: { $0.name == matrix.name }) { continue }
            do throws(LineageError) {
                tensors.append(try finish(matrix, sums, roles: roles, model: model))
                model.release()
            } catch {
                try omit(matrix, because: error, &omitted)
            }
        }
        guard !tensors.isEmpty else {
            throw .model(
                path: model.path, message: "has no usable weight matrix; \(omitted.count) were left out as damaged")
        }
        return WeightFingerprint(units: units, tensors: tensors, omitted: omitted)
    }

    private func omit(
        _ matrix: WeightMatrix, because error: LineageError, _ omitted: inout [WeightFingerprint.Omission]
    ) throws(LineageError) {
        guard damagePolicy == .omit, case .tensor(_, _, let message) = error else { throw error }
        if !omitted.contains(where: { $0.name == matrix.name }) {
            omitted.append(WeightFingerprint.Omission(name: matrix.name, reason: message))
        }
    }

    // MARK: The pass

    private struct Block: Sendable {
        let matrix: Int
        let rows: Range<Int>
    }

    private func read(
        _ model: ModelWeights, into sums: inout [MatrixSums], omitted: inout [WeightFingerprint.Omission]
    ) throws(LineageError) {
        var blocks: [Block] = []
        for (index, matrix) in model.matrices.enumerated() {
            let rows = max(1, Self.blockElements / matrix.columns)
            for start in stride(from: 0, to: matrix.rows, by: rows) {
                blocks.append(Block(matrix: index, rows: start..<min(matrix.rows, start + rows)))
            }
        }
        let total = model.matrices.reduce(0) { $0 + $1.tensor.range.count }
        var done = 0
        var next = 0
        while next < blocks.count {
            var end = next
            var elements = 0
            while end < blocks.count, end - next < Self.waveBlocks, elements < Self.waveElements {
                elements += blocks[end].rows.count * model.matrices[blocks[end].matrix].columns
                end += 1
            }
            let wave = Array(blocks[next..<end])
            let plans = sums.map(\.plan)
            let results = Parallel.map(count: wave.count, blockSize: 1, workers: workers) { range in
                let block = wave[range.lowerBound]
                return Self.sums(of: block, matrix: model.matrices[block.matrix], plan: plans[block.matrix], model)
            }
            for (block, result) in zip(wave, results) {
                let matrix = model.matrices[block.matrix]
                switch result {
                case .success(let part): sums[block.matrix].add(part, rows: block.rows)
                case .failure(let error): try omit(matrix, because: error, &omitted)
                }
                done += block.rows.count * matrix.columns * matrix.tensor.elementType.size
            }
            model.release()
            progress(done, total)
            next = end
        }
    }

    private static func sums(
        of block: Block, matrix: WeightMatrix, plan: MatrixSums.Plan, _ model: ModelWeights
    ) -> Result<MatrixSums.Part, LineageError> {
        do throws(LineageError) {
            let weights = try matrix.read(rows: block.rows, of: model.files)
            return .success(MatrixSums.Part(weights, rows: block.rows, matrix: matrix, plan: plan))
        } catch {
            return .failure(error)
        }
    }

    // MARK: Its parts

    private func finish(
        _ matrix: WeightMatrix, _ sums: MatrixSums, roles: MatrixRoles, model: ModelWeights
    ) throws(LineageError) -> TensorFingerprint {
        guard sums.square > 0 else {
            throw .tensor(
                path: model.files[matrix.file].path, name: matrix.name,
                message: "\(matrix.tensor.shape) is all zeros; there is nothing to take a fingerprint of")
        }
        let positions = roles.positions(rows: matrix.rows, columns: matrix.columns)
        let tables = sums.tables()
        return TensorFingerprint(
            name: matrix.name, shape: matrix.tensor.shape, elementType: matrix.tensor.elementType.rawValue,
            rootMeanSquare: (sums.square / Double(matrix.rows * matrix.columns)).squareRoot(),
            isVocabulary: roles.isVocabulary(rows: matrix.rows, columns: matrix.columns), rows: matrix.rows,
            columns: matrix.columns,
            grid: try GridSample.scores(
                of: matrix, rows: positions.rows, columns: positions.columns, files: model.files),
            rowTable: tables.rows, columnTable: tables.columns)
    }

    /// The units of the input embedding; of two vocabulary matrices, the one whose pinned tokens have more energy.
    private func hiddenUnits(of model: ModelWeights, roles: MatrixRoles) throws(LineageError) -> HiddenUnits? {
        guard let hidden = roles.hidden else { return nil }
        var best: (energy: Double, embeddings: [Float], tokens: Int, name: String)?
        for matrix in model.matrices where roles.isVocabulary(rows: matrix.rows, columns: matrix.columns) {
            let tokens = WeightFormat.alignmentTokens(vocabulary: roles.vocabulary!)
            var embeddings: [Float] = []
            if matrix.columns == hidden {
                for token in tokens { embeddings += try matrix.read(rows: token..<token + 1, of: model.files) }
            } else {
                embeddings = [Float](repeating: 0, count: tokens.count * hidden)
                for unit in 0..<hidden {
                    let row = try matrix.read(rows: unit..<unit + 1, of: model.files)
                    for (index, token) in tokens.enumerated() { embeddings[index * hidden + unit] = row[token] }
                    if unit % 64 == 63 { model.release() }
                }
            }
            let energy = embeddings.reduce(0.0) { $0 + Double($1) * Double($1) }
            if energy > best?.energy ?? 0 { best = (energy, embeddings, tokens.count, matrix.name) }
        }
        guard let best else { return HiddenUnits(hidden: hidden) }
        return HiddenUnits(
            embeddings: best.embeddings, tokens: best.tokens, hidden: hidden, source: best.name)
    }
}
