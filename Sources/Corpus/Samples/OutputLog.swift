internal import Storage

/// One non-blank line of a log of model outputs.
package struct OutputRecord: Hashable, Sendable {
    package struct Output: Hashable, Sendable {
        package let text: String
        /// The sources that are known to be right, for evaluation; nil without a field `source_ids`.
        package let sourceIDs: [String]?

        package init(text: String, sourceIDs: [String]?) {
            self.text = text
            self.sourceIDs = sourceIDs
        }
    }

    /// From 1.
    package let line: Int
    /// The line's number where it has no id, or none that could be read.
    package let id: String
    package let result: Result<Output, CorpusError>
}

/// A log of model outputs (JSONL): like a corpus, but every non-blank line gives a record, so that results can be handed back
/// in the order of the log; an id may be missing; known sources may be given as `source_ids`.
package final class OutputLog {
    private let reader: LineReader
    private let fields: SampleFields

    /// - Parameter path: `-` for standard input; plain or compressed.
    /// - Throws: `file`.
    package init(
        path: String, fields: SampleFields = SampleFields(), longestLine: Int = LineReader.defaultLongestLine
    ) throws(CorpusError) {
        reader = try readingFiles { () throws(StorageError) in try LineReader(path: path, longestLine: longestLine) }
        self.fields = fields
    }

    /// The next record, sound or not; nil at the end.
    ///
    /// - Throws: `file` where the log cannot be read further.
    package func next() throws(CorpusError) -> OutputRecord? {
        let reader = reader
        let fields = fields
        while true {
            let record = try readingFiles { () throws(StorageError) in
                try reader.next { line throws(StorageError) -> OutputRecord? in
                    line.isBlank
                        ? nil : Self.record(line, number: reader.lineNumber, path: reader.source.name, fields: fields)
                }
            }
            guard let record else { return nil }
            if let record { return record }
        }
    }

    private static func record(_ line: RawSpan, number: Int, path: String, fields: SampleFields) -> OutputRecord {
        var id = String(number)
        do throws(SampleLine.Failure) {
            let parsed = try SampleLine(line, fields: fields)
            id = parsed.id ?? id
            let output = OutputRecord.Output(text: parsed.text, sourceIDs: try sourceIDs(parsed.rest["source_ids"]))
            return OutputRecord(line: number, id: id, result: .success(output))
        } catch {
            let failure = CorpusError(error.kind, path: path, line: number, error.message)
            return OutputRecord(line: number, id: error.id ?? id, result: .failure(failure))
        }
    }

    private static func sourceIDs(_ value: JSONValue?) throws(SampleLine.Failure) -> [String]? {
        let failure = SampleLine.Failure(
            kind: .wrongType, message: "the field 'source_ids' is not an array of strings or numbers")
        switch value {
        case nil, .null: return nil
        case .array(let elements):
            var ids: [String] = []
            for element in elements {
                switch element {
                case .string(let text), .number(let text): ids.append(text)
                default: throw failure
                }
            }
            return ids
        default: throw failure
        }
    }
}
