internal import Foundation
internal import Yams

/// Where a value of the configuration was written.
package enum ConfigurationOrigin: Hashable, Sendable, CustomStringConvertible {
    case file(path: String, line: Int)
    case commandLine

    package var description: String {
        switch self {
        case .file(let path, let line): "\(path):\(line)"
        case .commandLine: "--set"
        }
    }
}

/// One value of the configuration with its origin: a YAML node without the parts that a pipeline has no use for.
package struct ConfigurationNode: Sendable {
    package enum Value: Sendable {
        case null
        case scalar(String)
        case sequence([ConfigurationNode])
        case mapping([(key: String, keyOrigin: ConfigurationOrigin, node: ConfigurationNode)])
    }

    package var value: Value
    package var origin: ConfigurationOrigin
}

extension ConfigurationNode {
    /// Reads a YAML file. A key that stands twice in one mapping is refused (by the parser).
    ///
    /// - Throws: `missingInput`, `permission` or `configuration`, with file and line.
    package init(yamlFile path: String) throws(RunError) {
        var isFolder: ObjCBool = false
        guard unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw RunError(.missingInput, "\(path): there is no such configuration file")
        }
        guard !isFolder.boolValue else {
            throw RunError(.configuration, "\(path): this is a folder; a pipeline is a YAML file")
        }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw RunError(.permission, "\(path): the configuration cannot be read")
        }
        guard let text = String(data: data, encoding: .utf8) else {
            throw RunError(.configuration, "\(path): the configuration is not UTF-8 text")
        }
        try self.init(yaml: text, path: path)
    }

    package init(yaml text: String, path: String) throws(RunError) {
        let root: Node?
        do {
            root = try Yams.compose(yaml: text)
        } catch {
            throw RunError(.configuration, "\(path): the YAML cannot be parsed: \(error)")
        }
        guard let root else {
            self.init(value: .mapping([]), origin: .file(path: path, line: 1))
            return
        }
        try self.init(root, path: path)
    }

    private init(_ node: Node, path: String) throws(RunError) {
        let origin = ConfigurationOrigin.file(path: path, line: node.mark?.line ?? 1)
        switch node {
        case .scalar(let scalar):
            let isNull = scalar.style == .plain && ["", "~", "null"].contains(scalar.string)
            self.init(value: isNull ? .null : .scalar(scalar.string), origin: origin)
        case .sequence(let sequence):
            var nodes: [ConfigurationNode] = []
            for element in sequence { nodes.append(try ConfigurationNode(element, path: path)) }
            self.init(value: .sequence(nodes), origin: origin)
        case .mapping(let mapping):
            var entries: [(key: String, keyOrigin: ConfigurationOrigin, node: ConfigurationNode)] = []
            for (key, value) in mapping {
                let keyOrigin = ConfigurationOrigin.file(path: path, line: key.mark?.line ?? 1)
                guard let name = key.string else {
                    throw RunError(.configuration, "\(keyOrigin): a key has to be a word")
                }
                entries.append((name, keyOrigin, try ConfigurationNode(value, path: path)))
            }
            self.init(value: .mapping(entries), origin: origin)
        case .alias:
            throw RunError(.configuration, "\(origin): YAML aliases are not supported here; write the value out")
        }
    }

    /// Applies `--set a.b.c=value`; the value is read as YAML, so `[x, y]` and `{k: v}` work.
    ///
    /// - Throws: `configuration` when the assignment has no `=`, an empty key, or a value that is not YAML.
    package mutating func set(_ assignment: String) throws(RunError) {
        guard let equals = assignment.firstIndex(of: "="), equals != assignment.startIndex else {
            throw RunError(
                .configuration, "--set \(assignment): write it as key=value, for example cluster.clusters=20")
        }
        let keys = assignment[..<equals].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard !keys.contains("") else {
            throw RunError(.configuration, "--set \(assignment): a part of the key is empty")
        }
        let text = String(assignment[assignment.index(after: equals)...])
        // Lists, mappings and quoted text are YAML; all else is taken as it stands, so that a path may hold anything.
        let isYAML = text.first.map { "[{\"'".contains($0) } ?? false
        var node = ConfigurationNode(
            value: ["", "null", "~"].contains(text) ? .null : .scalar(text), origin: .commandLine)
        if isYAML { node = try ConfigurationNode(yaml: text, path: "--set \(assignment)") }
        node.originate(from: .commandLine)
        insert(node, at: keys[...])
    }

    /// Puts text in place of `key`'s value: one scalar, or a list of them. For values that were worked out, such as
    /// absolute paths.
    package mutating func replace(_ key: String, with texts: [String]) {
        let nodes = texts.map { ConfigurationNode(value: .scalar($0), origin: .commandLine) }
        let node = nodes.count == 1 ? nodes[0] : ConfigurationNode(value: .sequence(nodes), origin: .commandLine)
        insert(node, at: key.split(separator: ".").map(String.init)[...])
    }

    /// Removes a key of the topmost mapping.
    package mutating func remove(_ key: String) {
        guard case .mapping(let entries) = value else { return }
        value = .mapping(entries.filter { $0.key != key })
    }

    private mutating func originate(from origin: ConfigurationOrigin) {
        self.origin = origin
        switch value {
        case .null, .scalar: break
        case .sequence(var nodes):
            for index in nodes.indices { nodes[index].originate(from: origin) }
            value = .sequence(nodes)
        case .mapping(var entries):
            for index in entries.indices {
                entries[index].keyOrigin = origin
                entries[index].node.originate(from: origin)
            }
            value = .mapping(entries)
        }
    }

    private mutating func insert(_ node: ConfigurationNode, at keys: ArraySlice<String>) {
        guard let key = keys.first else {
            self = node
            return
        }
        var entries: [(key: String, keyOrigin: ConfigurationOrigin, node: ConfigurationNode)] = []
        if case .mapping(let existing) = value { entries = existing }
        if let index = entries.firstIndex(where: { $0.key == key }) {
            entries[index].node.insert(node, at: keys.dropFirst())
        } else {
            var child = ConfigurationNode(value: .mapping([]), origin: .commandLine)
            child.insert(node, at: keys.dropFirst())
            entries.append((key, .commandLine, child))
        }
        value = .mapping(entries)
    }
}

extension ConfigurationNode {
    /// The node as YAML text with sorted keys: the replayable configuration that a run keeps.
    package func yaml() -> String {
        guard let text = try? Yams.serialize(node: yamlNode(), sortKeys: true) else {
            preconditionFailure("a configuration that was parsed can be written")
        }
        return text
    }

    private func yamlNode() -> Node {
        switch value {
        case .null: Node("null", Tag(.null))
        case .scalar(let text): Node(text)
        case .sequence(let nodes): Node.sequence(.init(nodes.map { $0.yamlNode() }))
        case .mapping(let entries): Node.mapping(.init(entries.map { (Node($0.key), $0.node.yamlNode()) }))
        }
    }
}
