package import Pipeline
package import Storage
internal import TensorFiles
internal import VectorIndex

/// A run's vectors, for other programs.
package struct RunExport: Sendable {
    /// What can be exported.
    package enum Content: String, CaseIterable, Sendable {
        case embeddings, fingerprints

        fileprivate var source: (stage: String, file: String, kind: String, column: String) {
            switch self {
            case .embeddings: (EmbedStage.name, ArtifactFile.embeddings, ShardKind.embeddings, "embedding")
            case .fingerprints: (ProjectStage.name, ArtifactFile.fingerprints, ShardKind.fingerprints, "fingerprint")
            }
        }
    }

    /// Rows that are neither deleted nor replaced.
    package let rows: Int
    /// The others.
    package let hidden: Int
    package let dimension: Int
    private let readers: [ShardReader]
    private let column: String
    private let corpus: CorpusRows
    private let live: RowSet

    /// Opens the newest generation's files.
    ///
    /// - Throws: `missingInput` without a finished build and where retention dropped the files; `corrupt`.
    package init(_ directory: RunDirectory, content: Content) throws(RunError) {
        try directory.requireExisting()
        guard let generation = try directory.currentGeneration() else {
            throw RunError(
                .missingInput, "\(directory.path): the build has not come to its end; run `gradprint build` again")
        }
        let parts = GenerationParts(directory: directory, generation: generation)
        let (stage, file, kind, column) = content.source
        var readers: [ShardReader] = []
        for artifact in try parts.all(stage) {
            guard RunDirectory.size(of: artifact.path(file)) != nil else {
                throw RunError(
                    .missingInput,
                    "\(directory.path): the \(content.rawValue) were dropped after the build (retention); build again with --set retention.\(stage)=keep"
                )
            }
            readers.append(
                try reporting(damaged: .corrupt) { () throws(StorageError) in
                    try ShardReader(path: artifact.path(file), expectedKind: kind)
                })
        }
        self.readers = readers
        self.column = column
        let all = readers.reduce(0) { $0 + $1.rows }
        live = try LiveRows(generation, try Deletions.read(directory), directory).set ?? RowSet(allOf: all)
        rows = live.population
        hidden = all - rows
        let ingest = try parts.all(IngestStage.name)
        (dimension, corpus) = try reporting(damaged: .corrupt) { () throws(StorageError) in
            (try readers.first?.column(column).fixedWidth ?? 0, try CorpusRows(generation.catalog, ingest: ingest))
        }
    }

    /// Writes the vectors, in the order of the corpus.
    ///
    /// - Parameter path: says the format by its end; used even while the sink writes under another name.
    package func write(to sink: ByteSink, path: String) throws(StorageError) {
        var writer = try VectorFileWriter(
            to: sink, format: VectorFormat(path: path), rows: rows, dimension: dimension)
        var firstRow = 0
        for reader in readers {
            for block in ranges(reader.rows, of: EmbeddingBlocks.blockRows) {
                var values: [Float] = []
                try reader.read(column, rows: block, into: &values)
                for (place, row) in block.enumerated() where live.contains(firstRow + row) {
                    try writer.append(values.span.extracting(place * dimension..<(place + 1) * dimension))
                }
            }
            firstRow += reader.rows
        }
        writer.finish()
    }

    /// Writes the rows' ids, one a line: of a passage, the document's id, a tab and the passage's number.
    package func writeIDs(to sink: ByteSink) throws(StorageError) {
        for row in 0..<rows + hidden where live.contains(row) {
            let source = try corpus.source(row: row, withText: false)
            try sink.write(source.passage.map { "\(source.id)\t\($0)\n" } ?? "\(source.id)\n")
        }
    }
}
