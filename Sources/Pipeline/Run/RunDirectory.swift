internal import Foundation
package import Storage

/// The layout of a run on disk.
///
///     RUN/configuration.yaml            the configuration with every --set applied
///     RUN/STAGE/TASK.FINGERPRINT/       one finished task: manifest.json and its outputs
///     RUN/generations/000001.json       what attribution reads
///     RUN/tmp/                          unfinished tasks; plan.json, what an unfinished build has to do
///     RUN/lock, RUN/log.jsonl           who works here; what happened when
///     RUN/log/STAGE-RANK.jsonl          the same for one element of a job array
///
/// A task's folder appears by one rename when everything in it is durable, and its name holds the fingerprint, so a
/// changed parameter never writes over what a reader may have open.
package struct RunDirectory: Sendable, Hashable {
    package let path: String

    package init(path: String) { self.path = path }

    package func file(_ name: String) -> String { "\(path)/\(name)" }

    package var configuration: String { file("configuration.yaml") }
    package var log: String { file("log.jsonl") }
    package var temporary: String { file("tmp") }
    package var generations: String { file("generations") }

    /// The folder of job arrays' journals.
    package var elementLogs: String { file("log") }

    /// What the run's journal and those of job arrays say, in no order of time.
    package func journalEntries() -> [Journal.Entry] {
        Journal(path: log).entries()
            + Self.list(elementLogs).filter { $0.hasSuffix(".jsonl") }
            .flatMap { Journal(path: "\(elementLogs)/\($0)").entries() }
    }

    /// Creates the directory and its fixed parts.
    package func create() throws(RunError) {
        for folder in [path, temporary, generations] { try Self.createFolder(folder) }
    }

    /// - Throws: `missingInput` when there is no run here.
    package func requireExisting() throws(RunError) {
        guard FileManager.default.fileExists(atPath: configuration) else {
            throw RunError(
                .missingInput,
                "\(path): this is no run directory (it has no configuration.yaml); `gradprint build FILE.yaml --run-dir \(path)` makes one"
            )
        }
    }

    /// Locks the run: exclusively for a build, shared for tasks of a job array, which cannot harm each other.
    package func lock(exclusive: Bool) throws(RunError) -> FileLock {
        try reporting(damaged: .corrupt) { () throws(StorageError) in
            try FileLock(path: file("lock"), mode: exclusive ? .exclusive : .shared)
        }
    }

    /// The manifest of a planned task, if it is committed.
    ///
    /// - Throws: `corrupt` when there is one that cannot be read or is not the planned task's.
    package func manifest(of task: PlannedTask) throws(RunError) -> Manifest? {
        let path = file("\(task.folder)/\(Manifest.fileName)")
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        let manifest = try reporting(damaged: .corrupt) { () throws(StorageError) in
            try JSONFile.unseal(Manifest.self, path: path)
        }
        guard manifest.format <= Manifest.currentFormat else {
            throw RunError(
                .incompatible,
                "\(path): written by a newer gradprint (manifest format \(manifest.format), this one reads up to \(Manifest.currentFormat))"
            )
        }
        guard manifest.fingerprint == task.fingerprint else {
            throw RunError(
                .corrupt,
                "\(path): it holds fingerprint \(manifest.fingerprint.prefix(12))…, not the folder's; delete the folder to make it anew"
            )
        }
        return manifest
    }

    /// Whether a committed task's outputs are all there, with the size the manifest says.
    package func outputsPresent(of task: PlannedTask, manifest: Manifest) -> Bool {
        manifest.outputs.allSatisfy { output in
            Self.size(of: file("\(task.folder)/\(output.name)")) == output.bytes
        }
    }

    /// Bytes of a file, `nil` when there is none.
    package static func size(of path: String) -> Int? {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        return Int(status.st_size)
    }

    /// Names in a folder, sorted; none when it does not exist.
    package static func list(_ folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    }

    package static func remove(_ path: String) { try? FileManager.default.removeItem(atPath: path) }

    /// Removes a folder of the run as one step for everybody else: it is renamed into `tmp` and deleted there.
    package func discard(_ folder: String) {
        let name = folder.replacing("/", with: ".")
        let aside = "\(temporary)/discarded.\(name).\(DurableFile.writer)"
        Self.remove(aside)
        guard unsafe rename(file(folder), aside) == 0 else { return }
        Self.remove(aside)
    }

    /// Creates a folder and those above it.
    ///
    /// - Throws: `permission`, `noSpace`, `inputOutput`, with the system's reason.
    package static func createFolder(_ path: String) throws(RunError) {
        let parent = URL(filePath: path).deletingLastPathComponent().path
        if parent != path, !FileManager.default.fileExists(atPath: parent) { try createFolder(parent) }
        guard unsafe mkdir(path, 0o755) != 0 else { return }
        let code = errno
        var status = stat()
        if code == EEXIST, unsafe stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR { return }
        errno = code
        throw RunError(StorageError.lastSystemError(path: path, doing: "creating the folder"), damaged: .inputOutput)
    }
}
