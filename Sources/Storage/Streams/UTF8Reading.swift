/// Reads one scalar and moves past it. Broken UTF-8 reads as U+FFFD, one for each maximal part of a well-formed sequence
/// (Unicode 3.9, table 3-7), as Python's `bytes.decode("utf-8", "replace")` does.
@inlinable @inline(__always)
package func readScalar(_ bytes: Span<UInt8>, at position: inout Int) -> UInt32 {
    let lead = bytes[position]
    position += 1
    if lead < 0x80 { return UInt32(lead) }
    var lowest: UInt8 = 0x80
    var highest: UInt8 = 0xbf
    var remaining: Int
    var scalar: UInt32
    switch lead {
    case 0xc2...0xdf:
        remaining = 1
        scalar = UInt32(lead & 0x1f)
    case 0xe0...0xef:
        remaining = 2
        scalar = UInt32(lead & 0x0f)
        if lead == 0xe0 { lowest = 0xa0 }
        if lead == 0xed { highest = 0x9f }
    case 0xf0...0xf4:
        remaining = 3
        scalar = UInt32(lead & 0x07)
        if lead == 0xf0 { lowest = 0x90 }
        if lead == 0xf4 { highest = 0x8f }
    default: return 0xfffd
    }
    while remaining > 0 {
        guard position < bytes.count, bytes[position] >= lowest, bytes[position] <= highest else { return 0xfffd }
        scalar = scalar << 6 | UInt32(bytes[position] & 0x3f)
        lowest = 0x80
        highest = 0xbf
        position += 1
        remaining -= 1
    }
    return scalar
}
