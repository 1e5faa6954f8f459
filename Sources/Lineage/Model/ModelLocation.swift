internal import Foundation
internal import Storage
internal import TensorFiles

/// Which files a path means, and what the model is called.
struct ModelLocation {
    let name: String
    let files: [String]
    let index: ShardIndex?

    init(path: String) throws(LineageError) {
        var isFolder: ObjCBool = false
        guard unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw .file(
                StorageError(.notFound, path: path, "is not there; expected a safetensors file or a folder of them"))
        }
        if isFolder.boolValue {
            let folder = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
            try self.init(folder: folder)
        } else if path.hasSuffix(".index.json") {
            let index = try ShardIndex(path: path)
            self.init(name: Self.name(ofFile: path, ending: ".safetensors.index.json"), index: index)
        } else {
            self.init(name: Self.name(ofFile: path, ending: ".safetensors"), files: [path])
        }
    }

    private init(name: String, files: [String]) {
        self.name = name
        self.files = files
        index = nil
    }

    private init(name: String, index: ShardIndex) {
        self.name = name
        self.index = index
        files = index.files
    }

    private init(folder: String) throws(LineageError) {
        let entries: [String]
        do {
            entries = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        } catch {
            throw .file(StorageError(.permissionDenied, path: folder, "its entries cannot be listed: \(error)"))
        }
        let name = Self.lastPart(folder)
        let indices = entries.filter { $0.hasSuffix(".safetensors.index.json") }
        let weights = entries.filter { $0.hasSuffix(".safetensors") }
        if weights.contains("model.safetensors") {
            self.init(name: name, files: ["\(folder)/model.safetensors"])
        } else if indices.count == 1 {
            self.init(name: name, index: try ShardIndex(path: "\(folder)/\(indices[0])"))
        } else if indices.count > 1 {
            throw .model(
                path: folder,
                message:
                    "has \(indices.count) indices of shards (\(indices.joined(separator: ", "))); name the one meant")
        } else if weights.isEmpty {
            throw .model(path: folder, message: "has no *.safetensors file and no *.safetensors.index.json")
        } else {
            self.init(name: name, files: weights.map { "\(folder)/\($0)" })
        }
    }

    private static func name(ofFile path: String, ending: String) -> String {
        let file = lastPart(path)
        let stem = file.hasSuffix(ending) ? String(file.dropLast(ending.count)) : file
        guard stem == "model" else { return stem }
        let folder = URL(filePath: path).standardizedFileURL.deletingLastPathComponent().lastPathComponent
        return folder.isEmpty || folder == "/" ? stem : folder
    }

    private static func lastPart(_ path: String) -> String { URL(filePath: path).standardizedFileURL.lastPathComponent }
}

/// `model.safetensors.index.json`: which shard holds which tensor.
struct ShardIndex {
    let path: String
    /// Full paths, in the order of their names.
    let files: [String]
    private let shards: [(tensor: String, shard: String)]

    init(path: String) throws(LineageError) {
        self.path = path
        let file = try readingFiles { () throws(StorageError) in try MappedFile(path: path) }
        guard file.count <= 100_000_000 else {
            throw .model(path: path, message: "has \(file.count) bytes; an index of shards is far smaller")
        }
        let bytes = unsafe file.bytes.withUnsafeBytes { unsafe Array($0) }
        let document: JSONValue
        do throws(JSONSyntaxError) {
            document = try JSONValue(parsing: bytes, maximumValues: SafetensorsFile.maximumHeaderValues)
        } catch {
            throw .model(path: path, message: "is \(error)")
        }
        guard let map = document["weight_map"]?.members, !map.isEmpty else {
            throw .model(path: path, message: "has no \"weight_map\" from tensor names to shard files")
        }
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
        var names: Set<String> = []
        var shards: [(tensor: String, shard: String)] = []
        for member in map {
            guard let shard = member.value.string, !shard.isEmpty, !shard.contains("/"), !shard.contains("\0") else {
                throw .tensor(
                    path: path, name: member.key, message: "has no shard that is the name of a file in the same folder")
            }
            names.insert(shard)
            shards.append((member.key, folder + shard))
        }
        self.shards = shards
        files = names.sorted().map { folder + $0 }
    }

    /// Compares the index with what the shards hold.
    func check(_ found: [(tensor: String, file: String)]) throws(LineageError) {
        let places = Dictionary(found.map { ($0.tensor, $0.file) }) { first, _ in first }
        for (tensor, shard) in shards where places[tensor] != shard {
            throw .tensor(
                path: path, name: tensor,
                message: places[tensor].map { "is said to lie in \(shard), but lies in \($0)" }
                    ?? "is said to lie in \(shard), which does not hold it; the shard is of another model or incomplete"
            )
        }
    }
}
