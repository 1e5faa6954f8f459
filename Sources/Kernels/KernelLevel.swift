import CKernels

/// The instruction set that the C kernels run at.
///
/// One level is in force for the whole process: results of different levels differ in their last bits, so manifests
/// record it. `GRADPRINT_KERNELS=scalar|avx2|avx512` pins it (see ``pin(_:)``).
package enum KernelLevel: String, CaseIterable, Comparable, Sendable {
    case scalar, avx2, avx512

    /// The highest level this processor has.
    package static var highest: KernelLevel { KernelLevel(ck_highest_level()) }

    /// The level in use.
    package static var current: KernelLevel { KernelLevel(ck_current_level()) }

    /// Pins the level for the process; one that the processor lacks is lowered to ``highest``.
    package static func pin(_ level: KernelLevel) { ck_set_level(level.cValue) }

    package static func < (a: KernelLevel, b: KernelLevel) -> Bool { a.cValue.rawValue < b.cValue.rawValue }

    private init(_ level: ck_level) {
        switch level {
        case CK_AVX512: self = .avx512
        case CK_AVX2: self = .avx2
        default: self = .scalar
        }
    }

    private var cValue: ck_level {
        switch self {
        case .scalar: CK_SCALAR
        case .avx2: CK_AVX2
        case .avx512: CK_AVX512
        }
    }
}
