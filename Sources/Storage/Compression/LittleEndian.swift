extension RawSpan {
    /// The little-endian integer at a byte offset, aligned or not.
    package func integer<T: FixedWidthInteger & BitwiseCopyable>(at offset: Int, as type: T.Type) -> T {
        T(littleEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: type))
    }

    package func copied() -> [UInt8] {
        unsafe withUnsafeBytes { unsafe [UInt8]($0) }
    }
}

extension [UInt8] {
    package mutating func appendInteger(_ value: some FixedWidthInteger) {
        unsafe Swift.withUnsafeBytes(of: value.littleEndian) { unsafe append(contentsOf: $0) }
    }

    package mutating func append(_ bytes: RawSpan) {
        unsafe bytes.withUnsafeBytes { unsafe append(contentsOf: $0) }
    }

    /// Appends zeros up to the next multiple of `alignment`.
    package mutating func pad(to alignment: Int) {
        append(contentsOf: repeatElement(0, count: count.roundedUp(to: alignment) - count))
    }
}

extension Int {
    package func roundedUp(to alignment: Int) -> Int { (self + alignment - 1) / alignment * alignment }
}

extension Span where Element: ShardElement {
    /// The elements' bytes, in place. Numbers have no padding, so each is initialised.
    package var rawBytes: RawSpan {
        @_lifetime(copy self)
        get { unsafe bytes }
    }
}

extension Array where Element: ShardElement {
    /// The elements' bytes, in place.
    package var rawBytes: RawSpan {
        @_lifetime(borrow self)
        get { span.rawBytes }
    }
}
