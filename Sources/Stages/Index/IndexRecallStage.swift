internal import Kernels
package import Pipeline
internal import Storage
internal import VectorIndex

/// How many partitions a search has to look into: measured against exact search on rows that are held out.
///
/// The queries are rows of the corpus, drawn from the seed; none of them may be found, neither by the exact search nor by
/// the index, so each looks for its neighbours and not for itself. They count as found where they are among the candidates
/// that attribution takes from the index, since it ranks these by their exact fingerprints.
package struct IndexRecallStage: Stage {
    package static let name = "index-recall"
    package static let version = 2
    package let parameters: Seeded<Settings>

    package struct Settings: Codable, Hashable, Sendable {
        let queries: Int
        let neighbours: Int
        let candidates: Int
    }

    private static let stream: UInt64 = 29

    /// - Parameter candidates: as many rows as attribution takes from the index.
    init(candidates: Int, seed: UInt64) {
        parameters = Seeded(settings: Settings(queries: 256, neighbours: 10, candidates: candidates), seed: seed)
    }

    package var granularity: Granularity { .whole }
    package static func erasure(of artifact: Artifact) -> Erasure { .none }
    package var inputs: [StageInput] {
        [.all(IngestStage.name), .all(ProjectStage.name), .same(IndexTrainStage.name), .all(MergeStage.name)]
    }

    package func estimate(_ extent: Extent) -> ResourceEstimate {
        ResourceEstimate(memory: 128 << 20, disk: 1 << 16)
    }

    package func run(_ context: TaskContext) throws {
        let slices = context.inputs(MergeStage.name)
        guard let model = try IndexModel.read(context.input(IndexTrainStage.name)) else {
            context.record("recall", .text("exact"))
            return
        }
        let fingerprints = try ShardedColumn.fingerprints(context.inputs(ProjectStage.name))
        let settings = parameters.settings
        guard let catalog = context.catalog else { preconditionFailure("index-recall follows the catalog") }
        // Erased rows are nobody's neighbours.
        let present = try CorpusRows(catalog, ingest: context.inputs(IngestStage.name)).present()
        var others = present ?? RowSet(allOf: fingerprints.rows)
        let pool = present.map { present in (0..<fingerprints.rows).filter(present.contains) } ?? []
        let count = pool.isEmpty ? fingerprints.rows : pool.count
        var generator = SeededGenerator(seed: parameters.seed, stream: Self.stream)
        let held = generator.sample(min(settings.queries, max(1, count / 2)), below: count)
            .map { pool.isEmpty ? $0 : pool[$0] }
        for row in held { others.remove(row) }
        let queries = Matrix(
            rows: held.count, columns: fingerprints.width, elements: try fingerprints.floats(held, releases: true))
        do {
            let index = try PartitionedIndex(model: model, slices: slices.map { $0.path(ArtifactFile.segment) })
            let table = try HeldOutRecall.table(
                queries, of: fingerprints, index: index, among: others, count: settings.neighbours,
                candidates: settings.candidates, probes: Self.probes(model.partitions), workers: context.workers
            ) { context.advance(rows: $0) }
            try table.write(to: context.output(RecallTable.fileName))
            for target in [0.9, 0.95, 0.99] {
                if let probes = table.probes(reaching: target) {
                    context.record("probes for recall \(target)", .integer(probes))
                }
            }
        } catch let error as IndexError {
            throw RunError(error)
        }
    }

    /// Numbers of partitions to try: in steps of a quarter, to all of them or 2,048.
    private static func probes(_ partitions: Int) -> [Int] {
        var probes: [Int] = []
        var next = 1
        while next < min(partitions, 2048) {
            probes.append(next)
            next = max(next + 1, next * 5 / 4)
        }
        return probes + [min(partitions, 2048)]
    }
}

extension RecallTable {
    static let fileName = "recall.json"

    func write(to path: String) throws(StorageError) { try JSONFile.write(self, path: path) }

    static func read(_ artifact: Artifact) throws(StorageError) -> RecallTable {
        try JSONFile.read(RecallTable.self, path: artifact.path(fileName))
    }

    /// As many partitions as the settings say: as few as reach the recall, or the most that were tried.
    func probes(_ search: IndexSettings.Search) -> Int {
        search.probes ?? probes(reaching: search.recall) ?? lines.last?.probes ?? 1
    }
}
