package import Kernels

/// Turns texts into static embeddings.
package protocol Embedder: Sendable {
    /// How many numbers an embedding has.
    var dimension: Int { get }

    /// SHA-256, in lower-case hexadecimal, over every file that the embeddings depend on. Vectors of embedders with
    /// different digests must not be compared.
    var digest: String { get }

    /// How many tokens of a text count, special ones included; what lies beyond is cut off.
    var maximumTokens: Int { get }

    /// Whether embeddings come from a table, without a network: a text more costs next to nothing.
    var isStatic: Bool { get }

    /// The version of how embeddings are computed, which their bits depend on; nil where there has been one only. Embeddings
    /// of two versions may be compared, but a build does not mix them.
    var arithmetic: Int? { get }

    /// The embeddings of the texts, one row each, in their order: `[texts.count × dimension]`, all finite.
    ///
    /// - Throws: `nonFinite`, naming the text's index.
    func embed(_ texts: [String]) throws(EmbeddingError) -> Matrix

    /// For each of the words that the embedder knows as a whole, up to `count` others that it holds for similar, most
    /// similar first. Words are in lower case.
    func similarWords(to words: [String], count: Int) -> [String: [String]]
}

extension Embedder {
    package var arithmetic: Int? { nil }
}

/// Why an embedder cannot be loaded or a text cannot be embedded.
package struct EmbeddingError: Error, Hashable, CustomStringConvertible {
    package enum Kind: String, Sendable {
        /// A file that the embedder needs isn't there.
        case missingFile
        /// A file is there and cannot be read, or is not what its format says.
        case unreadable
        /// A file is sound but asks for something that is not supported, or contradicts another file.
        case unsupported
        /// A tensor isn't there, or has another shape or element type.
        case tensor
        /// An embedding came out with a NaN or an infinity.
        case nonFinite
    }

    package let kind: Kind
    /// The file or folder.
    package let path: String
    /// What was found, what was expected and what to do, in a sentence without the path.
    package let message: String

    package init(_ kind: Kind, path: String, _ message: String) {
        self.kind = kind
        self.path = path
        self.message = message
    }

    package var description: String { "\(path): \(message)" }
}
