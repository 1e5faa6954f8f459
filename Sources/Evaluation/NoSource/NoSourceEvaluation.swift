/// One output with what attribution said about it and what is true.
package struct JudgedOutput: Hashable, Sendable {
    /// Of the best match; smaller is more confident.
    package let pValue: Double
    /// Of the best match; higher is more confident. Decides between equal p-values.
    package let score: Double
    /// Whether the best match is a source.
    package let isRight: Bool
    /// Whether the corpus holds a source; false for a null output.
    package let hasSource: Bool

    /// - Parameters:
    ///   - pValue: in `0 ... 1`; leave it out to judge a method by its score alone.
    ///   - score: not NaN.
    package init(pValue: Double = 1, score: Double, isRight: Bool, hasSource: Bool) {
        precondition((0...1).contains(pValue) && !score.isNaN, "p-value \(pValue), score \(score)")
        precondition(hasSource || !isRight, "a match of an output without a source is never right")
        (self.pValue, self.score, self.isRight, self.hasSource) = (pValue, score, isRight, hasSource)
    }

    /// Whether this output is answered before `other` as the threshold falls.
    fileprivate func isMoreConfident(than other: JudgedOutput) -> Bool {
        pValue != other.pValue ? pValue < other.pValue : score > other.score
    }
}

/// A point of a curve.
package struct CurvePoint: Hashable, Sendable {
    package let x: Double
    package let y: Double

    package init(x: Double, y: Double) { (self.x, self.y) = (x, y) }
}

/// How well attribution knows that an output has no source.
///
/// Outputs are answered from the most to the least confident: by p-value, then by score. Those equal in both are answered
/// together, so nothing here depends on the order of the input.
package struct NoSourceEvaluation: Sendable {
    private let outputs: [JudgedOutput]
    /// Outputs that have a source.
    package let known: Int
    /// Outputs that have none.
    package let nulls: Int
    /// Running counts after each run of equally confident outputs.
    private let steps: [Step]

    private struct Step {
        var answered = 0
        var right = 0
        var known = 0
        var nulls = 0
    }

    /// - Complexity: O(n log n).
    package init(_ outputs: [JudgedOutput]) {
        let sorted = outputs.sorted { $0.isMoreConfident(than: $1) }
        var steps: [Step] = []
        var step = Step()
        for (index, output) in sorted.enumerated() {
            step.answered += 1
            step.right += output.isRight ? 1 : 0
            step.known += output.hasSource ? 1 : 0
            step.nulls += output.hasSource ? 0 : 1
            if index + 1 == sorted.count || output.isMoreConfident(than: sorted[index + 1]) { steps.append(step) }
        }
        (self.outputs, self.steps) = (sorted, steps)
        (known, nulls) = (step.known, step.nulls)
    }

    /// The chance that an output with a source is more confident than one without, ties counting half; nil unless there
    /// are outputs of both kinds.
    ///
    /// Source: Hanley & McNeil, "The meaning and use of the area under a receiver operating characteristic (ROC) curve",
    /// Radiology 143, 1982.
    package var areaUnderCurve: Double? {
        guard known > 0, nulls > 0 else { return nil }
        var pairs = 0.0
        var before = Step()
        for step in steps {
            let ties = Double(step.nulls - before.nulls)
            pairs += Double(step.known - before.known) * (Double(nulls - step.nulls) + ties / 2)
            before = step
        }
        return pairs / (Double(known) * Double(nulls))
    }

    /// The share of null outputs that are given a source at a level, that is whose p-value is at most `level`.
    package func falseAttributions(atLevel level: Double) -> Proportion {
        Proportion(count: outputs.count { !$0.hasSource && $0.pValue <= level }, of: nulls)
    }

    /// P@1 over the outputs that have a source when those with a p-value above `level` count as wrong.
    package func precisionKept(atLevel level: Double) -> Proportion {
        Proportion(count: outputs.count { $0.isRight && $0.pValue <= level }, of: known)
    }

    /// P@1 over the outputs that have a source when as many outputs are answered, the most confident first, as leave the
    /// share of null outputs answered at or below `rate`: what makes methods with and without p-values comparable.
    package func precisionKept(atFalseRate rate: Double) -> Proportion {
        let allowed = rate * Double(nulls) + 1e-9
        return Proportion(count: steps.last { Double($0.nulls) <= allowed }?.right ?? 0, of: known)
    }

    /// Coverage (the share of all outputs that are answered) against risk (the share wrong among those); an answer to a
    /// null output is wrong. Rising coverage, one point for each distinct confidence.
    ///
    /// Source: El-Yaniv & Wiener, "On the foundations of noise-free selective classification", JMLR 11, 2010.
    package var riskCoverage: [CurvePoint] {
        steps.map { step in
            CurvePoint(
                x: Double(step.answered) / Double(outputs.count), y: 1 - Double(step.right) / Double(step.answered))
        }
    }

    /// Whether p-values are what they say, judged by the null outputs.
    package var calibration: CalibrationCurve {
        CalibrationCurve(nullValues: outputs.lazy.filter { !$0.hasSource }.map(\.pValue))
    }
}
