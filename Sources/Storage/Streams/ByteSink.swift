internal import Foundation

/// A file or standard output, written from beginning to end and compressed on the way where the name ends in `.gz`, `.zst`
/// or `.lz4`. The same bytes give the same file. Not for several threads at once.
package final class ByteSink {
    /// The path, or `<standard output>`.
    package let name: String
    private let file: OpenFile
    private let encoder: (any StreamEncoder)?
    private var buffer: [UInt8] = []
    private var isFinished = false
    private static let bufferBytes = 1 << 16

    /// - Parameter path: `-` for standard output; a file of that name is overwritten.
    /// - Throws: `notFound` (the folder), `permissionDenied`, `noSpace`, `inputOutput`.
    package init(path: String) throws(StorageError) {
        let isStandardOutput = path == "-"
        name = isStandardOutput ? "<standard output>" : path
        file =
            isStandardOutput ? OpenFile(borrowing: STDOUT_FILENO, named: name) : try OpenFile(writing: path)
        encoder = StreamFormat(fileName: path).makeEncoder()
    }

    /// - Throws: `noSpace`, `inputOutput`. What was written before may be in the file.
    package func write(_ bytes: RawSpan) throws(StorageError) {
        precondition(!isFinished)
        if buffer.count + bytes.byteCount > Self.bufferBytes { try drain(isLast: false) }
        if bytes.byteCount > Self.bufferBytes {
            try emit(bytes, isLast: false)
        } else {
            buffer.append(bytes)
        }
    }

    package func write(_ text: String) throws(StorageError) { try write(text.utf8Span.span.rawBytes) }

    /// Hands uncompressed output to the system now, so that whoever reads a pipe sees it. Compressed output stays.
    package func flush() throws(StorageError) {
        if encoder == nil { try drain(isLast: false) }
    }

    /// Writes what is left. To be called once, at the end; without it the file lacks its end.
    ///
    /// - Parameter sync: whether to wait until the disk has it.
    package func finish(sync: Bool = false) throws(StorageError) {
        precondition(!isFinished, "finish() is called once")
        try drain(isLast: true)
        isFinished = true
        if sync { try file.sync() }
    }

    private func drain(isLast: Bool) throws(StorageError) {
        if buffer.isEmpty && !isLast { return }
        var pending: [UInt8] = []
        swap(&pending, &buffer)
        try emit(pending.rawBytes, isLast: isLast)
        pending.removeAll(keepingCapacity: true)
        swap(&pending, &buffer)
    }

    private func emit(_ bytes: RawSpan, isLast: Bool) throws(StorageError) {
        guard let encoder else { return try file.write(bytes) }
        let compressed = encoder.encode(bytes, isLast: isLast)
        try file.write(compressed.rawBytes)
    }
}
