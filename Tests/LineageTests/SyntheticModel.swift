import Foundation
import Kernels
import Lineage

/// Tensors that a test makes, changes and writes as safetensors.
struct SyntheticModel {
    struct Tensor {
        var name: String
        var rows: Int
        var columns: Int
        var values: [Float]

        subscript(row: Int, column: Int) -> Float {
            get { values[row * columns + column] }
            set { values[row * columns + column] = newValue }
        }

        /// The rows and columns of those numbers, in their order.
        func taking(rows: [Int]? = nil, columns: [Int]? = nil) -> Tensor {
            let (rowList, columnList) = (rows ?? Array(0..<self.rows), columns ?? Array(0..<self.columns))
            var result = Tensor(name: name, rows: rowList.count, columns: columnList.count, values: [])
            for row in rowList { for column in columnList { result.values.append(self[row, column]) } }
            return result
        }

        var transposed: Tensor {
            var result = Tensor(name: name, rows: columns, columns: rows, values: [])
            for column in 0..<columns { for row in 0..<rows { result.values.append(self[row, column]) } }
            return result
        }
    }

    var tensors: [Tensor]
    static let hidden = 96
    static let inner = 256
    static let vocabulary = 2048

    /// An embedding and `layers` layers of attention and feed-forward matrices, of independent normal numbers with a
    /// shared structure: a mean row, and token classes that every model agrees about, as trained models do.
    init(seed: UInt64, layers: Int = 3) {
        var generator = SeededGenerator(seed: seed)
        func matrix(_ name: String, _ rows: Int, _ columns: Int) -> Tensor {
            Tensor(
                name: name, rows: rows, columns: columns,
                values: (0..<rows * columns).map { _ in 0.05 * generator.normal() })
        }
        tensors = [matrix("model.embed_tokens.weight", Self.vocabulary, Self.hidden)]
        // Classes: the tokens of one share a direction, which is the model's own.
        let directions = matrix("", 8, Self.hidden)
        for token in 0..<Self.vocabulary {
            for unit in 0..<Self.hidden { tensors[0][token, unit] += 2 * directions[token % 8, unit] }
        }
        for layer in 0..<layers {
            for name in ["q_proj", "k_proj", "v_proj", "o_proj"] {
                tensors.append(matrix("model.layers.\(layer).self_attn.\(name).weight", Self.hidden, Self.hidden))
            }
            tensors.append(matrix("model.layers.\(layer).mlp.up_proj.weight", Self.inner, Self.hidden))
            tensors.append(matrix("model.layers.\(layer).mlp.down_proj.weight", Self.hidden, Self.inner))
        }
    }

    func mapped(_ change: (Tensor) -> Tensor) -> SyntheticModel {
        var copy = self
        copy.tensors = tensors.map(change)
        return copy
    }

    /// Every value plus a share of the matrix's deviation in noise.
    func noisy(_ share: Float, seed: UInt64) -> SyntheticModel {
        var generator = SeededGenerator(seed: seed)
        return mapped { tensor in
            var result = tensor
            let square = tensor.values.reduce(0) { $0 + $1 * $1 } / Float(tensor.values.count)
            for index in result.values.indices {
                result.values[index] += share * square.squareRoot() * generator.normal()
            }
            return result
        }
    }

    /// Neurons of each feed-forward part in another order and scale; the function stays the same without a nonlinearity.
    func permutingNeurons(seed: UInt64, scaling: Bool) -> SyntheticModel {
        var generator = SeededGenerator(seed: seed)
        let order = Array(0..<Self.inner).shuffled(using: &generator)
        let scales = order.map { _ in scaling ? Float(0.2) + 3 * generator.uniform() : 1 }
        return mapped { tensor in
            if tensor.name.hasSuffix("up_proj.weight") {
                var result = tensor.taking(rows: order)
                for row in 0..<Self.inner { for column in 0..<result.columns { result[row, column] *= scales[row] } }
                return result
            }
            guard tensor.name.hasSuffix("down_proj.weight") else { return tensor }
            var result = tensor.taking(columns: order)
            for row in 0..<result.rows { for column in 0..<Self.inner { result[row, column] /= scales[column] } }
            return result
        }
    }

    /// Hidden units in another order, and some with the other sign, in everything that reads or writes the stream.
    func permutingHiddenUnits(seed: UInt64) -> SyntheticModel {
        var generator = SeededGenerator(seed: seed)
        let order = Array(0..<Self.hidden).shuffled(using: &generator)
        let signs = order.map { _ in generator.uniform() < 0.5 ? Float(-1) : 1 }
        return mapped { tensor in
            let writes = tensor.name.hasSuffix("o_proj.weight") || tensor.name.hasSuffix("down_proj.weight")
            var result = writes ? tensor.taking(rows: order) : tensor.taking(columns: order)
            for row in 0..<result.rows {
                for column in 0..<result.columns { result[row, column] *= signs[writes ? row : column] }
            }
            return result
        }
    }

    // MARK: Files

    enum Storage: String {
        case float32 = "F32"
        case float16 = "F16"
        case brainFloat16 = "BF16"
        case float64 = "F64"
    }

    /// The bytes of a safetensors file.
    func bytes(as storage: Storage = .float32) -> [UInt8] {
        TensorBytes.file(
            tensors.map { tensor in
                (
                    tensor.name, storage.rawValue, [tensor.rows, tensor.columns],
                    TensorBytes.encode(tensor.values, storage)
                )
            })
    }
}

/// Safetensors by hand.
enum TensorBytes {
    static func file(_ tensors: [(name: String, type: String, shape: [Int], data: [UInt8])]) -> [UInt8] {
        var (entries, data): ([String], [UInt8]) = ([], [])
        for tensor in tensors {
            let shape = tensor.shape.map { "\($0)" }.joined(separator: ",")
            entries.append(
                #""\#(tensor.name)":{"dtype":"\#(tensor.type)","shape":[\#(shape)],"data_offsets":[\#(data.count),\#(data.count + tensor.data.count)]}"#
            )
            data += tensor.data
        }
        let header = Array("{\(entries.joined(separator: ","))}".utf8)
        return littleEndian(UInt64(header.count)) + header + data
    }

    static func encode(_ values: [Float], _ storage: SyntheticModel.Storage) -> [UInt8] {
        switch storage {
        case .float32: values.flatMap { littleEndian($0.bitPattern) }
        case .float16: values.flatMap { littleEndian(Float16($0).bitPattern) }
        case .brainFloat16: values.flatMap { littleEndian(UInt16($0.bitPattern >> 16)) }
        case .float64: values.flatMap { littleEndian(Double($0).bitPattern) }
        }
    }

    static func littleEndian<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
        (0..<T.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> (8 * T($0))) }
    }
}

/// A folder that goes with its owner.
final class ModelFolder {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "gradprint-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    @discardableResult
    func write(_ bytes: [UInt8], as name: String = "model.safetensors") throws -> String {
        let file = "\(path)/\(name)"
        try Data(bytes).write(to: URL(filePath: file))
        return file
    }
}

extension SyntheticModel {
    /// The `weights` fingerprint of the model as a file.
    func fingerprint(as storage: Storage = .float32, workers: Int = 1) throws -> WeightFingerprint {
        let folder = try ModelFolder()
        try folder.write(bytes(as: storage))
        return try WeightFingerprinter(workers: workers).fingerprint(ModelWeights(path: folder.path))
    }
}

extension SyntheticModel {
    func tensor(_ name: String) -> Tensor? { tensors.first { $0.name == name } }
}
