internal import Storage

/// What to do with an input that is wrong.
package enum ErrorPolicy: String, Sendable, CaseIterable {
    /// Throw.
    case stop
    /// Leave it out and count it.
    case skip
}

/// The samples of JSONL files, one after the other, in constant memory.
///
/// Each line is an object with an id (a string, or a number, which becomes text as it is written) and a text; other fields
/// become metadata. Blank lines are left out. Files may be compressed; one of them may be `-`. Two samples of one id are not
/// noticed here but by ``IdentifierCheck``.
package final class SampleSource {
    package let files: [String]
    /// Lines left out so far, by what was wrong with them.
    package private(set) var skipped: [CorpusError.Kind: Int] = [:]
    /// The first lines left out, for a report; no more than ``firstErrorsKept``.
    package private(set) var firstErrors: [CorpusError] = []
    package static let firstErrorsKept = 20

    private let fields: SampleFields
    private let policy: ErrorPolicy
    private let longestLine: Int
    private var reader: LineReader?
    private var nextFile = 0

    /// - Parameter longestLine: bytes; a longer line ends the reading, whatever the policy.
    package init(
        files: [String], fields: SampleFields = SampleFields(), onError policy: ErrorPolicy = .stop,
        longestLine: Int = LineReader.defaultLongestLine
    ) {
        self.files = files
        self.fields = fields
        self.policy = policy
        self.longestLine = longestLine
    }

    /// The next sample; nil at the end.
    ///
    /// - Throws: `file` where one cannot be read, and where the policy is to stop: `brokenJSON`, `notAnObject`, `missingID`,
    ///   `missingText`, `emptyText`, `wrongType`, `invalidUTF8`, with file and line.
    package func next() throws(CorpusError) -> Sample? {
        while true {
            guard let reader else {
                guard nextFile < files.count else { return nil }
                let path = files[nextFile]
                let longest = longestLine
                self.reader = try readingFiles { () throws(StorageError) in
                    try LineReader(path: path, longestLine: longest)
                }
                nextFile += 1
                continue
            }
            guard let result = try sample(from: reader) else {
                self.reader = nil
                continue
            }
            switch result {
            case .success(let sample):
                if let sample { return sample }
            case .failure(let error):
                if policy == .stop { throw error }
                skipped[error.kind, default: 0] += 1
                if firstErrors.count < Self.firstErrorsKept { firstErrors.append(error) }
            }
        }
    }

    /// The sample of the next line, nil for a blank one; nil at the end of the file.
    private func sample(from reader: LineReader) throws(CorpusError) -> Result<Sample?, CorpusError>? {
        let fields = fields
        let file = nextFile - 1
        return try readingFiles { () throws(StorageError) in
            try reader.next { line throws(StorageError) in
                if line.isBlank { return .success(nil) }
                let place = Sample.Place(file: file, line: reader.lineNumber)
                do throws(SampleLine.Failure) {
                    let parsed = try SampleLine(line, fields: fields)
                    guard let id = parsed.id else {
                        throw SampleLine.Failure(kind: .missingID, message: "there is no field '\(fields.id)'")
                    }
                    let metadata = parsed.rest.isEmpty ? nil : JSONValue.object(parsed.rest).canonical
                    return .success(Sample(id: id, text: parsed.text, metadata: metadata, place: place))
                } catch {
                    return .failure(CorpusError(error.kind, path: reader.source.name, line: place.line, error.message))
                }
            }
        }
    }
}
