/// A strict reader of tags: every element is closed in order, every attribute quoted, every `&` an entity.
struct MarkupCheck {
    /// What is wrong; nil for a well-formed text.
    private(set) var fault: String?
    /// Names of all elements, in order.
    private(set) var elements: [String] = []
    /// Text outside tags, entities and all.
    private(set) var content = ""

    /// - Parameter empty: elements without an end tag.
    init(_ text: String, empty: Set<String> = []) {
        var open: [String] = []
        var rest = Substring(text)
        while let start = rest.firstIndex(of: "<") {
            note(rest[..<start])
            guard let end = rest[start...].firstIndex(of: ">") else {
                fault = "a tag without an end"
                return
            }
            let tag = rest[rest.index(after: start)..<end]
            rest = rest[rest.index(after: end)...]
            if tag.hasPrefix("!DOCTYPE") { continue }
            if tag.hasPrefix("/") {
                guard open.popLast() == String(tag.dropFirst()) else {
                    fault = "</\(tag) closes nothing"
                    return
                }
                continue
            }
            let name = String(tag.prefix { !$0.isWhitespace && $0 != "/" })
            elements.append(name)
            let attributes = tag.dropFirst(name.count)
            guard attributes.wholeMatch(of: /(\s+[A-Za-z][-A-Za-z:0-9]*="[^"<>]*")*\/?/) != nil else {
                fault = "attributes of <\(tag)>"
                return
            }
            if !tag.hasSuffix("/"), !empty.contains(name) { open.append(name) }
        }
        note(rest)
        if let last = open.last { fault = "<\(last)> stays open" }
    }

    static let htmlEmpty: Set = ["meta", "br"]

    private mutating func note(_ text: Substring) {
        content += text
        if text.contains(">") { fault = "a bare > in \(text)" }
        for part in text.split(separator: "&", omittingEmptySubsequences: false).dropFirst()
        where part.prefixMatch(of: /(amp|lt|gt|quot|#39);/) == nil {
            fault = "a bare & before \(part)"
        }
    }
}
