/// Which neighbouring batches share a segment, so that a search visits few segments and few rows are merged again.
///
/// A segment of n rows is of tier ⌊log₄(n / 1024)⌋, at least 0. The trained batches are the first segment, which nothing
/// joins. Each batch that was appended begins a segment of its own; then
/// - a segment before it of a lower tier joins it, so tiers never rise from one segment to the next;
/// - four segments of one tier at the end become one.
///
/// So there are at most three segments of a tier, 3·(⌊log₄(rows / 1024)⌋ + 1) in all, and a row is merged at most once
/// for each tier that its segment passes, and once for each that a larger neighbour lifts it over. Only the last segments
/// ever change. The cut depends on nothing but the numbers of rows: every machine and every resumed run makes the same.
package enum SegmentTiers {
    /// How many segments of one tier become one.
    static let factor = 4
    /// Segments of fewer rows are all of the lowest tier.
    static let smallestRows = 1024

    /// The segments as ranges of batches, in order.
    ///
    /// - Parameters:
    ///   - rows: of each batch.
    ///   - trained: leading batches that are the first segment; at least one.
    ///   - merged: batches from `trained` up to here are one segment whatever their tiers.
    package static func segments(rows: [Int], trained: Int, merged: Int) -> [Range<Int>] {
        precondition((1...rows.count).contains(trained) && (trained...rows.count).contains(merged))
        var ends = [trained]
        var sizes: [Int] = []
        if merged > trained {
            ends.append(merged)
            sizes.append(rows[trained..<merged].reduce(0, +))
        }
        func join(_ count: Int) {
            let sum = sizes.suffix(count).reduce(0, +)
            let end = ends.removeLast()
            sizes.removeLast(count)
            ends.removeLast(count - 1)
            ends.append(end)
            sizes.append(sum)
        }
        for batch in merged..<rows.count {
            ends.append(batch + 1)
            sizes.append(rows[batch])
            while true {
                let tiers = sizes.map(tier)
                if tiers.count > 1, tiers[tiers.count - 2] < tiers[tiers.count - 1] {
                    join(2)
                } else if tiers.count >= factor, Set(tiers.suffix(factor)).count == 1 {
                    join(factor)
                } else {
                    break
                }
            }
        }
        return zip([0] + ends, ends).map { $0..<$1 }
    }

    static func tier(_ rows: Int) -> Int {
        var (tier, limit) = (0, smallestRows * factor)
        while rows >= limit {
            tier += 1
            limit *= factor
        }
        return tier
    }
}

/// A contiguous group of batches of which each index has one part.
package struct Segment: Codable, Hashable, Sendable {
    /// Positions of its batches.
    package let batches: Range<Int>
    /// Of its shards in the catalog.
    package let shards: Range<Int>
    /// Number of its first row in the corpus.
    package let firstRow: Int
    package let rows: Int
}
