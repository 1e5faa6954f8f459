/// Average-linkage clustering of a distance matrix.
///
/// Source: Sokal & Michener 1958 (UPGMA).
package struct HierarchicalClustering: Sendable {
    package indirect enum Tree: Sendable {
        case leaf(Int)
        case join(Tree, Tree, height: Double)

        package var height: Double { if case .join(_, _, let height) = self { height } else { 0 } }

        /// The leaves from left to right.
        package var leaves: [Int] {
            switch self {
            case .leaf(let index): [index]
            case .join(let left, let right, _): left.leaves + right.leaves
            }
        }
    }

    package let tree: Tree

    /// - Parameter distances: symmetric, `[n][n]`, n at least 1.
    /// - Complexity: O(n³).
    package init(distances: [[Double]]) {
        precondition(!distances.isEmpty && distances.allSatisfy { $0.count == distances.count })
        var clusters = distances.indices.map { (tree: Tree.leaf($0), members: [$0]) }
        func distance(_ a: [Int], _ b: [Int]) -> Double {
            var sum = 0.0
            for i in a { for j in b { sum += distances[i][j] } }
            return sum / Double(a.count * b.count)
        }
        while clusters.count > 1 {
            var best = (distance: Double.infinity, i: 0, j: 1)
            for i in clusters.indices {
                for j in i + 1..<max(clusters.count, i + 1) {
                    let value = distance(clusters[i].members, clusters[j].members)
                    if value < best.distance { best = (value, i, j) }
                }
            }
            let (a, b) = (clusters[best.i], clusters[best.j])
            clusters.remove(at: best.j)
            clusters[best.i] = (
                .join(a.tree, b.tree, height: max(best.distance, a.tree.height, b.tree.height)), a.members + b.members
            )
        }
        tree = clusters[0].tree
    }
}
