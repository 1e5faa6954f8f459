package import Pipeline
internal import Probing
internal import Storage
internal import VectorIndex

/// The configuration's `tokens:` section. Attribution reads it, `calibrate`, and a `project` that puts words into fingerprints.
package struct TokenSettings: Codable, Hashable, Sendable {
    /// μ of the token probe, in mean lengths of the corpus' texts.
    package let prior: Double
    /// Whether words near to an output's count too.
    package let near: Choice

    init(_ section: ConfigurationSection) throws(RunError) {
        var section = section
        prior = try section.number("prior", default: 3, in: 1e-3...1e6)
        near = try section.choice("near", default: .automatic)
        try section.finish()
    }
}

/// The trained token probe: how often each word comes in the corpus.
package struct TokenProbeStage: Stage {
    package struct Parameters: Codable, Sendable {}

    package static let name = "token-probe"
    package static let version = 1
    package let parameters = Parameters()

    package var granularity: Granularity { .whole }
    package static func erasure(of artifact: Artifact) -> Erasure { .none }
    package var inputs: [StageInput] { [.all(TokenizeStage.name)] }

    package func estimate(_ extent: Extent) -> ResourceEstimate {
        // A text brings a new word for each 40 bytes at most, at 64 bytes while the table grows and 16 in the file.
        ResourceEstimate(memory: (64 << 20) + extent.textBytes * 64 / 40, disk: extent.textBytes * 16 / 40)
    }

    package func run(_ context: TaskContext) throws {
        var builder = TokenFrequencies.Builder()
        for artifact in context.inputs(TokenizeStage.name) {
            let reader = try TokenFile.reader(artifact)
            for rows in ranges(reader.rows, of: 4096) {
                builder.add(try TokenFile.counts(reader, rows: rows))
                context.advance(rows: rows.count)
            }
        }
        let frequencies = builder.finish()
        try frequencies.write(to: context.output(ArtifactFile.frequencies))
        context.record("words", .integer(frequencies.tokens))
        context.record("distinct words", .integer(frequencies.words))
    }
}

/// The inverted index of a segment: for each word the rows that have it.
package struct TokenIndexStage: Stage {
    package struct Parameters: Codable, Sendable {}

    package static let name = "token-index"
    package static let version = 1
    package let parameters = Parameters()

    package var granularity: Granularity { .segment }
    package static func erasure(of artifact: Artifact) -> Erasure { .remake }
    package var inputs: [StageInput] { [.all(TokenizeStage.name)] }

    package func estimate(_ extent: Extent) -> ResourceEstimate {
        // Five bytes for each distinct word of a row, twice while runs are merged.
        ResourceEstimate(
            memory: (300 << 20) + extent.textBytes * 12 / 40, disk: 2 * extent.textBytes + 4 * extent.rows)
    }

    package func run(_ context: TaskContext) throws {
        do {
            let writer = try PostingsWriter(folder: context.output("."))
            for artifact in context.inputs(TokenizeStage.name) {
                let reader = try TokenFile.reader(artifact)
                for rows in ranges(reader.rows, of: 4096) {
                    let block = try TokenFile.counts(reader, rows: rows)
                    for row in 0..<block.rows {
                        let entries = block.offsets[row]..<block.offsets[row + 1]
                        try writer.append(
                            ids: block.ids.span.extracting(entries), counts: block.counts.span.extracting(entries),
                            length: Int(block.lengths[row]))
                    }
                    context.advance(rows: rows.count)
                }
            }
            context.record("postings", .integer(try writer.finish().postings))
        } catch let error as IndexError {
            throw RunError(error)
        }
    }
}
