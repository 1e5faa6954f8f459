internal import Corpus
internal import Embedding
internal import Foundation
package import Pipeline
internal import Storage

/// Makes a static table of a transformer, with weights from a corpus' words.
package struct DistillJob {
    package var transformer: String
    /// JSON Lines with the text whose word frequencies count; nil for those of the vocabulary alone.
    package var frequencies: String?
    package var dimension = 256
    package var removedComponents = 1
    package var smoothing = 6e-4
    package var elementType = "int8"
    package var workers = 1

    /// What ``elementType`` may be.
    package static let elementTypes = StaticElementType.allCases.map(\.rawValue)

    package init(transformer: String) { self.transformer = transformer }

    /// - Parameters:
    ///   - output: the table's folder, made where it is missing.
    ///   - log: told what goes on.
    /// - Returns: one sentence on the table.
    /// - Throws: `missingInput`, `badInput`, `incompatible`, `permission`, `noSpace`; no file is left half-written.
    package func run(to output: String, log: @escaping @Sendable (String) -> Void) throws(RunError) -> String {
        guard let elementType = StaticElementType(rawValue: elementType) else {
            preconditionFailure("the command was validated")
        }
        var settings = Distiller.Settings()
        settings.dimension = dimension
        settings.removedComponents = removedComponents
        settings.smoothing = smoothing
        settings.elementType = elementType
        let table: StaticFolder
        let tokens: Int
        do {
            var distiller = try Distiller(transformer: transformer)
            if let frequencies { try count(frequencies, &distiller, log) }
            tokens = distiller.tokenCount
            table = try distiller.distil(settings, workers: workers) { done in
                log("\(grouped(done)) of \(grouped(tokens)) tokens through the transformer")
            }
        } catch let error as EmbeddingError {
            throw RunError(error)
        } catch {
            throw RunError(describing: error)
        }
        try RunDirectory.createFolder(output)
        try reporting(damaged: .inputOutput) { () throws(StorageError) in try table.write(to: output) }
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
}
