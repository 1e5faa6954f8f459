import Foundation
import Kernels
import Lineage
import TensorFiles
import Testing

/// What is opened, what is refused, and what the refusal says.
@Suite struct ModelFileTests {
    private static let model = SyntheticModel(seed: 1, layers: 2)

    private func failure(_ bytes: [UInt8]) throws -> String {
        let folder = try ModelFolder()
        try folder.write(bytes)
        let error = #expect(throws: LineageError.self) {
            try ModelFingerprint(ModelWeights(path: folder.path), workers: 1)
        }
        return error?.description ?? ""
    }

    @Test func damagedWeightsAreNamed() throws {
        for (value, word) in [(Float.nan, "nan"), (.infinity, "inf")] {
            var model = Self.model
            model.tensors[3].values[96 * 5 + 7] = value
            let message = try failure(model.bytes())
            #expect(message.contains("layers.0.self_attn.v_proj") && message.contains("row 5, column 7"), "\(message)")
            #expect(message.contains(word))
        }
        var model = Self.model
        model.tensors[6].values = [Float](repeating: 0, count: model.tensors[6].values.count)
        let message = try failure(model.bytes())
        #expect(message.contains("layers.0.mlp.down_proj") && message.contains("all zeros"))
        #expect(try failure(TensorBytes.littleEndian(UInt64(2)) + Array("{}".utf8)).contains("empty"))
        let vector = TensorBytes.file([("bias", "F32", [2], [UInt8](repeating: 1, count: 8))])
        #expect(try failure(vector).contains("no weight matrix"))
        let unknown = TensorBytes.file([("w", "F7", [2, 2], [UInt8](repeating: 1, count: 8))])
        #expect(try failure(unknown).contains("\"w\" has the unknown dtype \"F7\""))
    }

    @Test func damagedWeightsCanBeLeftOut() throws {
        var model = Self.model
        model.tensors[3].values[0] = .nan
        model.tensors[6].values = [Float](repeating: 0, count: model.tensors[6].values.count)
        let folder = try ModelFolder()
        try folder.write(model.bytes())
        let fingerprint = try ModelFingerprint(ModelWeights(path: folder.path), workers: 2, damagePolicy: .omit)
        let weights = try #require(fingerprint.weights)
        #expect(weights.omitted.map(\.name) == [model.tensors[3].name, model.tensors[6].name])
        #expect(weights.tensors.count == model.tensors.count - 2)
        #expect(WeightComparison(weights, try Self.model.fingerprint()).verdict == .related)
    }

    @Test func shardsAreOneModel() throws {
        let folder = try ModelFolder()
        let file = folder.path + "/model.safetensors.index.json"
        var places: [String: String] = [:]
        for shard in 0..<3 {
            var part = Self.model
            part.tensors = part.tensors.enumerated().filter { $0.offset % 3 == shard }.map(\.element)
            try folder.write(part.bytes(), as: "model-\(shard).safetensors")
            for tensor in part.tensors { places[tensor.name] = "model-\(shard).safetensors" }
        }
        func index(_ places: [String: String]) throws {
            try JSONEncoder().encode(["weight_map": places]).write(to: URL(filePath: file))
        }
        try index(places)
        let whole = try Self.model.fingerprint()
        for path in [folder.path, folder.path + "/", file] {
            #expect(try WeightFingerprinter(workers: 2).fingerprint(ModelWeights(path: path)) == whole)
        }
        var wrong = places
        wrong["model.layers.1.mlp.up_proj.weight"] = "model-0.safetensors"
        wrong["model.layers.1.mlp.down_proj.weight"] = "model-0.safetensors"
        try index(wrong)
        #expect(throws: LineageError.self) { try ModelWeights(path: folder.path) }
        for bad in ["missing.safetensors", "../model-0.safetensors", ""] {
            wrong = places
            wrong["model.embed_tokens.weight"] = bad
            try index(wrong)
            let error = #expect(throws: LineageError.self) { try ModelWeights(path: folder.path) }
            #expect(error?.description.contains(bad.isEmpty || bad.contains("/") ? "embed_tokens" : bad) == true)
        }
        try folder.write(Array("{\"weight_map\":{}}".utf8), as: "model.safetensors.index.json")
        #expect(throws: LineageError.self) { try ModelWeights(path: file) }
        // Without an index the files of a folder are one model, too.
        try FileManager.default.removeItem(atPath: file)
        #expect(try WeightFingerprinter(workers: 1).fingerprint(ModelWeights(path: folder.path)) == whole)
        // But a tensor that is in two of them is one too many.
        try FileManager.default.copyItem(
            atPath: folder.path + "/model-0.safetensors", toPath: folder.path + "/model-9.safetensors")
        let error = #expect(throws: LineageError.self) { try ModelWeights(path: folder.path) }
        #expect(error?.description.contains("is also in") == true)
    }

    @Test func namesComeFromPaths() throws {
        let folder = try ModelFolder()
        try folder.write(Self.model.bytes(), as: "tiny.safetensors")
        let name = URL(filePath: folder.path).lastPathComponent
        #expect(try ModelWeights(path: folder.path).name == name)
        #expect(try ModelWeights(path: folder.path + "/tiny.safetensors").name == "tiny")
        try folder.write(Self.model.bytes())
        #expect(try ModelWeights(path: folder.path + "/model.safetensors").name == name)
        #expect(throws: LineageError.self) { try ModelWeights(path: folder.path + "/absent") }
        let empty = try ModelFolder()
        #expect(throws: LineageError.self) { try ModelWeights(path: empty.path) }
    }

    /// Scales for the matrix, a row, and groups of a row; zero points; I8 and U8.
    @Test func quantisedWeightsAreScaled() throws {
        let (rows, columns) = (64, 96)
        var generator = SeededGenerator(seed: 3)
        let stored = (0..<rows * columns).map { _ in Int8(generator.integer(below: 200) - 100) }
        for groups in [0, 1, 4] {
            for isSigned in [true, false] {
                let count = groups == 0 ? 1 : rows * groups
                let scales = (0..<count).map { _ in 0.01 + generator.uniform() }
                let zeros = (0..<count).map { _ in UInt8(120 + generator.integer(below: 9)) }
                var weights = [Float](repeating: 0, count: rows * columns)
                for row in 0..<rows {
                    for column in 0..<columns {
                        let index = groups == 0 ? 0 : row * groups + column / (columns / groups)
                        let value = Float(stored[row * columns + column])
                        let zero = isSigned ? 0 : Float(zeros[index]) - 128
                        weights[row * columns + column] = (value - zero) * scales[index]
                    }
                }
                let bytes = stored.map { isSigned ? UInt8(bitPattern: $0) : UInt8(Int($0) + 128) }
                let shape = groups == 0 ? [] : [rows, groups]
                var tensors = [
                    ("a.weight", isSigned ? "I8" : "U8", [rows, columns], bytes),
                    ("a.weight_scale", "F32", shape, TensorBytes.encode(scales, .float32)),
                ]
                if !isSigned { tensors.append(("a.zero_point", "U8", shape, zeros)) }
                let folder = try ModelFolder()
                try folder.write(TensorBytes.file(tensors), as: "stored.safetensors")
                try folder.write(
                    TensorBytes.file([("a.weight", "F32", [rows, columns], TensorBytes.encode(weights, .float32))]),
                    as: "plain.safetensors")
                let fingerprinter = WeightFingerprinter(workers: 1)
                let found = try fingerprinter.fingerprint(ModelWeights(path: folder.path + "/stored.safetensors"))
                let plain = try fingerprinter.fingerprint(ModelWeights(path: folder.path + "/plain.safetensors"))
                #expect(found.tensors.map(\.name) == ["a.weight"])
                let error = abs(found.tensors[0].rootMeanSquare / plain.tensors[0].rootMeanSquare - 1)
                #expect(error < 1e-5 && WeightComparison(found, plain).similarity > 0.999)
            }
        }
        let misfit = TensorBytes.file([
            ("a.weight", "I8", [rows, columns], stored.map { UInt8(bitPattern: $0) }),
            ("a.weight_scale", "F32", [5], TensorBytes.encode([1, 2, 3, 4, 5], .float32)),
        ])
        #expect(try failure(misfit).contains("a.weight_scale"))
    }
}
