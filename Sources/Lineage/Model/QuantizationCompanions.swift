internal import Storage
internal import TensorFiles

/// The tensors that hold scales and zero points of quantised ones, found by the names that exporters give them.
struct QuantizationCompanions {
    private typealias Entry = (file: Int, tensor: SafetensorsFile.Tensor)
    private var entries: [String: Entry] = [:]
    private var companions: Set<String> = []

    /// What is put behind a quantised tensor's name, or in place of its last part.
    private static let scaleEndings = ["scale", "scales", "scale_inv", "absmax", "SCB"]
    private static let zeroEndings = ["zero_point", "zeros", "zero"]

    init(_ all: [(file: Int, tensor: SafetensorsFile.Tensor)]) {
        for entry in all { entries[entry.tensor.name] = entry }
        for entry in all where !(WeightMatrix.Element(entry.tensor.elementType)?.isFloat ?? true) {
            for ending in Self.scaleEndings + Self.zeroEndings {
                for name in Self.names(of: entry.tensor.name, ending) where entries[name] != nil {
                    companions.insert(name)
                }
            }
        }
    }

    func isCompanion(_ name: String) -> Bool { companions.contains(name) }

    private static func names(of tensor: String, _ ending: String) -> [String] {
        var names = ["\(tensor)_\(ending)", "\(tensor).\(ending)"]
        if let dot = tensor.lastIndex(of: ".") {
            names.append("\(tensor[..<dot]).\(ending)")
            names.append("\(tensor[..<dot])_\(ending)")
        }
        return names
    }

    /// How the tensor's whole numbers become weights; `nil` for floats.
    ///
    /// Without scales each number counts as it is; without zero points I8 is symmetric about 0 and U8 about 128.
    /// - Throws: `tensor` when scales do not fit the tensor's shape, or are not finite.
    func quantization(
        of tensor: SafetensorsFile.Tensor, type: WeightMatrix.Element, files: [SafetensorsFile]
    ) throws(LineageError) -> WeightMatrix.Quantization? {
        guard !type.isFloat, let (rows, columns) = WeightMatrix.extents(tensor.shape) else { return nil }
        let center: Float = type == .unsignedInteger8 ? 128 : 0
        var scales: [Float] = [1]
        var zeros: [Float] = [center]
        if let entry = companion(of: tensor.name, Self.scaleEndings) {
            scales = try values(entry, of: tensor, rows: rows, columns: columns, files: files)
        }
        if let entry = companion(of: tensor.name, Self.zeroEndings) {
            zeros = try values(entry, of: tensor, rows: rows, columns: columns, files: files)
        }
        let finest = max(scales.count, zeros.count)
        let groups = finest <= rows ? 1 : finest / rows
        return WeightMatrix.Quantization(
            scales: spread(scales, to: finest, rows: rows), zeros: spread(zeros, to: finest, rows: rows),
            groups: groups)
    }

    private func companion(of name: String, _ endings: [String]) -> Entry? {
        for ending in endings {
            for candidate in Self.names(of: name, ending) {
                if let entry = entries[candidate] { return entry }
            }
        }
        return nil
    }

    private func values(
        _ entry: Entry, of tensor: SafetensorsFile.Tensor, rows: Int, columns: Int, files: [SafetensorsFile]
    ) throws(LineageError) -> [Float] {
        let file = files[entry.file]
        let companion = entry.tensor
        guard let type = WeightMatrix.Element(companion.elementType) else {
            throw .tensor(
                path: file.path, name: companion.name,
                message: "of \(companion.elementType.rawValue) cannot be the scale of \"\(tensor.name)\"")
        }
        let count = companion.elementCount
        guard count == 1 || count == rows || count > rows && count % rows == 0 && count / rows <= columns else {
            throw .tensor(
                path: file.path, name: companion.name,
                message:
                    "has the shape \(companion.shape); as the scale of \"\(tensor.name)\" \(tensor.shape) it needs "
                    + "one value, one a row (\(rows)), or one for each group of a row")
        }
        let flat = WeightMatrix(flat: companion, file: entry.file, type: type)
        return try flat.read(rows: 0..<1, of: files)
    }

    /// One value, one a row or one a group, as the finest of them needs it.
    private func spread(_ values: [Float], to count: Int, rows: Int) -> [Float] {
        if values.count == count || values.count == 1 { return values }
        let groups = count / rows
        return values.flatMap { [Float](repeating: $0, count: groups) }
    }
}

extension WeightMatrix {
    /// A tensor of any shape as a single row.
    init(flat tensor: SafetensorsFile.Tensor, file: Int, type: Element) {
        self.tensor = tensor
        self.file = file
        rows = 1
        columns = tensor.elementCount
        self.type = type
        quantization = nil
    }
}
