internal import Foundation

/// Numbers as a reader sees them; the same on every machine, whatever its locale.
package enum Numerals {
    /// With a fixed count of decimals, a true minus sign, never "−0"; "–" for what is not a number.
    package static func fixed(_ value: Double, _ decimals: Int, signed: Bool = false) -> String {
        guard value.isFinite else { return "–" }
        let digits = String(format: "%.\(decimals)f", abs(value))
        let isZero = digits.allSatisfy { $0 == "0" || $0 == "." }
        return (isZero ? "" : value < 0 ? "\u{2212}" : signed ? "+" : "") + digits
    }

    /// With three significant digits, for values whose size is not known beforehand.
    package static func significant(_ value: Double) -> String {
        guard value.isFinite, value != 0 else { return fixed(value, 0) }
        let magnitude = Int(log10(abs(value)).rounded(.down))
        guard magnitude >= -5, magnitude < 7 else {
            return String(format: "%.2e", value).replacing("-", with: "\u{2212}")
        }
        return fixed(value, max(0, 2 - magnitude))
    }

    /// A p-value to three significant digits without trailing zeros.
    package static func pValue(_ value: Double) -> String {
        guard value > 0, value < 1 else { return fixed(value, 0) }
        var digits = fixed(value, max(3, 2 - Int(log10(value).rounded(.down))))
        while digits.hasSuffix("0") { digits.removeLast() }
        return digits.hasSuffix(".") ? String(digits.dropLast()) : digits
    }

    /// A coordinate in a drawing: two decimals at most, no trailing zeros, ASCII.
    package static func coordinate(_ value: Double) -> String {
        let hundredths = (value * 100).rounded()
        guard hundredths != 0 else { return "0" }
        var digits = String(format: "%.2f", hundredths / 100)
        while digits.hasSuffix("0") { digits.removeLast() }
        return digits.hasSuffix(".") ? String(digits.dropLast()) : digits
    }

    /// A count with thin spaces between groups of three digits.
    package static func count(_ value: Int) -> String {
        let digits = Array(String(value.magnitude))
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text.append("\u{202F}") }
            text.append(digit)
        }
        return value < 0 ? "\u{2212}" + text : text
    }
}
