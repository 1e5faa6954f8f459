extension ShardReader {
    /// Checks every byte: all checksums again, that every chunk decodes, that byte strings fit their chunks, and that gaps
    /// are zeros. A file in which any byte changed since it was written fails here or on opening.
    ///
    /// - Throws: `corrupt`, with the section and its offset.
    package func verify() throws(StorageError) {
        file.advise(.sequential)
        var position = ShardFormat.headerBytes
        for (index, column) in directory.columns.enumerated() {
            try verifyGap(position..<column.offset)
            for chunk in column.chunks.indices { try verify(chunk, of: index) }
            position = column.offset + column.storedBytes
        }
        try verifyGap(position..<header.directoryOffset)
        try verifyGap(header.directoryOffset + header.directoryBytes..<file.count - ShardFormat.footerBytes)
        let encodedHeader = header.encoded()
        guard fileSpan.extracting(0..<ShardFormat.headerBytes).copied() == encodedHeader else {
            throw StorageError(.corrupt, path: path, "has a header with bytes set that should be zero")
        }
        guard directory.encoded() == fileSpan.extracting(directoryRange).copied() else {
            throw StorageError(.corrupt, path: path, "has a directory that is not in its one proper form")
        }
    }

    private var directoryRange: Range<Int> {
        header.directoryOffset..<header.directoryOffset + header.directoryBytes
    }

    private func verify(_ chunk: Int, of column: Int) throws(StorageError) {
        let entry = directory.columns[column].chunks[chunk]
        let stored = fileSpan.extracting(entry.offset..<entry.offset + entry.storedBytes)
        try check(chunk, of: column, stored)
        let isVerbatim = columns[column].codec.isVerbatim
        let count = header.rows(ofChunk: chunk).count
        let decoded = isVerbatim ? [] : try decode(chunk, of: column)
        guard columns[column].width == .variable else { return }
        guard ByteStringChunk.isSound(isVerbatim ? stored : decoded.rawBytes, count: count) else {
            throw damage("has rows that do not fit it", chunk, of: column)
        }
    }

    private func verifyGap(_ range: Range<Int>) throws(StorageError) {
        guard fileSpan.extracting(range).copied().allSatisfy({ $0 == 0 }) else {
            throw StorageError(
                .corrupt, path: path,
                "has bytes set in the gap at offsets \(range.lowerBound) to \(range.upperBound - 1)")
        }
    }
}
