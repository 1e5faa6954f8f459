internal import Foundation

/// Typed reading of one mapping of the configuration.
///
/// Every key that is read is noted; ``finish()`` refuses the rest and lists what is allowed. So the keys a section
/// understands are exactly those its reader asks for, and there is no second list to keep.
///
///     var section = root.section("cluster")
///     let clusters = try section.integer("clusters", default: 10, in: 1...65_536)
///     try section.finish()
package struct ConfigurationSection {
    private let name: String
    private let origin: ConfigurationOrigin
    private let entries: [(key: String, keyOrigin: ConfigurationOrigin, node: ConfigurationNode)]
    private var known: [String] = []

    /// - Throws: `configuration` when the node is not a mapping.
    package init(_ node: ConfigurationNode, name: String = "") throws(RunError) {
        self.name = name
        origin = node.origin
        switch node.value {
        case .mapping(let entries): self.entries = entries
        case .null: entries = []
        default:
            throw RunError(.configuration, "\(node.origin): '\(name)' has to be a mapping of keys to values")
        }
    }

    /// The nested mapping `key`, empty when it is left out.
    package mutating func section(_ key: String) throws(RunError) -> ConfigurationSection {
        let empty = ConfigurationNode(value: .mapping([]), origin: origin)
        return try ConfigurationSection(node(key) ?? empty, name: full(key))
    }

    /// The nested mapping `key`, `nil` when it is left out or null.
    package mutating func optionalSection(_ key: String) throws(RunError) -> ConfigurationSection? {
        guard let node = node(key) else { return nil }
        return try ConfigurationSection(node, name: full(key))
    }

    /// Refuses keys that nobody asked for.
    package func finish() throws(RunError) {
        for entry in entries where !known.contains(entry.key) {
            let place = name.isEmpty ? "" : " in '\(name)'"
            throw RunError(
                .configuration,
                "\(entry.keyOrigin): unknown key '\(entry.key)'\(place); allowed: \(known.sorted().joined(separator: ", "))"
            )
        }
    }

    package mutating func integer(
        _ key: String, default value: Int, in range: ClosedRange<Int>
    ) throws(RunError) -> Int {
        guard let (text, origin) = try scalar(key) else { return value }
        guard let number = Int(text.replacing("_", with: "")), range.contains(number) else {
            throw wrong(key, text, origin, "a whole number \(describe(range))")
        }
        return number
    }

    package mutating func number(
        _ key: String, default value: Double, in range: ClosedRange<Double>
    ) throws(RunError) -> Double {
        guard let (text, origin) = try scalar(key) else { return value }
        guard let number = Double(text), range.contains(number) else {
            throw wrong(key, text, origin, "a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    package mutating func boolean(_ key: String, default value: Bool) throws(RunError) -> Bool {
        guard let (text, origin) = try scalar(key) else { return value }
        switch text {
        case "true", "yes", "on": return true
        case "false", "no", "off": return false
        default: throw wrong(key, text, origin, "true or false")
        }
    }

    package mutating func choice<Choice: RawRepresentable & CaseIterable>(
        _ key: String, default value: Choice
    ) throws(RunError) -> Choice where Choice.RawValue == String {
        guard let (text, origin) = try scalar(key) else { return value }
        guard let choice = Choice(rawValue: text) else {
            throw wrong(key, text, origin, "one of \(Choice.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return choice
    }

    package mutating func string(_ key: String) throws(RunError) -> String? { try scalar(key)?.text }

    /// A scalar with its place, for values that the caller parses itself.
    package mutating func located(_ key: String) throws(RunError) -> (text: String, origin: ConfigurationOrigin)? {
        try scalar(key)
    }

    /// A file's path: relative to the YAML it stands in, or to the working directory when given with `--set`.
    /// `-` stays as it is.
    package mutating func path(_ key: String) throws(RunError) -> String? {
        guard let (text, origin) = try scalar(key) else { return nil }
        return resolve(text, origin)
    }

    /// One path or a list of them.
    package mutating func paths(_ key: String) throws(RunError) -> [String] {
        guard let node = node(key) else { return [] }
        if case .sequence(let nodes) = node.value {
            var paths: [String] = []
            for element in nodes {
                guard case .scalar(let text) = element.value else {
                    throw RunError(.configuration, "\(element.origin): '\(full(key))' has to be a list of paths")
                }
                paths.append(resolve(text, element.origin))
            }
            return paths
        }
        return try path(key).map { [$0] } ?? []
    }

    /// An error about `key`'s value that the caller found.
    package func wrong(
        _ key: String, _ text: String, _ origin: ConfigurationOrigin, _ expected: String
    ) -> RunError {
        RunError(.configuration, "\(origin): '\(full(key))' is '\(text)'; it has to be \(expected)")
    }

    private mutating func node(_ key: String) -> ConfigurationNode? {
        if !known.contains(key) { known.append(key) }
        guard let node = entries.first(where: { $0.key == key })?.node else { return nil }
        if case .null = node.value { return nil }
        return node
    }

    private mutating func scalar(_ key: String) throws(RunError) -> (text: String, origin: ConfigurationOrigin)? {
        guard let node = node(key) else { return nil }
        guard case .scalar(let text) = node.value else {
            throw RunError(.configuration, "\(node.origin): '\(full(key))' has to be a single value")
        }
        return (text, node.origin)
    }

    private func full(_ key: String) -> String { name.isEmpty ? key : "\(name).\(key)" }

    private func resolve(_ text: String, _ origin: ConfigurationOrigin) -> String {
        if text == "-" || text.hasPrefix("/") { return text }
        var base = FileManager.default.currentDirectoryPath
        if case .file(let file, _) = origin {
            base = URL(filePath: file).deletingLastPathComponent().path
        }
        return URL(filePath: base).appending(path: text).standardizedFileURL.path
    }

    private func describe(_ range: ClosedRange<Int>) -> String {
        range.upperBound == .max ? "of at least \(range.lowerBound)" : "from \(range.lowerBound) to \(range.upperBound)"
    }
}

extension ConfigurationSection {
    /// One line of text or a list of them, as they stand.
    package mutating func lines(_ key: String) throws(RunError) -> [String] {
        guard let node = node(key) else { return [] }
        guard case .sequence(let nodes) = node.value else { return try string(key).map { [$0] } ?? [] }
        var lines: [String] = []
        for element in nodes {
            guard case .scalar(let text) = element.value else {
                throw RunError(.configuration, "\(element.origin): '\(full(key))' has to be a list of lines")
            }
            lines.append(text)
        }
        return lines
    }

    /// The value of `key` as it stands, for a part of the program that reads it itself.
    package mutating func subtree(_ key: String) -> ConfigurationNode? { node(key) }
}
