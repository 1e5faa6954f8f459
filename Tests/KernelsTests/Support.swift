import Kernels

/// The lengths that every kernel is run over: around the widths of vectors and tiles.
let lengths = [0, 1, 7, 8, 15, 16, 17, 31, 33, 1000]

/// The levels that this machine has, above the scalar definition.
let vectorLevels = KernelLevel.allCases.filter { $0 != .scalar && $0.rank <= KernelLevel.highest.rank }

extension KernelLevel {
    fileprivate var rank: Int { KernelLevel.allCases.firstIndex(of: self)! }
}

/// Seeded numbers in [−1, 1).
func numbers(_ count: Int, seed: UInt64) -> [Float] {
    var generator = SeededGenerator(seed: seed)
    return (0..<count).map { _ in 2 * generator.uniform() - 1 }
}

/// The greatest difference between two arrays of one length, relative to `1 + |expected|`.
func greatestError(_ found: [Float], _ expected: [Float]) -> Float {
    precondition(found.count == expected.count)
    return zip(found, expected).map { abs($0 - $1) / (1 + abs($1)) }.max() ?? 0
}
