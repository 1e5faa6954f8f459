internal import Corpus
internal import Evaluation
internal import Storage
internal import VectorIndex

/// Whose each row of the corpus is: its source, its text, the document it belongs to.
///
/// Rows of the same text under other ids are one source. Hidden rows are nobody's: no method may rank them.
struct SourceTable: Sendable {
    /// What is true of one query.
    struct Truth: Sendable {
        /// Numbers of the known sources that the corpus holds.
        let sources: Set<Int32>
        /// Names under which they are counted: one for sources of the same text.
        let names: Set<String>
        /// The texts of their rows, each with the name of its source.
        let texts: [Int32: String]
        /// The documents of their rows, where a field names them.
        let documents: Set<Int32>
    }

    private(set) var names: [String] = []
    private var numbers: [String: Int32] = [:]
    private var rowsOfSource: [[Int32]] = []
    /// -1 for hidden rows.
    private var sourceOfRow: [Int32] = []
    /// Equal for rows of one text, -1 for those without.
    private var textOfRow: [Int32] = []
    private var firstSourceOfText: [Int32] = []
    /// Equal for rows of one document, -1 for those without; empty without a field.
    private var documentOfRow: [Int32] = []

    /// - Parameters:
    ///   - live: the rows that are neither deleted nor replaced; all where nil.
    ///   - documentField: the metadata field that says which rows are of one document.
    /// - Complexity: reads the corpus once.
    init(
        _ corpus: CorpusRows, rows: Int, live: RowSet?, documentField: String?, advance: (Int) -> Void
    ) throws {
        var texts: [String: Int32] = [:]
        var documents: [String: Int32] = [:]
        for row in 0..<rows {
            if row % 1024 == 1023 || row + 1 == rows { advance(row % 1024 + 1) }
            guard live?.contains(row) ?? true else {
                sourceOfRow.append(-1)
                textOfRow.append(-1)
                if documentField != nil { documentOfRow.append(-1) }
                continue
            }
            let source = try corpus.source(row: row, withText: true)
            let number = numbers[source.id] ?? Int32(names.count)
            if numbers.updateValue(number, forKey: source.id) == nil {
                names.append(source.id)
                rowsOfSource.append([])
            }
            rowsOfSource[Int(number)].append(Int32(row))
            sourceOfRow.append(number)
            if source.text.isEmpty {
                textOfRow.append(-1)
            } else {
                let text = texts[source.text] ?? Int32(firstSourceOfText.count)
                if texts.updateValue(text, forKey: source.text) == nil { firstSourceOfText.append(number) }
                textOfRow.append(text)
            }
            if let documentField {
                let name = try Self.field(documentField, of: corpus.metadata(row: row))
                let document = name.map { documents[$0] ?? Int32(documents.count) }
                if let name, let document { documents[name] = document }
                documentOfRow.append(document ?? -1)
            }
        }
    }

    /// Those that are not hidden.
    var liveRows: [Int] { sourceOfRow.indices.filter { sourceOfRow[$0] >= 0 } }
    /// Whether any row names a document.
    var hasDocuments: Bool { documentOfRow.contains { $0 >= 0 } }

    /// - Returns: nothing when the corpus holds none of them; those that it lacks in any case.
    func truth(of ids: [String]) -> (truth: Truth?, unknown: [String]) {
        let known = ids.compactMap { numbers[$0] }
        let unknown = ids.filter { numbers[$0] == nil }
        return (known.isEmpty ? nil : truth(of: known), unknown)
    }

    /// The truth of an output that was made from rows. It has no document: as in the calibration, its sources alone are
    /// taken out.
    func truth(ofRows rows: [Int]) -> Truth {
        let truth = truth(of: rows.map { sourceOfRow[$0] })
        return Truth(sources: truth.sources, names: truth.names, texts: truth.texts, documents: [])
    }

    private func truth(of sources: [Int32]) -> Truth {
        var texts: [Int32: String] = [:]
        var documents: Set<Int32> = []
        for source in sources {
            for row in rowsOfSource[Int(source)] {
                let text = textOfRow[Int(row)]
                if text >= 0, texts[text] == nil { texts[text] = countedName(of: source) }
                if !documentOfRow.isEmpty, documentOfRow[Int(row)] >= 0 { documents.insert(documentOfRow[Int(row)]) }
            }
        }
        return Truth(
            sources: Set(sources), names: Set(sources.map(countedName)), texts: texts, documents: documents)
    }

    /// A source of one row takes the name of the first with its text.
    private func countedName(of source: Int32) -> String {
        let rows = rowsOfSource[Int(source)]
        let text = textOfRow[Int(rows[0])]
        return names[Int(rows.count == 1 && text >= 0 ? firstSourceOfText[Int(text)] : source)]
    }

    func name(ofRow row: Int) -> String { names[Int(sourceOfRow[row])] }

    func isSource(row: Int, of truth: Truth) -> Bool {
        truth.sources.contains(sourceOfRow[row]) || truth.texts[textOfRow[row]] != nil
    }

    /// Whether a row goes when a query's sources are taken out: they themselves, their texts, their documents.
    func isTakenOut(row: Int, for truth: Truth) -> Bool {
        isSource(row: row, of: truth)
            || (!documentOfRow.isEmpty && truth.documents.contains(documentOfRow[row]))
    }

    /// The first `count` rows of a ranking that are another source with another text than those before.
    func distinct(_ ranking: some Sequence<Int>, count: Int) -> [Int] {
        var result: [Int] = []
        var (sources, texts): (Set<Int32>, Set<Int32>) = ([], [])
        for row in ranking where result.count < count {
            let isNewText = textOfRow[row] < 0 || texts.insert(textOfRow[row]).inserted
            let isNewSource = sources.insert(sourceOfRow[row]).inserted
            if isNewText && isNewSource { result.append(row) }
        }
        return result
    }

    /// What a ranking got right, read to `depth`.
    ///
    /// - Parameter ranking: distinct rows.
    func outcome(_ ranking: [Int], _ truth: Truth, depth: Int = 10) -> RankingOutcome {
        let names = ranking.map { row in
            if truth.sources.contains(sourceOfRow[row]) { return countedName(of: sourceOfRow[row]) }
            return truth.texts[textOfRow[row]] ?? name(ofRow: row)
        }
        guard let outcome = RankingOutcome(ranked: names, relevant: truth.names, depth: depth) else {
            preconditionFailure("a truth has at least one source")
        }
        return outcome
    }

    private static func field(_ name: String, of metadata: String?) throws -> String? {
        guard let metadata, case .object(let members) = try JSONValue(parsing: Array(metadata.utf8).rawBytes)
        else { return nil }
        switch members[name] {
        case .string(let text), .number(let text): return text
        default: return nil
        }
    }
}
