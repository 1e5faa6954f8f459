internal import Foundation

/// An axis of a chart.
package struct PlotAxis: Hashable, Sendable {
    package enum Scale: Hashable, Sendable {
        case linear
        /// Ticks at powers of the base; values of 0 and below are not drawn.
        case logarithmic(base: Int)
    }

    /// With its unit.
    package var label: String
    package var scale: Scale
    /// What is shown; nil shows what there is, out to the next ticks.
    package var range: ClosedRange<Double>?

    package init(_ label: String, scale: Scale = .linear, range: ClosedRange<Double>? = nil) {
        if case .logarithmic(let base) = scale {
            precondition(
                base > 1 && (range?.lowerBound ?? 1) > 0, "a logarithmic axis has a base from 2 and starts above 0")
        }
        (self.label, self.scale, self.range) = (label, scale, range)
    }

    func shows(_ value: Double) -> Bool { value.isFinite && (scale == .linear || value > 0) }
}

/// An axis laid out: where values go, and its ticks.
struct AxisLayout {
    let domain: ClosedRange<Double>
    let ticks: [(value: Double, label: String)]
    private let scale: PlotAxis.Scale
    private let pixels: (from: Double, to: Double)

    /// - Parameters:
    ///   - values: all that are to be shown.
    ///   - pixels: where the domain's ends lie.
    ///   - count: how many ticks there are, about.
    init(_ axis: PlotAxis, values: some Sequence<Double>, from: Double, to: Double, ticks count: Int) {
        let shown = values.filter(axis.shows)
        (scale, pixels) = (axis.scale, (from, to))
        switch axis.scale {
        case .linear:
            let spread = axis.range ?? Self.widened((shown.min() ?? 0)...(shown.max() ?? 1))
            let step = Self.niceStep(spread.upperBound - spread.lowerBound, count: count)
            // A hair of slack keeps a bound that is a tick but for rounding.
            let first = (spread.lowerBound / step + (axis.range == nil ? 1e-9 : -1e-9))
            let last = spread.upperBound / step
            let lower = axis.range == nil ? first.rounded(.down) : first.rounded(.up)
            let upper = axis.range == nil ? (last - 1e-9).rounded(.up) : (last + 1e-9).rounded(.down)
            domain = axis.range ?? lower * step...upper * step
            let decimals = max(0, Int(-(log10(step) + 1e-9).rounded(.down)))
            ticks = stride(from: lower, through: upper, by: 1).map { ($0 * step, Self.label($0 * step, decimals)) }
        case .logarithmic(let base):
            let spread = axis.range ?? (shown.min() ?? 1)...(shown.max() ?? Double(base))
            let isPoint = spread.lowerBound == spread.upperBound
            let margin =
                axis.range != nil ? 1 : isPoint ? Double(base) : pow(spread.upperBound / spread.lowerBound, 0.03)
            domain = spread.lowerBound / margin...spread.upperBound * margin
            ticks = Self.powers(in: domain, base: Double(base), count: count)
        }
    }

    func position(_ value: Double) -> Double {
        let share: Double =
            switch scale {
            case .linear: (value - domain.lowerBound) / (domain.upperBound - domain.lowerBound)
            case .logarithmic: log(value / domain.lowerBound) / log(domain.upperBound / domain.lowerBound)
            }
        return pixels.from + share * (pixels.to - pixels.from)
    }

    /// 1, 2 or 5 times a power of ten, so that about `count` steps cover the length.
    static func niceStep(_ length: Double, count: Int) -> Double {
        let rough = length / Double(count)
        let power = pow(10, log10(rough).rounded(.down))
        return (([1, 2, 5].first { $0 * power >= rough * 0.999 }) ?? 10) * power
    }

    private static func widened(_ range: ClosedRange<Double>) -> ClosedRange<Double> {
        guard range.lowerBound == range.upperBound else { return range }
        let margin = range.lowerBound == 0 ? 1 : abs(range.lowerBound) / 2
        return range.lowerBound - margin...range.upperBound + margin
    }

    /// Powers of the base, thinned to about `count`; between few powers of ten also their doubles and fivefolds.
    private static func powers(
        in domain: ClosedRange<Double>, base: Double, count: Int
    ) -> [(value: Double, label: String)] {
        let slack = 1e-9
        let first = Int((log(domain.lowerBound) / log(base) - slack).rounded(.down))
        let last = Int((log(domain.upperBound) / log(base) + slack).rounded(.up))
        let inside = { (value: Double) in
            value >= domain.lowerBound * (1 - slack) && value <= domain.upperBound * (1 + slack)
        }
        var values = (first...last).map { pow(base, Double($0)) }.filter(inside)
        if values.count < 3, base == 10 {
            values = (first...last).flatMap { power in [1, 2, 5].map { $0 * pow(10, Double(power)) } }.filter(inside)
        }
        let every = max(1, Int((Double(values.count) / Double(count * 2)).rounded(.up)))
        return stride(from: 0, to: values.count, by: every).map { index in
            let decimals = min(8, max(0, 2 - Int((log10(values[index]) + slack).rounded(.down))))
            return (values[index], trimmed(label(values[index], decimals)))
        }
    }

    private static func label(_ value: Double, _ decimals: Int) -> String {
        for (unit, name) in [(1e9, "G"), (1e6, "M"), (1e3, "k")] where abs(value) >= max(unit, 1e4) {
            return trimmed(Numerals.significant(value / unit)) + name
        }
        return Numerals.fixed(value, decimals)
    }

    /// Without zeros after the decimal point that say nothing.
    private static func trimmed(_ number: String) -> String {
        guard number.contains(".") else { return number }
        let digits = number.replacing(/0+$/, with: "")
        return digits.hasSuffix(".") ? String(digits.dropLast()) : digits
    }
}
