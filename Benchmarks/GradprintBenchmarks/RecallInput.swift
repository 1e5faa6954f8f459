internal import Corpus
internal import Kernels
internal import Probing
internal import Storage

/// A labelled set and texts that are nobody's source: rows are the corpus', then the distractors'.
struct RecallInput {
    /// Rows of the set's own corpus.
    let corpusRows: Int
    /// The words of all rows.
    let words: TokenCounts
    let queries: [Query]

    struct Query {
        let text: String
        /// Its number in the file.
        let number: Int
        /// Rows that are its sources, and rows of the same text.
        var sources: [Int]
    }

    /// The place of each distractor in its file: those that equal a query are left out.
    let distractors: [Int]

    var rows: Int { words.rows }

    /// - Parameters:
    ///   - limit: a seeded sample of so many queries that have a source.
    ///   - rows: stop at so many rows.
    init(corpus: String, queries: String, distractors: [String], limit: Int, rows: Int, seed: UInt64) throws {
        var asked = try Self.queries(queries)
        var generator = SeededGenerator(seed: seed)
        asked = generator.sample(min(limit, asked.count), below: asked.count).sorted().map { asked[$0] }

        var counts = TokenCounts()
        var scratch: [UInt32] = []
        let tokenizer = WordTokenizer()
        var rowsOfID: [String: Int] = [:]
        var texts: [String] = []
        let samples = SampleSource(files: [corpus])
        while let sample = try samples.next() {
            rowsOfID[sample.id] = counts.rows
            texts.append(sample.text)
            counts.append(sample.text.utf8Span.span, tokenizer, scratch: &scratch)
        }
        corpusRows = counts.rows
        // Identical texts under other ids count as one source.
        let rowsOfText = Dictionary(grouping: texts.indices) { texts[$0] }
        var queries: [Query] = []
        for query in asked {
            let sources = Set(query.sources.compactMap { rowsOfID[$0] }.flatMap { rowsOfText[texts[$0]] ?? [] })
            if !sources.isEmpty {
                queries.append(Query(text: query.text, number: query.number, sources: sources.sorted()))
            }
        }

        let equal = Set(queries.map { $0.text.lowercased() }).union(texts.map { $0.lowercased() })
        var places: [Int] = []
        var place = 0
        let others = SampleSource(files: distractors)
        while counts.rows < rows, !distractors.isEmpty, let sample = try others.next() {
            if !equal.contains(sample.text.lowercased()) {
                counts.append(sample.text.utf8Span.span, tokenizer, scratch: &scratch)
                places.append(place)
            }
            place += 1
        }
        (self.queries, words, self.distractors) = (queries, counts, places)
    }

    /// The words of some rows as a block.
    func words(_ rows: Range<Int>) -> TokenCounts {
        var block = TokenCounts()
        for row in rows { block.append(words.bag(row)) }
        return block
    }

    private static func queries(_ path: String) throws -> [(text: String, number: Int, sources: [String])] {
        var result: [(text: String, number: Int, sources: [String])] = []
        let log = try OutputLog(path: path)
        var number = 0
        while let record = try log.next() {
            let output = try record.result.get()
            if let sources = output.sourceIDs, !sources.isEmpty { result.append((output.text, number, sources)) }
            number += 1
        }
        return result
    }
}

/// The embeddings of a ``RecallInput``, from vector files in the order of the texts, scaled to length 1.
struct RecallVectors {
    private let corpus: VectorSet
    private let queries: VectorSet
    private let distractors: VectorSet?

    init(corpus: String, queries: String, distractors: [String]) throws {
        self.corpus = try VectorSet([corpus])
        self.queries = try VectorSet([queries])
        self.distractors = distractors.isEmpty ? nil : try VectorSet(distractors)
    }

    var dimension: Int { corpus.dimension }

    /// How many rows of the input have an embedding.
    func rows(of input: RecallInput) -> Int {
        let embedded = distractors?.rows ?? 0
        return corpus.rows + input.distractors.prefix { $0 < embedded }.count
    }

    func embeddings(_ rows: some Sequence<Int>, of input: RecallInput) throws -> Matrix {
        var elements: [Float] = []
        for row in rows {
            if row < input.corpusRows {
                elements += try corpus.read(rows: row..<row + 1)
            } else if let distractors {
                let place = input.distractors[row - input.corpusRows]
                elements += try distractors.read(rows: place..<place + 1)
            }
        }
        return unit(elements)
    }

    func embeddings(ofQueries input: RecallInput) throws -> Matrix {
        var elements: [Float] = []
        for query in input.queries { elements += try queries.read(rows: query.number..<query.number + 1) }
        return unit(elements)
    }

    private func unit(_ elements: [Float]) -> Matrix {
        var matrix = Matrix(rows: elements.count / dimension, columns: dimension, elements: elements)
        for row in 0..<matrix.rows {
            let range = matrix.range(ofRow: row)
            let norm = range.reduce(0) { $0 + Double(matrix.elements[$1]) * Double(matrix.elements[$1]) }.squareRoot()
            guard norm > 0 else { continue }
            for index in range { matrix.elements[index] = Float(Double(matrix.elements[index]) / norm) }
        }
        return matrix
    }
}
