internal import Foundation

/// A folder that goes away with its test.
package final class TemporaryFolder {
    package let path: String

    package init() {
        path = FileManager.default.temporaryDirectory.appending(path: "gradprint-\(UUID().uuidString)").path
        try! FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    package func path(_ name: String) -> String { path + "/" + name }

    package func write(_ bytes: [UInt8], to name: String) -> String {
        // Writing over a file makes some file systems flush it; thousands of tiny ones are faster made anew.
        unsafe unlink(path(name))
        _ = FileManager.default.createFile(atPath: path(name), contents: Data(bytes))
        return path(name)
    }

    package func write(_ text: String, to name: String) -> String { write(Array(text.utf8), to: name) }

    /// Writes over bytes of a file in place, which is much faster than making thousands of files.
    package static func overwrite(_ path: String, at offset: Int, with bytes: [UInt8]) {
        let file = FileHandle(forUpdatingAtPath: path)!
        try! file.seek(toOffset: UInt64(offset))
        try! file.write(contentsOf: Data(bytes))
        try! file.close()
    }

    package static func cut(_ path: String, to count: Int) {
        let file = FileHandle(forUpdatingAtPath: path)!
        try! file.truncate(atOffset: UInt64(count))
        try! file.close()
    }

    package static func contents(_ path: String) -> [UInt8] { [UInt8](FileManager.default.contents(atPath: path)!) }

    /// Names of what is in the folder, sorted.
    package var names: [String] { try! FileManager.default.contentsOfDirectory(atPath: path).sorted() }
}
