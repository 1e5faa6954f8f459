internal import ArgumentParser
internal import Lineage

struct LineageCompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Says whether models share an origin, and by which layers.",
        discussion: """
            With two models: similarity, p-value against models trained independently, the evidence of each layer, and \
            a sentence that says what it means. With more: the similarity of every pair.

              gradprint lineage compare BASE SUSPECT
              gradprint lineage compare base.fingerprint.json suspect.fingerprint.json --tensors
              gradprint lineage compare models/* --heat-map map.svg --dendrogram tree.svg

            Similarity is the mean correlation of matched weight matrices: 1 for equal weights, about .03 for unrelated \
            ones. The p-value is the chance that models trained independently agree as well. A layer is 'unchanged' \
            (correlation .9995 or more, so at most rounded), 'changed', 'reordered' (the same neurons in another order \
            or scale), 'partly', or 'replaced'. See docs/lineage.md.
            """)

    @Argument(help: "Two or more models or fingerprint files (.json).")
    var models: [String]

    @Flag(help: "Print the evidence of every matrix, not only of every layer.")
    var tensors = false

    @OptionGroup var result: LineageOutputOptions
    @OptionGroup var weights: WeightOptions
    @OptionGroup var common: CommonOptions

    func validate() throws {
        if models.count < 2 { throw ValidationError("Name at least two models.") }
    }

    func run() throws {
        try reportingLineage(common) { logger in
            var fingerprints: [ModelFingerprint] = []
            for path in models {
                let fingerprint = try weights.fingerprint(path, method: .weights, logger: logger)
                guard fingerprint.weights != nil else {
                    throw LineageError.incomparable(
                        "\(path) has no weights fingerprint, only TensorGuard's; classify --method tensorguard can use it"
                    )
                }
                fingerprints.append(fingerprint)
            }
            let reports = LineageReport.pairs(fingerprints)
            if result.json {
                try writeResult(try lineageJSON(reports.map { $0.record }), to: result.output)
            } else if reports.count == 1 {
                try writeResult(reports[0].table(everyTensor: tensors), to: result.output)
            } else {
                try writeResult(LineageReport.matrix(fingerprints.map(\.model.name), reports), to: result.output)
            }
            try result.draw(LineageReport.map(fingerprints.map(\.model.name), reports))
        }
    }
}
