internal import Storage

/// BERT's text normalisation, identical to the Hugging Face `BertNormalizer`.
struct BertNormalizer: Sendable {
    let characters: BertCharacters

    init(_ options: BertCharacters.Options) { characters = BertCharacters(options) }

    /// Appends the normalised form of UTF-8 bytes.
    ///
    /// Marks that `strip_accents` keeps are brought into canonical order: a run of them waits in `pending` until a
    /// scalar of combining class 0 comes.
    /// - Complexity: linear in the bytes.
    func append(_ text: Span<UInt8>, to output: inout [UInt8]) {
        let actions = characters.actions.span
        let ascii = characters.ascii.span
        var pending: [(combiningClass: UInt16, scalar: UInt32)] = []
        var position = 0
        while position < text.count {
            let byte = text[position]
            if byte < 0x80 {
                position += 1
                let replaced = ascii[Int(byte)]
                if replaced != 0 {
                    if !pending.isEmpty { flush(&pending, to: &output) }
                    output.append(replaced)
                } else if !characters.options.cleansText {
                    if !pending.isEmpty { flush(&pending, to: &output) }
                    output.append(byte)
                }
                continue
            }
            let scalar = readScalar(text, at: &position)
            let action = actions[Int(scalar)]
            if action == BertCharacters.drop { continue }
            if action & BertCharacters.orderedFlag != 0 {
                pending.append((action & 0xff, scalar))
                continue
            }
            if !pending.isEmpty { flush(&pending, to: &output) }
            switch action {
            case BertCharacters.keep: appendScalar(scalar, to: &output)
            case BertCharacters.dropBarrier: break
            case BertCharacters.space: output.append(0x20)
            case BertCharacters.spread:
                output.append(0x20)
                appendScalar(scalar, to: &output)
                output.append(0x20)
            case BertCharacters.hangulSyllable: appendJamo(scalar, to: &output)
            default:
                for replacement in characters.replacements[Int(action - BertCharacters.firstReplacement)] {
                    let flags = actions[Int(replacement)]
                    if flags & BertCharacters.orderedFlag != 0 {
                        pending.append((flags & 0xff, replacement))
                    } else {
                        if !pending.isEmpty { flush(&pending, to: &output) }
                        appendScalar(replacement, to: &output)
                    }
                }
            }
        }
        if !pending.isEmpty { flush(&pending, to: &output) }
    }

    private func flush(_ pending: inout [(combiningClass: UInt16, scalar: UInt32)], to output: inout [UInt8]) {
        // Stable, as canonical ordering is: equal classes keep their order.
        let order = pending.indices.sorted { (pending[$0].combiningClass, $0) < (pending[$1].combiningClass, $1) }
        for index in order { appendScalar(pending[index].scalar, to: &output) }
        pending.removeAll(keepingCapacity: true)
    }

    /// A Hangul syllable's conjoining jamo (Unicode 3.12).
    private func appendJamo(_ syllable: UInt32, to output: inout [UInt8]) {
        let index = syllable - 0xac00
        appendScalar(0x1100 + index / 588, to: &output)
        appendScalar(0x1161 + index % 588 / 28, to: &output)
        if index % 28 != 0 { appendScalar(0x11a7 + index % 28, to: &output) }
    }
}
