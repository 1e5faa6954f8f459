/// What one ingest brought: the files of a build, or those of one append.
package struct Batch: Codable, Hashable, Sendable {
    package struct File: Codable, Hashable, Sendable {
        /// Where the file was. Nobody reads it again once its ingest is committed.
        package let path: String
        /// What the ingest's fingerprint says about it: SHA-256 of its bytes; for vectors, of the ids too; for texts that
        /// are appended with their vectors, of those too.
        package let identity: String
        package let bytes: Int

        package init(path: String, identity: String, bytes: Int) {
            self.path = path
            self.identity = identity
            self.bytes = bytes
        }
    }

    /// What there is to know of files of vectors without opening them.
    package struct Vectors: Codable, Hashable, Sendable {
        /// The vectors of texts, one for each sample; nothing where the batch's own files are the vectors.
        package let path: String?
        /// A file of one id a line.
        package let ids: String?
        /// SHA-256 over the files and the ids.
        package let digest: String
        package let dimension: Int
        package let rows: Int

        package init(path: String? = nil, ids: String?, digest: String, dimension: Int, rows: Int) {
            self.path = path
            self.ids = ids
            self.digest = digest
            self.dimension = dimension
            self.rows = rows
        }
    }

    /// Rises from append to append; after a rollback none is used again.
    package let number: Int
    package let files: [File]
    /// Nothing for texts that a model embeds, or whose vectors `embed.path` names.
    package let vectors: Vectors?

    package init(number: Int, files: [File], vectors: Vectors?) {
        self.number = number
        self.files = files
        self.vectors = vectors
    }
}
