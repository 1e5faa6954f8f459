internal import Kernels

/// The five ways in which TensorGuard disturbs its random input.
enum Perturbation: Int, Sendable, CaseIterable {
    /// A step of .03 along the sign of a cross entropy's gradient.
    case adversarial
    /// Plus its own lowest quarter of frequencies.
    case structured
    /// Plus a tenth of another normal vector.
    case gaussian
    /// Plus a tenth of its lowest eighth of frequencies.
    case lowFrequency
    /// Plus a tenth of its highest half of frequencies.
    case highFrequency

    /// How often each is drawn in `count` draws with the fixed seed.
    ///
    /// The input is drawn from the same seed every time, so draws of one kind are the same input.
    static func draws(_ count: Int, generator: inout SeededGenerator) -> [Int] {
        var draws = [Int](repeating: 0, count: allCases.count)
        for _ in 0..<count { draws[generator.integer(below: allCases.count)] += 1 }
        return draws
    }

    /// N(0, 1) numbers, `[count]`, from the fixed seed.
    static func input(_ count: Int) -> (values: [Float], generator: SeededGenerator) {
        var generator = SeededGenerator(seed: 0)
        var values = [Float](repeating: 0, count: count)
        for index in 0..<count { values[index] = generator.normal() }
        return (values, generator)
    }

    /// The input disturbed by a part of its own spectrum.
    ///
    /// - Parameters:
    ///   - bins: the bins of the real transform that are kept, of `count / 2 + 1`.
    static func filtered(_ x: [Float], bins: Range<Int>, factor: Double) -> [Float] {
        let transform = FourierTransform(count: x.count)
        let spectrum = transform.transform(x.map { (Double($0), 0) })
        var kept = [(Double, Double)](repeating: (0, 0), count: x.count)
        for bin in bins {
            kept[bin] = spectrum[bin]
            // A real signal's spectrum is mirrored; the first bin, and the middle one of an even count, stand alone.
            if bin > 0, bin != x.count - bin { kept[x.count - bin] = spectrum[x.count - bin] }
        }
        let noise = transform.transform(kept, isInverse: true)
        return zip(x, noise).map { Float(Double($0) + factor * $1.0 / Double(x.count)) }
    }

    /// The disturbed input; `adversarial` needs the sign of the gradient.
    static func disturbed(_ kind: Perturbation, count: Int) -> [Float] {
        var (x, generator) = input(count)
        let bins = count / 2 + 1
        switch kind {
        case .adversarial: return x
        case .structured: return filtered(x, bins: 0..<bins / 4, factor: 1)
        case .lowFrequency: return filtered(x, bins: 0..<bins / 8, factor: 0.1)
        case .highFrequency: return filtered(x, bins: bins / 2..<bins, factor: 0.1)
        case .gaussian:
            for index in 0..<count { x[index] += 0.1 * generator.normal() }
            return x
        }
    }
}
