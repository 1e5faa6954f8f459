internal import Corpus

/// An output of the log, ready to be attributed.
struct LoggedOutput: Sendable {
    enum Content: Sendable {
        case text(String)
        case vector([Float])
        case failed(String)
    }

    let id: String
    let content: Content
    let knownSources: [String]?

    init(_ record: OutputRecord) {
        id = record.id
        switch record.result {
        case .success(let output):
            content = .text(output.text)
            knownSources = output.sourceIDs
        case .failure(let error):
            content = .failed("\(error)")
            knownSources = nil
        }
    }

    init(id: String, content: Content) {
        self.id = id
        self.content = content
        knownSources = nil
    }

    /// Empty for a vector.
    var text: String { if case .text(let text) = content { text } else { "" } }
}
