internal import ArgumentParser
internal import Corpus
internal import Evaluation
internal import Foundation
internal import Pipeline
internal import Stages
internal import Storage

/// The audit beside the result: each output with its sources' texts, and what was used, in one HTML file.
final class AuditReport: AttributionSink {
    let wantsTexts = true
    private let file: ResultFile
    private let provenance: AuditProvenance
    private var writer: AuditReportWriter

    /// - Parameters:
    ///   - log: the audited log's name.
    ///   - command: the words of the command line.
    ///   - date: left out where the same input has to give the same bytes.
    init(
        path: String, log: String, job: AttributionJob, method: MethodName, level: Double, command: [String],
        date: Date?
    ) throws {
        let used = job.provenance
        var models = [Fact("Method", "\(method.rawValue): \(method.summary)")]
        if method == .gif { models.append(Fact("Level", "\(level)")) }
        if let path = used.embedderPath { models.append(Fact("Embedder", path)) }
        models.append(Fact("Embedder, SHA-256", used.embedderDigest))
        models += used.parts.map { Fact("\($0.name), fingerprint", $0.fingerprint) }
        if used.hiddenRows > 0 {
            models.append(Fact("Hidden samples", "\(Numerals.count(used.hiddenRows)), deleted or replaced"))
        }
        if let filter = used.filter {
            models.append(Fact("Filter", "\(filter): \(Numerals.count(used.filteredRows ?? 0)) samples"))
        }
        models.append(Fact("Built with", used.buildPlatform.description))
        models.append(Fact("Attributed with", used.platform.description))
        if let date { models.append(Fact("Date", date.ISO8601Format())) }
        provenance = AuditProvenance(
            indexGeneration: "\(used.generation)", models: models, configurationDigest: used.configurationDigest,
            toolVersion: Gradprint.configuration.version,
            command: command.map(Self.shellWord).joined(separator: " "))
        let weakWords = try job.frequentWords()
        let file = try ResultFile(path: path)
        self.file = file
        do {
            writer = try AuditReportWriter(
                title: "Sources of \(log)",
                subtitle:
                    "Looked for among \(Numerals.count(used.filteredRows ?? used.rows - used.hiddenRows)) samples, generation \(used.generation)",
                level: level, weakWords: weakWords
            ) { try file.sink.write($0) }
        } catch {
            file.abandon()
            throw error
        }
    }

    func write(_ outputs: [AttributedOutput]) throws {
        for output in outputs { try write(output) }
    }

    private func write(_ output: AttributedOutput) throws {
        let text = output.text.isEmpty ? nil : output.text
        switch output.result {
        case .failed(let message):
            try writer.append(AuditOutput(id: output.id, text: text, result: .failed(message: message)))
        case .attributed(let attributions, let noSource, _):
            let verdict: AuditOutput.Verdict =
                switch noSource {
                case true?: .noSource(pValue: attributions.first?.pValue ?? 1)
                case false?: .sourceFound(pValue: attributions.first?.pValue ?? 0)
                case nil: .untested
                }
            try writer.append(
                AuditOutput(
                    id: output.id, text: text, result: .attributed(verdict, try attributions.map(AuditSource.init))))
        }
    }

    func finish() throws {
        try writer.finish(provenance)
        try file.finish()
    }

    func abandon() { file.abandon() }

    /// A word as a shell would have to be given it.
    private static func shellWord(_ word: String) -> String {
        let plain = word.wholeMatch(of: /[A-Za-z0-9_@%+=:,.\/\-]+/) != nil
        return plain ? word : "'\(word.replacing("'", with: "'\\''"))'"
    }
}

extension AuditSource {
    /// - Throws: `corrupt` for metadata that is no JSON object.
    fileprivate init(_ attribution: Attribution) throws {
        self.init(
            rank: attribution.rank, id: attribution.sourceID, passage: attribution.passage,
            text: attribution.text.isEmpty ? nil : attribution.text,
            nearestSentence: attribution.nearestSentence,
            metadata: try attribution.metadata.map { try Self.facts($0, of: attribution.sourceID) } ?? [],
            scores: Scores(
                score: Double(attribution.score), pValue: attribution.pValue,
                similarity: Double(attribution.similarity),
                sentenceSimilarity: attribution.sentenceSimilarity.map { Double($0) },
                influence: Double(attribution.influence),
                relativeInfluence: Double(attribution.relativeInfluence),
                tokenInfluence: attribution.tokenInfluence.map { Double($0) }))
    }

    /// A sample's other fields in the order of their names; what is not a string as compact JSON.
    private static func facts(_ metadata: String, of id: String) throws -> [Fact] {
        guard case .object(let members)? = try? JSONValue(parsing: metadata.utf8Span.span.rawBytes) else {
            throw StorageError(
                .corrupt, path: "sample '\(id)'", "its metadata is not a JSON object; build the run again")
        }
        return members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map { name, value in
            if case .string(let text) = value { return Fact(name, text) }
            return Fact(name, value.canonical)
        }
    }
}

/// Two results of one pass. Both get their names when both are complete, the first one first.
final class SinkPair: AttributionSink {
    private let first: any AttributionSink
    private let second: any AttributionSink

    init(_ first: any AttributionSink, _ second: any AttributionSink) { (self.first, self.second) = (first, second) }

    var wantsTexts: Bool { first.wantsTexts || second.wantsTexts }

    func write(_ outputs: [AttributedOutput]) throws {
        try first.write(outputs)
        try second.write(outputs)
    }

    func finish() throws {
        try first.finish()
        try second.finish()
    }

    func abandon() {
        first.abandon()
        second.abandon()
    }
}
