internal import Foundation
internal import Pipeline
internal import Storage

/// The transformer's embeddings of the texts that a table learns from, kept in parts beside the table until that is written:
/// they take nearly all of the time, and a distillation that was killed goes on behind the last of them.
///
/// A part is a shard file of kind `text-vectors` with one column, `vector` (float32, raw). Its attribute `made_of` is a digest
/// of its texts and of all that their vectors' bits depend on: parts of other texts or of another model are made again.
struct TextVectorParts {
    /// `TABLE.unfinished`.
    let folder: String
    private let maker: String
    private let dimension: Int

    private static let (kind, column, madeOf) = ("text-vectors", "vector", "made_of")

    /// - Parameters:
    ///   - table: the table's folder.
    ///   - maker: what vectors depend on beside their texts.
    init(beside table: String, maker: String, dimension: Int) {
        folder = "\(table).unfinished"
        self.maker = maker
        self.dimension = dimension
    }

    private func path(_ number: Int) -> String { "\(folder)/\(number).shard" }

    private func digest(_ texts: [String]) -> String {
        Digest.sha256(([maker] + texts.map { "\($0.utf8.count) \($0)" }).joined(separator: "\n"))
    }

    /// The vectors of a part, row-major; nil where it is not there, was made of something else, or is damaged.
    func vectors(_ number: Int, of texts: [String]) -> [Float]? {
        guard let reader = try? ShardReader(path: path(number), expectedKind: Self.kind),
            reader.attributes[Self.madeOf] == digest(texts), reader.rows == texts.count,
            (try? reader.column(Self.column))?.fixedWidth == dimension
        else { return nil }
        var vectors = [Float](repeating: 0, count: texts.count * dimension)
        guard (try? reader.read(Self.column, rows: 0..<texts.count, into: &vectors)) != nil else { return nil }
        return vectors
    }

    /// - Throws: `permission`, `noSpace`, `inputOutput`.
    func keep(_ vectors: [Float], _ number: Int, of texts: [String]) throws(RunError) {
        try RunDirectory.createFolder(folder)
        try reporting(damaged: .inputOutput) { () throws(StorageError) in
            let temporary = "\(path(number)).\(DurableFile.writer).part"
            let writer = try ShardWriter(
                path: temporary, kind: Self.kind,
                columns: [ColumnDescription(Self.column, .float32, width: dimension)],
                attributes: [Self.madeOf: digest(texts)])
            try writer.append(Self.column, floats: vectors.span)
            _ = try writer.finish()
            try DurableFile.syncFile(temporary)
            try DurableFile.rename(temporary, to: path(number))
        }
    }

    /// Removes all parts, and what writing them left; the folder too, unless there is something else in it.
    func remove() {
        for name in (try? DurableFile.entries(of: folder)) ?? [] where Self.isPart(name) {
            unsafe unlink("\(folder)/\(name)")
        }
        unsafe rmdir(folder)
    }

    /// `NUMBER.shard`, or that with something behind it.
    private static func isPart(_ name: String) -> Bool {
        let words = name.split(separator: ".", omittingEmptySubsequences: false)
        return words.count > 1 && Int(words[0]) != nil && words[1] == "shard"
    }
}
