import Kernels

/// The instruction sets whose kernels this machine can run.
let runnableLevels: [KernelLevel] = KernelLevel.allCases.filter {
    $0 == .scalar || KernelLevel.highest == .avx512 || $0 == KernelLevel.highest
}

/// Seeded normal numbers.
func normals(_ count: Int, _ seed: UInt64, scale: Float = 1) -> [Float] {
    var generator = SeededGenerator(seed: seed)
    return (0..<count).map { _ in generator.normal() * scale }
}
