package import Corpus
internal import Pipeline
internal import TensorFiles

/// The configuration's `corpus:` section.
package struct CorpusSettings: Sendable {
    /// JSONL files (`-` is standard input) or vector files, in order.
    package let files: [String]
    /// One id a line, for vector files.
    package let ids: String?
    package let idField: String
    package let textField: String
    package let onError: ErrorPolicy
    package let passage: PassageSettings?
    package let shardRows: Int

    package struct PassageSettings: Codable, Hashable, Sendable {
        package let tokens: Int
        package let stride: Int
    }

    /// Whether the corpus is a set of vectors without text.
    package var isVectors: Bool { files.contains(where: VectorFormat.isVectorFile) }

    init(_ section: ConfigurationSection) throws(RunError) {
        var section = section
        files = try section.paths("files")
        ids = try section.path("ids")
        var fields = try section.section("fields")
        idField = try fields.string("id") ?? "id"
        textField = try fields.string("text") ?? "text"
        try fields.finish()
        if idField == textField {
            throw RunError(.configuration, "corpus.fields.id and corpus.fields.text are both '\(idField)'")
        }
        onError = try section.choice("on_error", default: .stop)
        if var passage = try section.optionalSection("passage") {
            let tokens = try passage.integer("tokens", default: 200, in: 1...1_000_000)
            let stride = try passage.integer("stride", default: max(1, tokens * 3 / 4), in: 1...tokens)
            try passage.finish()
            self.passage = PassageSettings(tokens: tokens, stride: stride)
        } else {
            passage = nil
        }
        shardRows = try section.integer("shard_rows", default: 50_000, in: 1...10_000_000)
        try section.finish()
        if files.contains(where: VectorFormat.isVectorFile), !files.allSatisfy(VectorFormat.isVectorFile) {
            throw RunError(.configuration, "corpus.files mixes vector files and text files; make two runs of them")
        }
        if files.filter({ $0 == "-" }).count > 1 {
            throw RunError(.configuration, "corpus.files names standard input (-) more than once")
        }
    }
}

/// The configuration's `embed:` section.
package struct EmbedSettings: Sendable {
    /// A model folder or a vector file; what lies there decides the kind.
    package let path: String?
    /// Whether vectors are scaled to length 1.
    package let normalise: Bool
    /// Whether each sentence of a text is embedded too.
    package let sentences: Choice

    package var isVectors: Bool { path.map(VectorFormat.isVectorFile) ?? false }

    init(_ section: ConfigurationSection) throws(RunError) {
        var section = section
        path = try section.path("path")
        normalise = try section.boolean("normalise", default: true)
        sentences = try section.choice("sentences", default: .automatic)
        try section.finish()
    }
}

/// The configuration's `refine:` section: how candidates become ranked sources.
package struct RefineSettings: Codable, Hashable, Sendable {
    /// What the score is made of.
    package enum Ranking: String, CaseIterable, Codable, Sendable {
        /// Similarities, cluster influence and token influence, with weights that the build fits.
        case fitted
        /// The fingerprints' similarity alone.
        case similarity
        /// Minus influence, as the reference method does: proponents first.
        case influence
    }

    /// How many candidates each index gives for each output.
    package let candidates: Int
    package let rankBy: Ranking
    /// Postings of the words of an output that find rows, the rarest ones; the others only add to rows found. 0: all words
    /// find rows. Influence is exact for the candidates all the same.
    package let postings: Int
    /// Whether the postings of words give candidates and the token probe takes part.
    package let usesWords: Bool

    /// - Parameter hasTexts: whether outputs come as texts.
    init(
        _ section: ConfigurationSection, profile: PipelineConfiguration.Profile, hasTexts: Bool
    ) throws(RunError) {
        var section = section
        rankBy = try section.choice("rank_by", default: profile == .paper ? .influence : .fitted)
        candidates = try section.integer("candidates", default: profile == .paper ? 10 : 100, in: 1...10_000)
        postings = try section.integer("postings", default: 100_000, in: 0...1_000_000_000)
        try section.finish()
        usesWords = rankBy == .fitted && hasTexts
    }
}
