internal import Foundation
internal import Storage

/// `log.jsonl`: what happened when, beside the manifests, which hold no times.
package struct Journal: Sendable {
    /// One finished task.
    package struct Entry: Codable, Sendable {
        package let time: String
        package let task: String
        package let seconds: Double
        package let rows: Int
        package let bytes: Int
    }

    private let path: String

    package init(path: String) { self.path = path }

    /// Appends one line. A journal that cannot be written stops no build.
    func append(task: String, seconds: Double, rows: Int, bytes: Int) {
        let entry = Entry(
            time: Date.now.ISO8601Format(), task: task, seconds: (seconds * 1000).rounded() / 1000, rows: rows,
            bytes: bytes)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let line = try? encoder.encode(entry) else { return }
        let descriptor = unsafe open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        let bytes = Array(line) + [UInt8(ascii: "\n")]
        _ = unsafe bytes.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
    }

    /// The entries that can be read; a torn last line is left out.
    package func entries() -> [Entry] {
        guard let data = FileManager.default.contents(atPath: path) else { return [] }
        return data.split(separator: UInt8(ascii: "\n")).compactMap { try? JSONDecoder().decode(Entry.self, from: $0) }
    }
}
