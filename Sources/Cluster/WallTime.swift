/// A time limit as Slurm writes it: `MM`, `MM:SS`, `HH:MM:SS`, `D-HH`, `D-HH:MM` or `D-HH:MM:SS`.
package struct WallTime: Hashable, Sendable, CustomStringConvertible {
    package let seconds: Int

    package init(seconds: Int) { self.seconds = seconds }

    /// `nil` for text that is no time of at least a minute.
    package init?(_ text: String) {
        let halves = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        let parts = halves[halves.count - 1].split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.allSatisfy({ $0.map { 0...100_000_000 ~= $0 } ?? false }), (1...3).contains(parts.count) else {
            return nil
        }
        let numbers = parts.compactMap { $0 }
        // Behind days the first number is hours; a lone number is minutes; two are minutes and seconds.
        let units: [Int]
        var total = 0
        if halves.count == 2 {
            guard let days = Int(halves[0]), 0...100_000 ~= days else { return nil }
            total = days * 86_400
            units = [3600, 60, 1]
        } else {
            units = numbers.count == 3 ? [3600, 60, 1] : [60, 1]
        }
        for (number, unit) in zip(numbers, units) { total += number * unit }
        guard total >= 60 else { return nil }
        seconds = total
    }

    package var description: String {
        let days = seconds / 86_400
        let rest = [seconds % 86_400 / 3600, seconds % 3600 / 60, seconds % 60].map { $0 < 10 ? "0\($0)" : "\($0)" }
        return (days > 0 ? "\(days)-" : "") + rest.joined(separator: ":")
    }
}

/// An amount of memory as Slurm writes it: a whole number with `K`, `M` (also without a letter), `G` or `T`.
package struct MemorySize: Hashable, Sendable, CustomStringConvertible {
    package let description: String
    package let bytes: Int

    /// `nil` for text that is no amount of memory.
    package init?(_ text: String) {
        let shift =
            switch text.last {
            case "K": 10
            case "M": 20
            case "G": 30
            case "T": 40
            default: text.last?.isNumber == true ? 20 : -1
            }
        let digits = text.last?.isLetter == true ? text.dropLast() : text[...]
        guard shift > 0, let number = Int(digits), 1...(1 << 22) ~= number else { return nil }
        description = text
        bytes = number << shift
    }
}
