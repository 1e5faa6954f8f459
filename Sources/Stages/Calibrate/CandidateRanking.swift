internal import Calibration
internal import Corpus
internal import Probing
internal import Storage

/// Puts candidates into their order, and says how good the best is beside the next.
struct CandidateRanking: Sendable {
    let ranking: RefineSettings.Ranking
    let ranker: Ranker

    /// Whether the order depends on the cluster probe's influence.
    var needsInfluence: Bool {
        ranking == .influence || (ranking == .fitted && ranker.weight(of: .cluster) > 0)
    }

    /// Higher is better.
    func score(_ candidate: Candidate) -> Float {
        switch ranking {
        case .fitted: ranker.score(candidate.features)
        case .similarity: candidate.searchScore ?? -.greatestFiniteMagnitude
        case .influence: -candidate.influence
        }
    }

    /// Candidates by falling score; equal ones by row.
    func order(_ candidates: [Candidate]) -> [(candidate: Candidate, score: Float)] {
        candidates.map { ($0, score($0)) }.sorted { a, b in
            a.1 != b.1 ? a.1 > b.1 : a.0.row < b.0.row
        }
    }

    /// What each of the first `count` of an order amounts to, as if those above it were not there.
    ///
    /// The margin is that to the next candidate that is another source with another text.
    ///
    /// - Parameter query: the output's words; nothing for a vector.
    func evidence(
        _ order: [(candidate: Candidate, score: Float)], count: Int, finder: CandidateFinder, query: TokenQuery?
    ) throws(StorageError) -> [Evidence] {
        let (corpus, listed) = (finder.corpus, order.prefix(count).map(\.candidate.row))
        let explained = try finder.explained(by: listed, query)
        var result: [Evidence] = []
        var (ids, texts): ([Int: String], [Int: String]) = ([:], [:])
        func id(_ position: Int) throws(StorageError) -> String {
            if let known = ids[position] { return known }
            let read = try corpus.source(row: order[position].candidate.row, withText: false).id
            ids[position] = read
            return read
        }
        func text(_ position: Int) throws(StorageError) -> String {
            if let known = texts[position] { return known }
            let read = try corpus.source(row: order[position].candidate.row, withText: true).text
            texts[position] = read
            return read
        }
        // Passages of one document, or the same text under another id. Texts are costly to read, and the same one has the
        // same evidence.
        func isSame(_ a: Int, _ b: Int) throws(StorageError) -> Bool {
            if try id(a) == id(b) { return true }
            guard order[a].candidate.mayHaveTheText(of: order[b].candidate) else { return false }
            let own = try text(a)
            if own.isEmpty { return false }
            return try text(b) == own
        }
        for position in order.indices.prefix(count) {
            var next = position + 1
            while next < order.count, try isSame(next, position) { next += 1 }
            // Without another source to compare with, nothing speaks for this one beyond its score.
            let margin = next < order.count ? order[position].score - order[next].score : 0
            result.append(
                Evidence(
                    score: order[position].score, margin: margin, nats: explained[position]))
        }
        return result
    }
}
