/// One task of a plan.
package struct PlannedTask: Sendable {
    package let stage: any Stage
    /// Sorts as the rows do: `00003` for a file, batch, shard or segment (named after its first batch), `00003-00017` for
    /// a slice of a segment, `all` for a whole stage.
    package let name: String
    package let fingerprint: String
    /// Indices of the tasks it reads, all smaller than its own.
    package let inputs: [Int]
    /// Positions of the batches it belongs to.
    package let batches: Range<Int>
    package let part: Part

    /// What of the corpus a task is for.
    package enum Part: Sendable {
        case file(Int)
        case batch
        case shard(Catalog.Shard)
        case segment(Segment)
        /// One of `count` parts of a segment.
        case slice(Segment, index: Int, count: Int)
        case whole
    }

    package var label: String { "\(stage.name)/\(name)" }
    /// The folder of its outputs below the run directory.
    package var folder: String { "\(stage.name)/\(name).\(fingerprint.prefix(12))" }

    /// Where the shard's texts are, for a shard task.
    package var shard: Catalog.Shard? { if case .shard(let shard) = part { shard } else { nil } }
    /// The corpus file, for a file task.
    package var file: Int? { if case .file(let file) = part { file } else { nil } }
    /// The segment, for a task of a segment or of a slice of it.
    package var segment: Segment? {
        switch part {
        case .segment(let segment), .slice(let segment, _, _): segment
        default: nil
        }
    }
}
