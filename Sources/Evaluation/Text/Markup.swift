/// Text from data, made safe to stand in HTML and in XML, as content or in a quoted attribute.
///
/// Beside the five characters with a meaning in markup, what would garble or disguise a page is replaced by U+FFFD: control
/// characters (C0 but for tab and line feed, DEL, C1), the noncharacters U+FFFE and U+FFFF, and the bidirectional
/// embeddings, overrides and isolates, which can make a text read otherwise than it is stored. The marks U+200E, U+200F
/// and U+061C order nothing but their neighbours and stay. A carriage return becomes a line feed, with the line feed after
/// it where there is one.
package enum Markup {
    /// - Complexity: O(length).
    package static func escape(_ text: some StringProtocol) -> String {
        var result = ""
        result.reserveCapacity(text.utf8.count + text.utf8.count / 8)
        var afterReturn = false
        for scalar in text.unicodeScalars {
            defer { afterReturn = scalar == "\r" }
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            case "\n": if !afterReturn { result += "\n" }
            case "\r": result += "\n"
            case "\t", " "..."~": result.unicodeScalars.append(scalar)
            case _ where isForbidden(scalar): result += "\u{FFFD}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func isForbidden(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x00...0x1F, 0x7F...0x9F, 0x202A...0x202E, 0x2066...0x2069, 0xFFFE, 0xFFFF: true
        default: false
        }
    }
}
