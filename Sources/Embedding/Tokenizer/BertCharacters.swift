internal import CKernels

/// What BERT's normalisation and word splitting do with each Unicode scalar, for one choice of options.
///
/// The steps of the Hugging Face `BertNormalizer` (clean_text, handle_chinese_chars, strip_accents, lowercase) each work
/// scalar by scalar, so they are composed here into one table; only the canonical ordering of the few marks that
/// `strip_accents` keeps needs more than one scalar (see ``BertNormalizer``).
struct BertCharacters: Sendable {
    struct Options: Sendable, Hashable {
        var cleansText = true
        var separatesChinese = true
        var stripsAccents = true
        var lowercases = true
    }

    /// Codes of ``actions``. From ``firstReplacement`` on a code minus it is an index into ``replacements``; with
    /// ``orderedFlag`` set the scalar stays, and the low byte is its canonical combining class.
    static let keep: UInt16 = 0
    static let drop: UInt16 = 1
    static let dropBarrier: UInt16 = 2
    static let space: UInt16 = 3
    static let hangulSyllable: UInt16 = 4
    static let spread: UInt16 = 5
    static let firstReplacement: UInt16 = 6
    static let orderedFlag: UInt16 = 0x8000

    enum Role: UInt8 {
        case word = 0
        case blank = 1
        case punctuation = 2
    }

    let options: Options
    /// One code for each scalar value.
    private(set) var actions = [UInt16](repeating: keep, count: 0x110000)
    private(set) var replacements: [[UInt32]] = []
    /// A ``Role`` for each scalar value, after normalisation.
    private(set) var roles = [UInt8](repeating: Role.word.rawValue, count: 0x110000)
    /// What an ASCII byte becomes; 0 when it is dropped.
    private(set) var ascii = [UInt8](repeating: 0, count: 128)

    init(_ options: Options) {
        self.options = options
        forEachRange(CK_BERT_BLANKS) { roles, _, scalar in roles[scalar] = Role.blank.rawValue }
        forEachRange(CK_BERT_PUNCTUATION) { roles, _, scalar in roles[scalar] = Role.punctuation.rawValue }

        let lowercase = options.lowercases ? Self.replacements(CK_BERT_LOWERCASE) : [:]
        var changed = lowercase
        if options.stripsAccents {
            for (scalar, stripped) in Self.replacements(CK_BERT_DECOMPOSITIONS) {
                changed[scalar] = stripped.flatMap { lowercase[$0] ?? [$0] }
            }
            for scalar in 0xac00..<0xd7a4 { actions[scalar] = Self.hangulSyllable }
            forEachRange(CK_BERT_MARKS) { _, actions, scalar in actions[scalar] = Self.drop }
            forEachRange(CK_BERT_BARRIERS) { _, actions, scalar in actions[scalar] = Self.dropBarrier }
            let ordered = Self.numbers(CK_BERT_ORDERED)
            for pair in stride(from: 0, to: ordered.count, by: 2) {
                actions[Int(ordered[pair])] = Self.orderedFlag | UInt16(ordered[pair + 1])
            }
        }
        if options.separatesChinese {
            forEachRange(CK_BERT_CHINESE) { _, actions, scalar in actions[scalar] = Self.spread }
        }
        for (scalar, replacement) in changed.sorted(by: { $0.key < $1.key })
        where actions[Int(scalar)] == Self.keep || actions[Int(scalar)] == Self.spread {
            let isSpread = actions[Int(scalar)] == Self.spread
            actions[Int(scalar)] = Self.firstReplacement + UInt16(replacements.count)
            replacements.append(isSpread ? [0x20] + replacement + [0x20] : replacement)
        }
        if options.cleansText {
            forEachRange(CK_BERT_DROPPED) { _, actions, scalar in actions[scalar] = Self.drop }
            forEachRange(CK_BERT_SPACES) { _, actions, scalar in actions[scalar] = Self.space }
        }
        for byte in 0..<128 {
            switch actions[byte] {
            case Self.keep: ascii[byte] = UInt8(byte)
            case Self.space: ascii[byte] = 0x20
            case Self.firstReplacement...:
                ascii[byte] = UInt8(replacements[Int(actions[byte] - Self.firstReplacement)][0])
            default: ascii[byte] = 0
            }
        }
    }

    private static func numbers(_ table: ck_bert_table) -> [UInt32] {
        let table = unsafe ck_bert_characters(table)
        return unsafe Array(UnsafeBufferPointer(start: table.numbers, count: table.count))
    }

    /// A table of scalar, count, replacements.
    private static func replacements(_ table: ck_bert_table) -> [UInt32: [UInt32]] {
        let numbers = numbers(table)
        var result: [UInt32: [UInt32]] = [:]
        var position = 0
        while position < numbers.count {
            let end = position + 2 + Int(numbers[position + 1])
            result[numbers[position]] = Array(numbers[position + 2..<end])
            position = end
        }
        return result
    }

    private mutating func forEachRange(
        _ table: ck_bert_table, _ body: (_ roles: inout [UInt8], _ actions: inout [UInt16], _ scalar: Int) -> Void
    ) {
        let numbers = Self.numbers(table)
        for pair in stride(from: 0, to: numbers.count, by: 2) {
            for scalar in Int(numbers[pair])...Int(numbers[pair + 1]) { body(&roles, &actions, scalar) }
        }
    }
}
