internal import Storage

/// The header of a ``SafetensorsFile``, read and checked against the file's size.
struct SafetensorsHeader {
    private(set) var tensors: [SafetensorsFile.Tensor] = []
    private(set) var metadata: [(key: String, value: String)] = []
    private let path: String
    private static let longest = 100_000_000
    private static let mostAxes = 64

    init(_ file: MappedFile) throws(StorageError) {
        path = file.path
        let bytes = file.bytes
        guard bytes.byteCount >= 8 else {
            throw corrupt("has \(bytes.byteCount) bytes; a safetensors file begins with 8 bytes of header length")
        }
        var length: UInt64 = 0
        for offset in (0..<8).reversed() {
            length = length << 8 | UInt64(unsafe bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self))
        }
        guard length <= Self.longest, Int(length) <= bytes.byteCount - 8 else {
            throw corrupt(
                "says at offset 0 that its header has \(length) bytes, but \(bytes.byteCount - 8) bytes follow "
                    + "(and at most \(Self.longest) are allowed); the file is truncated or no safetensors file")
        }
        let start = 8 + Int(length)
        let header = unsafe bytes.extracting(8..<start).withUnsafeBytes { unsafe Array($0) }
        guard header.first == UInt8(ascii: "{") else { throw corrupt("its header at offset 8 does not begin with '{'") }
        let document: JSONValue
        do throws(JSONSyntaxError) {
            document = try JSONValue(parsing: header, maximumValues: SafetensorsFile.maximumHeaderValues)
        } catch {
            throw corrupt("header (at offset 8) \(error)")
        }
        for member in document.members ?? [] {
            if member.key == "__metadata__" {
                try read(metadata: member.value)
            } else {
                tensors.append(try tensor(member.key, member.value, dataStart: start, fileSize: bytes.byteCount))
            }
        }
        try checkCover(start..<bytes.byteCount)
    }

    private func corrupt(_ message: String) -> StorageError { StorageError(.corrupt, path: path, message) }

    private mutating func read(metadata value: JSONValue) throws(StorageError) {
        guard let members = value.members else { throw corrupt("its __metadata__ is not an object") }
        for member in members {
            guard let text = member.value.string else {
                throw corrupt("metadata \"\(abbreviated(member.key))\" is not a string")
            }
            metadata.append((member.key, text))
        }
    }

    private func tensor(
        _ name: String, _ value: JSONValue, dataStart: Int, fileSize: Int
    ) throws(StorageError) -> SafetensorsFile.Tensor {
        let key = name
        let name = abbreviated(key)
        guard let members = value.members else { throw corrupt("tensor \"\(name)\" is not described by an object") }
        if let other = members.first(where: { !["dtype", "shape", "data_offsets"].contains($0.key) }) {
            throw corrupt("tensor \"\(name)\" has an unknown entry \"\(abbreviated(other.key))\"")
        }
        guard let typeName = value["dtype"]?.string else { throw corrupt("tensor \"\(name)\" has no dtype") }
        guard let type = SafetensorsFile.ElementType(rawValue: typeName) else {
            let known = SafetensorsFile.ElementType.allCases.map(\.rawValue).joined(separator: ", ")
            throw corrupt("tensor \"\(name)\" has the unknown dtype \"\(abbreviated(typeName))\"; known are \(known)")
        }
        guard let shape = naturals(value["shape"]) else {
            throw corrupt("tensor \"\(name)\" has no shape that is a list of whole numbers")
        }
        guard shape.count <= Self.mostAxes else {
            throw corrupt("tensor \"\(name)\" has \(shape.count) axes; at most \(Self.mostAxes) are allowed")
        }
        var size = type.size
        for extent in shape {
            let (product, overflow) = size.multipliedReportingOverflow(by: extent)
            guard !overflow else { throw corrupt("tensor \"\(name)\" has a shape \(shape) beyond any memory") }
            size = product
        }
        guard let offsets = naturals(value["data_offsets"]), offsets.count == 2 else {
            throw corrupt("tensor \"\(name)\" has no data_offsets that are two whole numbers")
        }
        guard offsets[0] <= offsets[1], offsets[1] <= fileSize - dataStart else {
            throw corrupt(
                "tensor \"\(name)\" lies at \(offsets[0])..<\(offsets[1]) of the data, which has "
                    + "\(fileSize - dataStart) bytes; the file is truncated or damaged")
        }
        guard offsets[1] - offsets[0] == size else {
            throw corrupt(
                "tensor \"\(name)\" (\(typeName), \(shape)) needs \(size) bytes; its data_offsets give it "
                    + "\(offsets[1] - offsets[0])")
        }
        return SafetensorsFile.Tensor(
            name: key, elementType: type, shape: shape, range: dataStart + offsets[0]..<dataStart + offsets[1])
    }

    private func naturals(_ value: JSONValue?) -> [Int]? {
        guard let values = value?.array else { return nil }
        let numbers = values.compactMap(\.integer).filter { $0 >= 0 }
        return numbers.count == values.count ? numbers : nil
    }

    /// Brings the tensors into the data's order and checks that they cover it without gap or overlap.
    private mutating func checkCover(_ data: Range<Int>) throws(StorageError) {
        tensors.sort { ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound) }
        var end = data.lowerBound
        for tensor in tensors {
            guard tensor.range.lowerBound == end else {
                throw corrupt(
                    "tensor \"\(abbreviated(tensor.name))\" begins at offset \(tensor.range.lowerBound); the one before it ends at "
                        + "\(end): tensors must neither overlap nor leave gaps")
            }
            end = tensor.range.upperBound
        }
        guard end == data.upperBound else {
            throw corrupt("has \(data.upperBound - end) bytes from offset \(end) on that belong to no tensor")
        }
    }
}
