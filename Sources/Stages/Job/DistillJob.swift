internal import Corpus
internal import Embedding
internal import Foundation
package import Pipeline
internal import Storage

/// Makes a static table of a transformer, with weights from a corpus' words and outputs fitted to texts.
package struct DistillJob {
    package var transformer: String
    /// JSON Lines with the text whose word frequencies count; nil for those of the vocabulary alone.
    package var frequencies: String?
    /// JSON Lines with the texts that the table learns from; none for tokens by themselves alone.
    package var texts: [String] = []
    /// The transformer's embeddings of the texts, in their order, where they were made elsewhere.
    package var vectors: String?
    /// How many texts of middle length it takes to move a token half-way.
    package var strength = 5.0
    package var dimension = 256
    package var removedComponents = 1
    package var smoothing = 6e-4
    package var elementType = "int8"
    package var workers = 1

    /// What ``elementType`` may be.
    package static let elementTypes = StaticElementType.allCases.map(\.rawValue)

    package init(transformer: String) { self.transformer = transformer }

    /// Texts' embeddings are kept in `OUTPUT.unfinished` until the table is written; what is killed goes on behind them.
    ///
    /// - Parameters:
    ///   - output: the table's folder, made where it is missing.
    ///   - log: told what goes on.
    /// - Returns: one sentence on the table.
    /// - Throws: `missingInput`, `badInput`, `incompatible`, `permission`, `noSpace`; no file is left half-written.
    package func run(to output: String, log: @escaping @Sendable (String) -> Void) throws(RunError) -> String {
        guard let elementType = StaticElementType(rawValue: elementType) else {
            preconditionFailure("the command was validated")
        }
        guard StaticFolder.mayReplace(output) else {
            throw RunError(
                .incompatible, "\(output): there is a model in it that is no static table; give a folder of its own")
        }
        var settings = Distiller.Settings()
        settings.dimension = dimension
        settings.removedComponents = removedComponents
        settings.smoothing = smoothing
        settings.strength = strength
        settings.elementType = elementType
        let table: StaticFolder
        let tokens: Int
        let parts: TextVectorParts
        do {
            var distiller = try Distiller(transformer: transformer)
            parts = TextVectorParts(
                beside: output, maker: "\(distiller.transformerIdentity), \(Platform.current)",
                dimension: distiller.hiddenDimension)
            if let frequencies { try count(frequencies, &distiller, log) }
            if !texts.isEmpty { try learn(&distiller, parts, log) }
            tokens = distiller.tokenCount
            table = try distiller.distil(settings, workers: workers) { done in
                log("\(grouped(done)) of \(grouped(tokens)) tokens through the transformer")
            }
        } catch let error as EmbeddingError {
            throw RunError(error)
        } catch {
            throw RunError(describing: error)
        }
        if let (before, after) = table.cosines {
            log(
                "texts as sums of tokens and as the transformer has them: cosine \(rounded(before)), now \(rounded(after))"
            )
        }
        try RunDirectory.createFolder(output)
        try reporting(damaged: .inputOutput) { () throws(StorageError) in try table.write(to: output) }
        if !texts.isEmpty, vectors == nil { parts.remove() }
        let bytes = RunDirectory.size(of: "\(output)/model.safetensors") ?? 0
        return
            "\(output): \(grouped(tokens)) tokens, \(dimension) dimensions, \(elementType.rawValue), \(byteSize(bytes)); use it as embed.path"
    }

    private func count(_ path: String, _ distiller: inout Distiller, _ log: (String) -> Void) throws(RunError) {
        let source = SampleSource(files: [path])
        var texts = 0
        do {
            while let sample = try source.next() {
                distiller.count(sample.text)
                texts += 1
            }
        } catch {
            throw RunError(error)
        }
        guard texts > 0 else {
            throw RunError(.badInput, "\(path): has no text; --frequencies needs a corpus to count words in")
        }
        log("counted the words of \(grouped(texts)) texts")
    }

    /// Texts that are read, kept, and on which progress is told, at once.
    private static let textsAtOnce = 2048

    private func learn(_ distiller: inout Distiller, _ parts: TextVectorParts, _ log: (String) -> Void) throws {
        let source = SampleSource(files: texts)
        let set = try vectors.map { path throws(RunError) in try vectorSet(path, distiller.hiddenDimension) }
        var (done, kept) = (0, 0)
        while true {
            var part: [String] = []
            do {
                while part.count < Self.textsAtOnce, let sample = try source.next() { part.append(sample.text) }
            } catch {
                throw RunError(error)
            }
            guard !part.isEmpty else { break }
            let rows = done..<done + part.count
            let vectors: [Float]
            if let set {
                vectors = try reporting(damaged: .badInput) { () throws(StorageError) in try set.read(rows: rows) }
            } else if let known = parts.vectors(rows.lowerBound, of: part) {
                vectors = known
                kept += part.count
            } else {
                vectors = try distiller.embed(part, workers: workers)
                try parts.keep(vectors, rows.lowerBound, of: part)
                log("\(grouped(rows.upperBound)) texts through the transformer")
            }
            distiller.learn(part, vectors: vectors)
            done = rows.upperBound
        }
        guard done > 0 else {
            throw RunError(.badInput, "\(texts.joined(separator: ", ")): has no text; --texts needs some to learn from")
        }
        if let set, set.rows != done {
            throw RunError(
                .badInput, "\(vectors!): has \(set.rows) vectors for \(done) texts; there has to be one for each")
        }
        log(
            "learning from \(grouped(done)) texts"
                + (kept > 0 ? "; the embeddings of \(grouped(kept)) were kept in \(parts.folder)" : ""))
    }

    private func vectorSet(_ path: String, _ dimension: Int) throws(RunError) -> VectorSet {
        let set = try reporting(damaged: .badInput) { () throws(StorageError) in try VectorSet([path]) }
        guard set.dimension == dimension else {
            throw RunError(
                .incompatible,
                "\(path): its vectors have \(set.dimension) dimensions, the transformer's \(dimension)")
        }
        return set
    }

    private func rounded(_ cosine: Double) -> String { String(format: "%.3f", cosine) }
}
