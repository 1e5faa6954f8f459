internal import Storage
package import TensorFiles

/// The weights of one model, as they lie in its safetensors files; mapped, never read as a whole.
package struct ModelWeights: Sendable {
    /// Taken from the path: the file's name, or the folder's when the file is called `model`.
    package let name: String
    /// The path that was given.
    package let path: String
    package let files: [SafetensorsFile]
    /// Every tensor with two axes of at least 2 after folding, in the order of their names' bytes.
    package let matrices: [WeightMatrix]
    /// What is no weight matrix: vectors, scales of quantised tensors, tables of whole numbers.
    package let others: [SafetensorsFile.Tensor]
    /// The number of elements of all floating-point and quantised tensors, scales left out.
    package let parameters: Int

    package var bytes: Int {
        matrices.reduce(0) { $0 + $1.tensor.range.count } + others.reduce(0) { $0 + $1.range.count }
    }

    /// Opens a model.
    ///
    /// - Parameter path: a safetensors file, an index of shards (`*.safetensors.index.json`), or a folder that holds
    ///   either, or several safetensors files that are one model.
    /// - Throws: ``LineageError``, naming the file: not there, not sound, shards missing, a tensor in two shards, or no
    ///   weight matrix at all.
    /// - Complexity: linear in the headers.
    package init(path: String) throws(LineageError) {
        let location = try ModelLocation(path: path)
        var files: [SafetensorsFile] = []
        for file in location.files {
            files.append(try readingFiles { () throws(StorageError) in try SafetensorsFile(path: file) })
        }
        try self.init(name: location.name, path: path, files: files, index: location.index)
    }

    private init(
        name: String, path: String, files: [SafetensorsFile], index: ShardIndex?
    ) throws(LineageError) {
        self.name = name
        self.path = path
        self.files = files
        var entries: [(file: Int, tensor: SafetensorsFile.Tensor)] = []
        for (number, file) in files.enumerated() {
            for tensor in file.tensors { entries.append((number, tensor)) }
        }
        entries.sort { $0.tensor.name.utf8.lexicographicallyPrecedes($1.tensor.name.utf8) }
        for (first, second) in zip(entries, entries.dropFirst())
        where first.tensor.name.utf8.elementsEqual(second.tensor.name.utf8) {
            throw .tensor(
                path: files[second.file].path, name: first.tensor.name,
                message: "is also in \(files[first.file].path); each tensor of a model lies in one shard")
        }
        try index?.check(entries.map { ($0.tensor.name, files[$0.file].path) })
        let companions = QuantizationCompanions(entries)
        var matrices: [WeightMatrix] = []
        var others: [SafetensorsFile.Tensor] = []
        var parameters = 0
        for (file, tensor) in entries {
            if companions.isCompanion(tensor.name) {
                others.append(tensor)
                continue
            }
            if let type = WeightMatrix.Element(tensor.elementType) {
                let quantization = try companions.quantization(of: tensor, type: type, files: files)
                if type.isFloat || quantization != nil || tensor.shape.count > 1 { parameters += tensor.elementCount }
                let matrix = WeightMatrix(
                    tensor: tensor, file: file, type: type, quantization: quantization)
                if let matrix {
                    matrices.append(matrix)
                    continue
                }
            }
            others.append(tensor)
        }
        self.matrices = matrices
        self.others = others
        self.parameters = parameters
        guard !entries.isEmpty else { throw .model(path: path, message: "holds no tensor at all; the model is empty") }
        guard !matrices.isEmpty else {
            throw .model(
                path: path,
                message: "has \(entries.count) tensors but no weight matrix (two axes or more of F32, F16, BF16, F64, "
                    + "I8 or U8); there is nothing to take a fingerprint of")
        }
    }

    /// Gives the memory of what was read back to the system; the files stay mapped.
    package func release() {
        for file in files { file.release() }
    }
}
