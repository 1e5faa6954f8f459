import CKernels
import Kernels

/// The instruction sets whose kernels this machine can run.
let runnableLevels: [KernelLevel] = KernelLevel.allCases.filter {
    $0 == .scalar || KernelLevel.highest == .avx512 || $0 == KernelLevel.highest
}

/// The versions of the kernels of linear layers and attention.
enum EncoderKernels: CaseIterable {
    case scalar, avx2, avx512, avx512vnni

    /// Those that this machine can run.
    static let runnable = allCases.filter { version in
        switch version {
        case .scalar: true
        case .avx2: runnableLevels.contains(.avx2)
        case .avx512: runnableLevels.contains(.avx512)
        case .avx512vnni: runnableLevels.contains(.avx512) && ck_has_vnni() != 0
        }
    }
}

/// Seeded normal numbers.
func normals(_ count: Int, _ seed: UInt64, scale: Float = 1) -> [Float] {
    var generator = SeededGenerator(seed: seed)
    return (0..<count).map { _ in generator.normal() * scale }
}
