/// A strong-Wolfe line search: a bracket is grown, then narrowed by cubic interpolation.
///
/// Source: Nocedal & Wright, algorithms 3.5 and 3.6, c₁ = 10⁻⁴ and c₂ = 0.9.
struct LineSearch {
    let point: [Double]
    let direction: [Double]
    /// The value and the derivative along the direction at step 0; the derivative is negative.
    let value: Double
    let slope: Double
    private(set) var evaluations = 0

    init(point: [Double], direction: [Double], value: Double, slope: Double) {
        self.point = point
        self.direction = direction
        self.value = value
        self.slope = slope
    }

    struct Trial {
        let step: Double
        let point: [Double]
        let value: Double
        let gradient: [Double]
        let slope: Double
    }

    /// A point that meets both conditions, or the best one that lowers the value, or nothing.
    mutating func run(
        first: Double, _ objective: ([Double]) -> (value: Double, gradient: [Double])
    ) -> Trial? {
        var low = Trial(step: 0, point: point, value: value, gradient: [], slope: slope)
        var step = first
        for attempt in 0..<20 {
            let trial = evaluate(step, objective)
            if !trial.value.isFinite || !isDecrease(trial) || (attempt > 0 && trial.value >= low.value) {
                return narrow(low, trial, objective)
            }
            if abs(trial.slope) <= -0.9 * slope { return trial }
            if trial.slope >= 0 { return narrow(trial, low, objective) }
            low = trial
            step *= 2.5
        }
        return low
    }

    /// `low` has the lowest value that meets the first condition; the interval to `high` has a point that meets both.
    private mutating func narrow(
        _ low: Trial, _ high: Trial, _ objective: ([Double]) -> (value: Double, gradient: [Double])
    ) -> Trial? {
        var (low, high) = (low, high)
        for _ in 0..<20 {
            let trial = evaluate(interpolate(low, high), objective)
            if !trial.value.isFinite || !isDecrease(trial) || trial.value >= low.value {
                high = trial
            } else {
                if abs(trial.slope) <= -0.9 * slope { return trial }
                if trial.slope * (high.step - low.step) >= 0 { high = low }
                low = trial
            }
            if abs(high.step - low.step) <= 1e-10 * max(1, abs(low.step)) { break }
        }
        return low.step > 0 ? low : nil
    }

    private mutating func evaluate(
        _ step: Double, _ objective: ([Double]) -> (value: Double, gradient: [Double])
    ) -> Trial {
        evaluations += 1
        let target = zip(point, direction).map { $0 + step * $1 }
        let (value, gradient) = objective(target)
        return Trial(step: step, point: target, value: value, gradient: gradient, slope: inner(gradient, direction))
    }

    private func isDecrease(_ trial: Trial) -> Bool { trial.value <= value + 1e-4 * trial.step * slope }

    /// The minimum of the cubic through both ends, kept off the ends; the middle when there is none.
    private func interpolate(_ a: Trial, _ b: Trial) -> Double {
        let width = b.step - a.step
        let d1 = a.slope + b.slope - 3 * (a.value - b.value) / (a.step - b.step)
        let square = d1 * d1 - a.slope * b.slope
        var share = 0.5
        if b.value.isFinite, square >= 0 {
            let d2 = (width < 0 ? -1 : 1) * square.squareRoot()
            let candidate = 1 - (b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2)
            if candidate.isFinite { share = min(0.9, max(0.1, candidate)) }
        }
        return a.step + share * width
    }
}
