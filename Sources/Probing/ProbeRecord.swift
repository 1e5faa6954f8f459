/// A trained probe as plain values, for a stage to store.
package struct ProbeRecord: Sendable, Hashable, Codable {
    package enum Kind: String, Sendable, Codable, CaseIterable { case linear, hidden }

    package let kind: Kind
    package let dimension: Int
    package let classes: Int
    /// The width of the hidden layer; 0 for a linear probe.
    package let hidden: Int
    package let parameters: [Float]
    package let report: TrainingReport

    package init(_ probe: LinearProbe, report: TrainingReport) {
        self.init(
            kind: .linear, dimension: probe.dimension, classes: probe.classes, hidden: 0, parameters: probe.parameters,
            report: report)
    }

    package init(_ probe: HiddenProbe, report: TrainingReport) {
        self.init(
            kind: .hidden, dimension: probe.dimension, classes: probe.classes, hidden: probe.hidden,
            parameters: probe.parameters, report: report)
    }

    package init(
        kind: Kind, dimension: Int, classes: Int, hidden: Int, parameters: [Float], report: TrainingReport
    ) {
        self.kind = kind
        self.dimension = dimension
        self.classes = classes
        self.hidden = hidden
        self.parameters = parameters
        self.report = report
    }

    /// The probe, or nothing when the number of parameters is not that of its shape (a damaged record).
    package var probe: (any Probe)? {
        switch kind {
        case .linear where parameters.count == classes * (dimension + 1):
            LinearProbe(dimension: dimension, classes: classes, parameters: parameters)
        case .hidden where parameters.count == hidden * (dimension + 1) + classes * (hidden + 1):
            HiddenProbe(dimension: dimension, classes: classes, hidden: hidden, parameters: parameters)
        default: nil
        }
    }
}
