private import Foundation

/// Finds out what kind of embedder a folder holds, and loads it.
package enum EmbedderFolder {
    /// - Parameter path: a folder with a `config.json`: a transformer, as sentence-transformers publishes it, or a static
    ///   table, as model2vec writes it.
    /// - Throws: the first thing that is missing, damaged or unsupported, naming the file.
    package static func load(_ path: String) throws(EmbeddingError) -> any Embedder {
        var isDirectory: ObjCBool = false
        guard unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
            throw EmbeddingError(.missingFile, path: path, "is missing; expected the folder of an embedder")
        }
        guard isDirectory.boolValue else {
            throw EmbeddingError(.unsupported, path: path, "is a file; expected the folder of an embedder")
        }
        let folder = ModelFolder(path: path)
        if try StaticEmbedder.isStatic(folder) { return try StaticEmbedder(folder) }
        return try TransformerEmbedder(folder)
    }
}
