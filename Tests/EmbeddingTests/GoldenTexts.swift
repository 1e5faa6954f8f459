import Foundation
import Kernels

/// The seeded texts that `make_golden.py` takes golden token ids of: the same ones, byte for byte.
struct GoldenTexts {
    static let count = 12_000
    static let seed: UInt64 = 20_250_611

    /// The lines of `samples.txt`.
    let samples: [[UInt32]]

    init() throws {
        samples = try Fixtures.text("samples.txt").split(separator: "\n").map { $0.unicodeScalars.map(\.value) }
    }

    private struct Source {
        var generator: SplitMix64

        mutating func below(_ bound: Int) -> Int { Int(((generator.next() >> 32) * UInt64(bound)) >> 32) }

        mutating func scalar(_ ranges: [ClosedRange<Int>]) -> UInt32 {
            let range = ranges[below(ranges.count)]
            return UInt32(range.lowerBound + below(range.count))
        }
    }

    /// Text number `index` as bytes, not always UTF-8.
    func text(_ index: Int) -> [UInt8] {
        var random = Source(
            generator: SplitMix64(state: Self.seed &+ UInt64(index) &* 0x2545_f491_4f6c_dd1d))
        func sample() -> [UInt32] { samples[random.below(samples.count)] }
        func fragment() -> [UInt32] {
            let line = sample()
            let start = random.below(line.count)
            return Array(line[start..<min(line.count, start + 1 + random.below(40))])
        }
        if index == 0 { return [] }
        var text: [UInt32] = []
        switch index % 10 {
        case 0: text = sample()
        case 1:
            for _ in 0..<2 + random.below(4) {
                text += fragment()
                text += Self.separators[random.below(Self.separators.count)].unicodeScalars.map(\.value)
            }
        case 2:
            let ranges = (0..<1 + random.below(3)).map { _ in Self.blocks[random.below(Self.blocks.count)] }
            for _ in 0..<1 + random.below(60) {
                text.append(random.scalar(ranges))
                if random.below(6) == 0 { text.append(0x20) }
            }
        case 3:
            text = sample()
            for _ in 0..<1 + random.below(8) {
                let place = random.below(text.count + 1)
                text.insert(random.scalar(Self.nasty), at: place)
            }
        case 4:
            var bytes = Self.utf8(sample())
            for _ in 0..<1 + random.below(6) {
                let byte = UInt8(random.below(256))
                bytes[random.below(bytes.count)] = byte
            }
            let start = random.below(4)
            return Array(bytes[start..<bytes.count - random.below(4)])
        case 5:
            for _ in 0..<1 + random.below(4) {
                let length = 80 + random.below(41)
                let count = 1 + random.below(Self.letters.count)
                text += (0..<length).map { _ in Self.letters[random.below(count)] } + [0x20]
            }
        case 6:
            for _ in 0..<1 + random.below(6) {
                if random.below(2) == 0 {
                    text += fragment()
                } else {
                    text += Self.specials[random.below(Self.specials.count)].unicodeScalars.map(\.value)
                }
                if random.below(2) == 0 { text.append(0x20) }
            }
        case 7:
            for _ in 0..<1 + random.below(10) {
                text.append(random.scalar(Self.blocks))
                for _ in 0..<random.below(6) { text.append(random.scalar(Self.marks)) }
            }
        case 8:
            for _ in 0..<1 + random.below(30) {
                text.append(random.scalar([0...0xd7ff, 0xe000...0xffff, 0x10000...0x1ffff, 0...0x10ffff]))
            }
            text.removeAll { (0xd800..<0xe000).contains($0) }
        default:
            if index % 1000 == 9 {
                let line = sample()
                while text.count < 10_000 { text += line }
            } else {
                text = (0..<1 + random.below(80)).map { _ in UInt32(random.below(128)) }
            }
        }
        return Self.utf8(text)
    }

    static func utf8(_ scalars: [UInt32]) -> [UInt8] { scalars.flatMap { UTF8.encode(Unicode.Scalar($0)!)! } }

