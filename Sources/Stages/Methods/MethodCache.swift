internal import Baselines
internal import Foundation
internal import Kernels
internal import Pipeline
internal import Storage

/// What a method learned from a generation, kept in `RUN/methods/NAME.FINGERPRINT` so that it is made once.
///
/// A folder appears by one rename when all of it is on the disk. Of one method only the newest is kept, and nothing that was
/// learned from rows that a purge has erased since.
struct MethodCache {
    private let directory: RunDirectory
    private let generation: Generation
    private let root: String
    private let name: String
    let folder: String

    private static let kind = "method-state"

    /// - Parameter settings: everything the state depends on beside the generation, the code's version and the kernels.
    init(_ directory: RunDirectory, _ generation: Generation, method: MethodName, version: Int, settings: String) {
        let parts = generation.parts.sorted { $0.key < $1.key }.flatMap { $0.value.map(\.fingerprint) }
        let digest = Digest.sha256(
            "\(method.rawValue) \(version) \(Platform.current)\n\(settings)\n\(parts.joined(separator: "\n"))")
        (self.directory, self.generation) = (directory, generation)
        root = Self.root(directory)
        name = method.rawValue
        folder = "\(root)/\(name).\(digest.prefix(12))"
    }

    private static func root(_ directory: RunDirectory) -> String { directory.file("methods") }

    /// Who writes or removes states holds this.
    ///
    /// - Throws: `locked`, `permission`.
    static func lock(_ directory: RunDirectory) throws(RunError) -> FileLock {
        try reporting(damaged: .corrupt) { () throws(StorageError) in
            try FileLock(path: directory.file("methods.lock"), mode: .exclusive)
        }
    }

    /// Removes the states of all methods. The caller holds their lock.
    static func removeAll(_ directory: RunDirectory) { RunDirectory.remove(root(directory)) }

    /// - Returns: nothing when it has not been made.
    /// - Throws: what reading a damaged file throws.
    func load() throws(StorageError) -> MethodState? {
        guard FileManager.default.fileExists(atPath: folder) else { return nil }
        var arrays: [MethodState.NamedArray] = []
        for file in RunDirectory.list(folder) where file.hasSuffix(".shard") {
            let reader = try ShardReader(path: "\(folder)/\(file)", expectedKind: Self.kind)
            let width = try reader.column("values").fixedWidth ?? 0
            let values = try reader.array("values", of: Float.self)
            arrays.append(
                MethodState.NamedArray(
                    name: String(file.dropLast(".shard".count)),
                    values: Matrix(rows: reader.rows, columns: width, elements: values)))
        }
        return MethodState(arrays)
    }

    /// Keeps a state, unless a purge has erased since then some of what it was learned from.
    ///
    /// - Parameter mark: taken before the generation was opened.
    /// - Throws: `locked` while a purge runs or another state is written; `permission`, and what writing throws.
    func store(_ state: MethodState, learnedAt mark: ErasureMark) throws {
        let lock = try Self.lock(directory)
        defer { withExtendedLifetime(lock) {} }
        // A generation that is gone was left by a later one, or by a purge.
        guard !mark.isWithinPurge, (try? ErasureMark(directory, generation)) == mark else { return }
        try RunDirectory.createFolder(root)
        let part = "\(folder).part-\(ProcessInfo.processInfo.processIdentifier)"
        try RunDirectory.createFolder(part)
        for array in state.arrays where array.values.columns > 0 {
            let writer = try ShardWriter(
                path: "\(part)/\(array.name).shard", kind: Self.kind,
                columns: [ColumnDescription("values", .float32, width: array.values.columns)])
            try writer.append("values", floats: array.values.elements.span)
            _ = try writer.finish()
        }
        for other in RunDirectory.list(root) where other.hasPrefix(name + ".") && "\(root)/\(other)" != part {
            RunDirectory.remove("\(root)/\(other)")
        }
        // Another evaluation that was first has stored the same.
        _ = try DurableFile.commitDirectory(part, to: folder)
    }
}
