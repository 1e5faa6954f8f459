internal import Foundation
internal import Storage

/// A folder of fingerprint files, each filed under a family: `NAME.fingerprint.json`.
package struct FingerprintLibrary: Sendable {
    package let path: String
    /// In the order of their names.
    package private(set) var members: [ModelFingerprint]

    package static let ending = ".fingerprint.json"

    /// Opens a library; a folder that is not there is an empty one.
    /// - Throws: ``LineageError``, naming the file that is no fingerprint.
    package init(path: String) throws(LineageError) {
        self.path = path
        members = []
        guard FileManager.default.fileExists(atPath: path) else { return }
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: path)
        } catch {
            throw .file(StorageError(.inputOutput, path: path, "is no folder that can be listed"))
        }
        for name in names.sorted() where name.hasSuffix(Self.ending) || name.hasSuffix("_features.json") {
            members.append(try ModelFingerprint(path: "\(path)/\(name)"))
        }
        members.sort { $0.model.name < $1.model.name }
    }

    /// Files a fingerprint under a family; one of the same name is replaced.
    ///
    /// - Parameters:
    ///   - family: the model's own name when `nil`.
    /// - Throws: `fingerprint` for a name that no file can have; `file` when it cannot be written.
    /// - Returns: the file's path.
    @discardableResult
    package mutating func add(
        _ fingerprint: ModelFingerprint, family: String?, isBase: Bool
    ) throws(LineageError) -> String {
        let name = fingerprint.model.name
        guard !name.isEmpty, !name.hasPrefix("."), !name.contains("/"), !name.contains("\0") else {
            throw .fingerprint(path: path, message: "the model's name \"\(name)\" cannot be a file's; give --name")
        }
        var member = fingerprint
        member.family = family ?? fingerprint.family ?? name
        member.isBase = isBase
        let file = "\(path)/\(name)\(Self.ending)"
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw .file(StorageError(.permissionDenied, path: path, "the folder cannot be made"))
        }
        let text = member.json()
        try readingFiles { () throws(StorageError) in try DurableFile.write(text, to: file) }
        members.removeAll { $0.model.name == name }
        members.append(member)
        members.sort { $0.model.name < $1.model.name }
        return file
    }
}