    private static let blocks: [ClosedRange<Int>] = [
        0x20...0x7e, 0x0...0x1f, 0x7f...0xa0, 0xa1...0xff, 0x100...0x17f, 0x180...0x24f, 0x250...0x2af, 0x2b0...0x2ff,
        0x300...0x36f, 0x370...0x3ff, 0x400...0x52f, 0x530...0x58f, 0x590...0x5ff, 0x600...0x6ff, 0x700...0x74f,
        0x780...0x7bf, 0x7c0...0x7ff, 0x8a0...0x8ff, 0x900...0x97f, 0x980...0x9ff, 0xa00...0xaff, 0xb00...0xbff,
        0xc00...0xcff, 0xd00...0xdff, 0xe00...0xe7f, 0xe80...0xeff, 0xf00...0xfff, 0x1000...0x109f, 0x10a0...0x10ff,
        0x1100...0x11ff, 0x1200...0x139f, 0x13a0...0x13ff, 0x1400...0x167f, 0x1700...0x17ff, 0x1800...0x18af,
        0x1a00...0x1aff, 0x1b00...0x1c7f, 0x1c80...0x1dff, 0x1e00...0x1eff, 0x1f00...0x1fff, 0x2000...0x206f,
        0x2070...0x214f, 0x2150...0x23ff, 0x2460...0x27bf, 0x2900...0x2bff, 0x2c00...0x2dff, 0x2e00...0x2fff,
        0x3000...0x30ff, 0x3100...0x33ff, 0x3400...0x4dbf, 0x4e00...0x9fff, 0xa000...0xa4cf, 0xa640...0xabff,
        0xac00...0xd7af, 0xe000...0xe0ff, 0xf900...0xfaff, 0xfb00...0xfdff, 0xfe00...0xfeff, 0xff00...0xffff,
        0x10000...0x103ff, 0x10400...0x10fff, 0x11000...0x11fff, 0x16a00...0x16fff, 0x1d100...0x1d2ff,
        0x1d400...0x1d7ff, 0x1e000...0x1efff, 0x1f000...0x1faff, 0x20000...0x2a6df, 0x2f800...0x2fa1f,
        0xe0000...0xe01ef,
    ]
    private static let nasty: [ClosedRange<Int>] = [
        0x300...0x36f, 0x0...0x1f, 0x7f...0x9f, 0x200b...0x200f, 0x2028...0x202f, 0xfff9...0xfffd, 0x1f300...0x1f6ff,
        0xfe00...0xfe0f, 0xe0020...0xe007f, 0x3000...0x3000, 0xad...0xad, 0x2060...0x206f,
    ]
    private static let marks: [ClosedRange<Int>] = [
        0x300...0x36f, 0x591...0x5c7, 0x64b...0x65f, 0x8d4...0x8e1, 0x93c...0x94d, 0x1b44...0x1b44, 0x1baa...0x1bf3,
        0x1dc0...0x1dff, 0x302a...0x302f, 0x3099...0x309a, 0x1d165...0x1d172, 0x1d15e...0x1d164, 0x1d1bb...0x1d1c0,
        0x20d0...0x20f0, 0x34f...0x34f, 0x111c0...0x111c0,
    ]
    private static let separators = [
        "", " ", "\u{a0}", "\t", "\u{200b}", "-", "\u{3000}", "\n", ",", "\r\n", "\u{2028}", "'",
    ]
    private static let specials = [
        "[SEP]", "[CLS]", "[PAD]", "[UNK]", "[MASK]", "<s>", "</s>", "<pad>", "<unk>", "<mask>", "<UNK>", "[sep]",
        "<MASK>",
        "[unused7]", "[SE", "P]", "<s", "##ing", "< unk >", "<u\u{301}nk>", "</s", "[[SEP]]", " <mask>",
    ]
    private static let letters = "abcdefghijklmnopqrstuvwxyzéñöß漢字한글αβжш0123'".unicodeScalars.map(\.value)
}
