internal import ArgumentParser
internal import Foundation
internal import Lineage
internal import Logging
internal import Pipeline

struct LineageClassifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "classify",
        abstract: "Says which family of a library models belong to.",
        discussion: """
            The family of the nearest member, its nearest base and the distance; 'unknown' when nothing is near.

              gradprint lineage classify SUSPECT --library fingerprints
              gradprint lineage classify suspects/* --library fingerprints --method tensorguard --json

            JSON has the distance to every member; the drawings show models and members. With 'weights' the distance is 1 − similarity, and a model is unknown unless it is related (see `compare`) \
            to a member. With 'tensorguard' all models and members are standardised together, k-means starts at the \
            bases, and a model farther than --threshold from every base is unknown.
            """)

    @Argument(help: "Models or fingerprint files (.json).")
    var models: [String]

    @Option(help: "The folder of fingerprints that `library add` fills.")
    var library: String

    @Option(help: ArgumentHelp("How to compare.", valueName: "weights|tensorguard"))
    var method: LineageMethod = .weights

    @Option(help: "For tensorguard: the greatest distance to a base at which a model counts as known.")
    var threshold = TensorGuardClassifier.publishedThreshold

    @OptionGroup var result: LineageOutputOptions
    @OptionGroup var weights: WeightOptions
    @OptionGroup var common: CommonOptions

    func validate() throws {
        if models.isEmpty { throw ValidationError("Name at least one model.") }
        if !(threshold >= 0) { throw ValidationError("--threshold has to be 0 or more; with inf nothing is unknown.") }
    }

    func run() throws {
        try reportingLineage(common) { logger in
            let library = try FingerprintLibrary(path: absolute(library))
            var fingerprints: [ModelFingerprint] = []
            for path in models {
                fingerprints.append(try weights.fingerprint(path, method: method, logger: logger))
            }
            let answers = try LineageClassifier(library: library, threshold: threshold)
                .classify(fingerprints, method: method)
            try writeResult(result.json ? try lineageJSON(answers) : Self.table(answers), to: result.output)
            try result.draw(Self.map(fingerprints + library.members, method: method))
        }
    }

    private static func table(_ answers: [LineageClassifier.Answer]) -> String {
        let isWeights = answers.first?.method == .weights
        var rows = [["model", "family", "nearest base", "distance"] + (isWeights ? ["p-value"] : [])]
        for answer in answers {
            rows.append(
                [
                    answer.model, answer.family ?? "unknown", answer.nearestBase ?? "–",
                    answer.distance.map(LineageReport.number) ?? "–",
                ] + (isWeights ? [answer.pValue.map(LineageReport.chance) ?? "–"] : []))
        }
        return LineageReport.columns(rows)
    }

    private static func map(_ models: [ModelFingerprint], method: LineageMethod) -> LineageMap {
        guard method == .tensorguard else {
            let usable = models.filter { $0.weights != nil }
            return LineageReport.map(usable.map(\.model.name), LineageReport.pairs(usable))
        }
        let usable = models.filter { $0.tensorguard != nil }
        let rows = TensorGuardClassifier(models: usable.compactMap(\.tensorguard), bases: [0]).standardized
        let distances = rows.map { row in rows.map { TensorGuardClassifier.distance(row, $0) } }
        return LineageMap(
            names: usable.map(\.model.name), distances: distances,
            title: "Distance of models: TensorGuard, standardised")
    }
}

struct LineageLibraryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "library",
        abstract: "Keeps the fingerprints of known models.",
        subcommands: [Add.self, List.self])

    struct Add: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "add",
            abstract: "Files models under a family.",
            discussion: """
                  gradprint lineage library add models/llama-3.2-1b --library fingerprints --family llama
                  gradprint lineage library add tuned.fingerprint.json --library fingerprints --family llama --derivative

                A model of the same name is replaced. TensorGuard's published feature files can be added as well; they \
                serve --method tensorguard only.
                """)

        @Argument(help: "Models or fingerprint files (.json).")
        var models: [String]

        @Option(help: "The library's folder; made when it is not there.")
        var library: String

        @Option(help: "The family. (default: the model's own name)")
        var family: String?

        @Option(help: "Another name than the file's, for one model.")
        var name: String?

        @Flag(help: "File them as derivatives; without it they are bases of their family.")
        var derivative = false

        @OptionGroup var weights: WeightOptions
        @OptionGroup var common: CommonOptions

        func validate() throws {
            if models.isEmpty { throw ValidationError("Name at least one model.") }
            if name != nil && models.count > 1 { throw ValidationError("--name is for one model.") }
        }

        func run() throws {
            try reportingLineage(common) { logger in
                var library = try FingerprintLibrary(path: absolute(library))
                var paths: [String: String] = [:]
                for path in models {
                    let fingerprint = try weights.fingerprint(path, method: nil, logger: logger)
                    let named = name.map(fingerprint.named) ?? fingerprint
                    if let other = paths.updateValue(path, forKey: named.model.name) {
                        throw RunError(
                            .badInput,
                            "\(other) and \(path) are both named '\(named.model.name)', and the second would replace the first; add them one by one with --name"
                        )
                    }
                    let file = try library.add(named, family: family, isBase: !derivative)
                    logger.info("\(named.model.name): added as \(file)")
                }
            }
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "list", abstract: "Lists a library's models.")

        @Option(help: "The library's folder.")
        var library: String

        @Flag(help: "Print JSON.")
        var json = false

        @OptionGroup var common: CommonOptions

        struct Entry: Encodable {
            let name: String
            let family: String?
            let isBase: Bool
            let parameters: Int
            let methods: [LineageMethod]
        }

        func run() throws {
            try reportingLineage(common) { _ in
                let path = absolute(library)
                guard FileManager.default.fileExists(atPath: path) else {
                    throw RunError(.missingInput, "\(library): there is no such library; `library add` makes one")
                }
                let entries = try FingerprintLibrary(path: path).members.map { member in
                    Entry(
                        name: member.model.name, family: member.family, isBase: member.isBase ?? false,
                        parameters: member.model.parameters,
                        methods: (member.weights == nil ? [] : [.weights])
                            + (member.tensorguard == nil ? [] : [.tensorguard]))
                }
                var rows = [["model", "family", "role", "parameters", "methods"]]
                for entry in entries {
                    rows.append([
                        entry.name, entry.family ?? "–", entry.isBase ? "base" : "derivative", "\(entry.parameters)",
                        entry.methods.map(\.rawValue).joined(separator: ", "),
                    ])
                }
                try writeOutput(json ? try lineageJSON(entries) : LineageReport.columns(rows))
            }
        }
    }
}
