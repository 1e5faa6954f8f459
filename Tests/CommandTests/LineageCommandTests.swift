import Foundation
import Testing

@Suite struct LineageCommandTests {
    /// A safetensors file of seeded matrices: an embedding and two layers.
    private func model(seed: UInt64, noise: Float = 0) -> Data {
        var (state, other) = (seed, seed &+ 1000)
        func next(_ state: inout UInt64) -> Float {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Float(state >> 40) * 0x1p-24 - 0.5
        }
        func bytes<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
            (0..<T.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> (8 * T($0))) }
        }
        var (entries, data): ([String], [UInt8]) = ([], [])
        let layers = (0..<2).flatMap { [("layers.\($0).attn.q", 64, 64), ("layers.\($0).mlp.up", 160, 64)] }
        for (name, rows, columns) in [("embed_tokens", 2048, 64)] + layers {
            let start = data.count
            for _ in 0..<rows * columns { data += bytes((next(&state) + 2 * noise * next(&other)).bitPattern) }
            let shape = "[\(rows),\(columns)]"
            entries.append(
                #""\#(name).weight":{"dtype":"F32","shape":\#(shape),"data_offsets":[\#(start),\#(data.count)]}"#)
        }
        let header = Array("{\(entries.joined(separator: ","))}".utf8)
        return Data(bytes(UInt64(header.count)) + header + data)
    }

    private func run(_ arguments: String...) throws -> CommandLineTool.Result {
        try CommandLineTool.run(["lineage"] + arguments)
    }

    @Test func fromWeightsToAFamily() throws {
        let space = Workspace()
        for (name, seed, noise) in [("one", 1, 0), ("two", 2, 0), ("tuned", 1, 0.1), ("stranger", 3, 0)] {
            try model(seed: UInt64(seed), noise: Float(noise)).write(
                to: URL(filePath: space.file("\(name).safetensors")))
        }
        let library = space.file("library")
        for name in ["one", "two"] {
            let added = try run(
                "library", "add", space.file("\(name).safetensors"), "--library", library, "--family", "F-\(name)")
            #expect(added.status == 0, "\(added.errors)")
        }
        let list = try run("library", "list", "--library", library)
        #expect(list.output.contains("F-one") && list.output.contains("weights, tensorguard"))

        let fingerprint = space.file("tuned.json")
        #expect(try run("fingerprint", space.file("tuned.safetensors"), "-o", fingerprint).status == 0)
        let compared = try run("compare", space.file("one.safetensors"), fingerprint, "--tensors")
        #expect(compared.status == 0 && compared.output.contains("verdict     related"), "\(compared.output)")
        #expect(compared.output.contains("5 of 5 comparable") && compared.output.contains("share an origin"))

        let classified = try run(
            "classify", fingerprint, space.file("stranger.safetensors"), "--library", library, "--json",
            "--heat-map", space.file("map.svg"), "--dendrogram", space.file("tree.svg"))
        let answers = try #require(
            try JSONSerialization.jsonObject(with: Data(classified.output.utf8)) as? [[String: Any]])
        #expect(answers.map { $0["family"] as? String } == ["F-one", nil])
        #expect(answers[1]["family"] is NSNull)
        for (drawing, squares) in [("map.svg", 17), ("tree.svg", 1)] {
            let svg = try String(contentsOfFile: space.file(drawing), encoding: .utf8)
            #expect(svg.components(separatedBy: "<rect").count - 1 == squares && svg.contains(">stranger<"))
            #expect(XMLLike.isBalanced(svg))
        }
        #expect(try run("classify", fingerprint, "--library", library).output.contains("F-one"))
        #expect(try run("classify", fingerprint, "--library", library, "--method", "tensorguard").status == 0)
    }

    @Test func badInputHasAMessageAndACode() throws {
        let space = Workspace()
        let whole = model(seed: 1)
        let path = space.file("cut.safetensors")
        try whole.prefix(whole.count - 5).write(to: URL(filePath: path))
        let cut = try run("fingerprint", path)
        #expect(
            cut.status == 65 && cut.errors.contains("layers.1.mlp.up") && cut.errors.contains("truncated"),
            "\(cut.errors)")
        let missing = try run("compare", path, space.file("absent"))
        #expect(missing.status == 65 || missing.status == 66)
        #expect(try run("fingerprint", space.file("absent")).status == 66)
        #expect(try run("classify", path, "--library", space.file("absent")).status == 65)
        #expect(try run("library", "list", "--library", space.file("absent")).status == 66)
        try whole.write(to: URL(filePath: path))
        let empty = try run("classify", path, "--library", space.file("absent"))
        #expect(empty.status == 79 && empty.errors.contains("library add"))
        #expect(try run("compare", path).status == 64)
    }

    @Test func everyHelpTextExplainsItself() throws {
        for command in [
            ["fingerprint"], ["compare"], ["classify"], ["library"], ["library", "add"], ["library", "list"],
        ] {
            let help = try CommandLineTool.run(["lineage"] + command + ["--help"])
            #expect(help.status == 0 && help.output.contains("OVERVIEW"), "\(command)")
        }
    }
}

/// Whether a drawing's elements are closed as they were opened.
private enum XMLLike {
    static func isBalanced(_ text: String) -> Bool {
        var open: [Substring] = []
        for match in text.matches(of: /<(\/?)([a-z]+)[^>]*?(\/?)>/) {
            if match.output.1 == "/" {
                guard open.popLast() == match.output.2 else { return false }
            } else if match.output.3 != "/" {
                open.append(match.output.2)
            }
        }
        return open.isEmpty
    }
}
