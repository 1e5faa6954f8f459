/// Appends a scalar in UTF-8.
@inline(__always)
func appendScalar(_ scalar: UInt32, to bytes: inout [UInt8]) {
    switch scalar {
    case 0..<0x80: bytes.append(UInt8(scalar))
    case 0x80..<0x800:
        bytes.append(UInt8(0xc0 | scalar >> 6))
        bytes.append(UInt8(0x80 | scalar & 0x3f))
    case 0x800..<0x10000:
        bytes.append(UInt8(0xe0 | scalar >> 12))
        bytes.append(UInt8(0x80 | scalar >> 6 & 0x3f))
        bytes.append(UInt8(0x80 | scalar & 0x3f))
    default:
        bytes.append(UInt8(0xf0 | scalar >> 18))
        bytes.append(UInt8(0x80 | scalar >> 12 & 0x3f))
        bytes.append(UInt8(0x80 | scalar >> 6 & 0x3f))
        bytes.append(UInt8(0x80 | scalar & 0x3f))
    }
}
