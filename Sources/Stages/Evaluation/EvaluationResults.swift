internal import Evaluation
internal import Pipeline
internal import Probing
internal import Storage

/// What was evaluated.
struct EvaluatedRun: Sendable {
    let settings: EvaluationSettings
    let rows: Int
    /// Deleted or replaced, and no part of ``rows``.
    let hiddenRows: Int
    let identicalRows: Int
    let dimension: Int
    let clusters: Int
    let candidates: Int
    let level: Double
    /// SHA-256 of the queries' file, the embedder and the configuration; the platform.
    let queriesDigest: String
    let embedderDigest: String
    let configurationDigest: String
    let platform: String

    init(_ engine: AttributionEngine, _ settings: EvaluationSettings, sources: SourceTable) throws {
        self.settings = settings
        let live = sources.liveRows
        rows = live.count
        hiddenRows = engine.opened.live.hidden
        identicalRows = rows - sources.distinct(live, count: .max).count
        dimension = engine.opened.finder.dimension
        clusters = try ProbeFile.read(try engine.opened.parts.only(ProbeTrainStage.name)).classes
        candidates = engine.opened.configuration.refine.candidates
        level = EvaluationSettings.level
        queriesDigest = try Digest.sha256(file: settings.queries)
        let embedding = try engine.opened.parts.only(EmbedStage.name).manifest
        embedderDigest =
            (try? JSONFile.decode(EmbedStage.Parameters.self, from: embedding.parameters))?.embedder ?? "unknown"
        let parts = engine.opened.generation.parts.sorted { $0.key < $1.key }.flatMap { $0.value.map(\.fingerprint) }
        configurationDigest = Digest.sha256(parts.joined(separator: "\n"))
        platform = engine.opened.generation.platform.description
    }
}

/// One method on the known queries.
struct MethodResult: Sendable {
    let name: MethodName
    let outcomes: [RankingOutcome]
    /// Distinct rows for each known query.
    let rankings: [[Int]]
    let latency: MethodLatency?

    init(_ measurement: MethodMeasurement, positions: [Int], _ pool: EvaluationOutputs, _ sources: SourceTable) {
        name = measurement.name
        rankings = positions.map { measurement.rankings[$0] }
        outcomes = positions.map { sources.outcome(measurement.rankings[$0], pool.truths[$0]!) }
        latency = measurement.latency
    }

    func mean(_ metric: RankingMetric) -> Double { outcomes.mean(metric) }
}

struct AblationResult: Sendable {
    let ranking: AblatedRanking
    let outcomes: [RankingOutcome]
}

extension [RankingOutcome] {
    func mean(_ metric: RankingMetric) -> Double {
        isEmpty ? 0 : reduce(0) { $0 + $1.value(metric) } / Double(count)
    }
}

/// All that the report says.
struct EvaluationResults: Sendable {
    let description: EvaluatedRun
    let counts: QueryCounts
    let known: EvaluationOutputs
    /// `gif` first.
    let methods: [MethodResult]
    let skipped: [(MethodName, String)]
    let ablation: [AblationResult]
    /// Known queries with a source among the candidates.
    let found: Proportion
    let calibration: CalibrationRecord
    let projections: ProjectionSweep?
    /// Why there are none.
    let projectionsMissing: String?
    /// Empty without a null distribution.
    let nullSets: [NoSourceSet]
    let latency: AttributionLatency?
    let contributive: ContributiveEvaluation?
    let contributiveMissing: String?
    let sources: SourceTable

    var own: MethodResult { methods[0] }

    func ablation(_ ranking: AblatedRanking) -> AblationResult { ablation.first { $0.ranking == ranking }! }

    var summary: String {
        let precision = Numerals.fixed(own.mean(.precisionAt1), 3)
        let reciprocal = Numerals.fixed(own.mean(.reciprocalRank), 3)
        return "gif on \(counts.known) queries with a source: P@1 \(precision), MRR \(reciprocal)"
    }
}
