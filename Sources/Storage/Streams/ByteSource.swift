internal import Foundation

/// A file or standard input, read from beginning to end and decompressed on the way.
///
/// Plain, gzip, Zstandard and LZ4 are told apart by their first bytes, not by name; several gzip members or frames one
/// after the other are read as one stream. Not for several threads at once.
package final class ByteSource {
    /// The path, or `<standard input>`.
    package let name: String
    package let format: StreamFormat
    /// Decompressed bytes read so far.
    package private(set) var position = 0

    private let file: OpenFile
    private let decoder: (any StreamDecoder)?
    private var input: [UInt8]
    private var inputStart = 0
    private var isAtEndOfFrame = false
    private var isAtEndOfFile = false
    private static let blockBytes = 1 << 18

    /// - Parameter path: `-` for standard input.
    /// - Throws: `notFound`, `permissionDenied`, `inputOutput`.
    package init(path: String) throws(StorageError) {
        let isStandardInput = path == "-"
        name = isStandardInput ? "<standard input>" : path
        let file =
            isStandardInput
            ? OpenFile(borrowing: STDIN_FILENO, named: name) : try OpenFile(reading: path)
        // A pipe may give the first bytes one by one.
        var input: [UInt8] = []
        var block: [UInt8] = []
        repeat {
            try file.read(upTo: Self.blockBytes, into: &block)
            input += block
        } while input.count < 4 && !block.isEmpty
        isAtEndOfFile = block.isEmpty
        self.file = file
        format = StreamFormat(magic: input)
        decoder = format.makeDecoder()
        self.input = input
    }

    /// Replaces the content of `block` with the next decompressed bytes.
    ///
    /// - Returns: false at the end; `block` is empty then.
    /// - Throws: `corrupt` where the stream is damaged or ends in the middle of a frame; `inputOutput`.
    package func read(into block: inout [UInt8]) throws(StorageError) -> Bool {
        guard let decoder else { return try readPlain(into: &block) }
        while true {
            if inputStart == input.count, !isAtEndOfFile {
                try file.read(upTo: Self.blockBytes, into: &input)
                inputStart = 0
                isAtEndOfFile = input.isEmpty
            }
            if inputStart == input.count && isAtEndOfFrame || isTrailingPadding {
                block.removeAll(keepingCapacity: true)
                return false
            }
            let step = try decode(with: decoder, into: &block)
            inputStart += step.consumed
            position += step.produced
            // Without a step forward, an empty input that is not at the end of a frame was cut off.
            if step.produced == 0, step.consumed == 0, isAtEndOfFile, inputStart == input.count { throw truncation }
            isAtEndOfFrame = step.isAtEndOfFrame
            if step.produced > 0 { return true }
        }
    }

    private func readPlain(into block: inout [UInt8]) throws(StorageError) -> Bool {
        if !input.isEmpty {
            swap(&block, &input)
            input = []
        } else if isAtEndOfFile {
            block.removeAll(keepingCapacity: true)
        } else {
            try file.read(upTo: Self.blockBytes, into: &block)
            isAtEndOfFile = block.isEmpty
        }
        position += block.count
        return !block.isEmpty
    }

    private func decode(with decoder: any StreamDecoder, into block: inout [UInt8]) throws(StorageError) -> DecodingStep
    {
        if block.count != Self.blockBytes { block = [UInt8](repeating: 0, count: Self.blockBytes) }
        do {
            var output = block.mutableSpan
            var raw = unsafe output.mutableBytes
            let input = input
            let step = try decoder.decode(input.rawBytes.extracting(inputStart..<input.count), into: &raw)
            block.removeLast(Self.blockBytes - step.produced)
            return step
        } catch {
            throw StorageError(
                .corrupt, path: name,
                "the \(format) stream is damaged after \(position) decompressed bytes: \(error.reason)")
        }
    }

    /// `gzip` allows zeros behind the last member, as tapes have them.
    private var isTrailingPadding: Bool {
        format == .gzip && isAtEndOfFrame && inputStart < input.count && input[inputStart...].allSatisfy { $0 == 0 }
    }

    private var truncation: StorageError {
        StorageError(
            .corrupt, path: name,
            "the file is truncated: its \(format) stream ends in the middle, after \(position) decompressed bytes; "
                + "fetch or write the file again")
    }
}
