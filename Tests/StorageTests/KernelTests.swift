import CKernels
import Storage
import Testing

@Suite struct KernelTests {
    static let lengths = [0, 1, 7, 8, 15, 16, 17, 31, 33, 1000]

    static func bytes(_ count: Int) -> [UInt8] {
        var state: UInt64 = 0x9e37_79b9_7f4a_7c15
        return (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 56)
        }
    }

    /// Check values from RFC 3720, B.4.
    @Test func checksumsOfTheStandard() {
        #expect(CRC32C.checksum([UInt8](repeating: 0, count: 32).rawBytes) == 0x8a91_36aa)
        #expect(CRC32C.checksum([UInt8](repeating: 0xff, count: 32).rawBytes) == 0x62a8_ab43)
        #expect(CRC32C.checksum(Array("123456789".utf8).rawBytes) == 0xe306_9283)
    }

    @Test(arguments: lengths) func checksumKernelsAgree(count: Int) {
        let bytes = Self.bytes(count)
        // One bit at a time: the definition of the definition.
        var expected = ~UInt32(0)
        for byte in bytes {
            expected ^= UInt32(byte)
            for _ in 0..<8 { expected = (expected >> 1) ^ (expected & 1 == 1 ? 0x82f6_3b78 : 0) }
        }
        expected = ~expected
        #expect(unsafe ck_crc32c_scalar(0, bytes, count) == expected)
        #expect(unsafe ck_crc32c_sse42(0, bytes, count) == expected)
        let half = count / 3
        let first = CRC32C.checksum(Array(bytes[..<half]).rawBytes)
        #expect(CRC32C.checksum(Array(bytes[half...]).rawBytes, continuing: first) == expected)
    }

    @Test(arguments: lengths, [1, 2, 3, 4, 8]) func shuffleKernelsAgree(count: Int, size: Int) {
        let bytes = Self.bytes(count * size)
        var scalar = [UInt8](repeating: 0, count: bytes.count)
        var vector = scalar
        var back = scalar
        unsafe ck_shuffle_scalar(bytes, &scalar, count, size)
        unsafe ck_shuffle_avx2(bytes, &vector, count, size)
        #expect(scalar == vector)
        #expect((0..<count * size).allSatisfy { scalar[$0 % size * count + $0 / size] == bytes[$0] })
        unsafe ck_unshuffle_scalar(scalar, &back, count, size)
        #expect(back == bytes)
        back = [UInt8](repeating: 0, count: bytes.count)
        unsafe ck_unshuffle_avx2(scalar, &back, count, size)
        #expect(back == bytes)
    }

    @Test func everyHalfIsWidenedLikeSwift() {
        let halves = (0...UInt16.max).map { $0 }
        var scalar = [Float](repeating: 0, count: halves.count)
        var vector = scalar
        unsafe ck_half_to_float_scalar(halves, &scalar, halves.count)
        unsafe ck_half_to_float_avx2(halves, &vector, halves.count)
        for (index, half) in halves.enumerated() {
            #expect(scalar[index].bitPattern == vector[index].bitPattern)
            let expected = Float(Float16(bitPattern: half))
            #expect(scalar[index] == expected || (scalar[index].isNaN && expected.isNaN))
        }
    }

    /// Every half, its neighbours in single precision, the ties between halves and random patterns.
    @Test func floatsAreNarrowedLikeSwift() {
        var floats: [Float] = [
            65519.996, 65520, -65520, .infinity, .nan, -.nan, .leastNonzeroMagnitude, 2.9802322e-8, 2.9802326e-8,
        ]
        for pattern in stride(from: UInt16(0), through: 0x7bff, by: 1) {
            let value = Float(Float16(bitPattern: pattern))
            let tie = (value + Float(Float16(bitPattern: pattern).nextUp)) / 2
            floats += [value, -value, tie, -tie, tie.nextUp, tie.nextDown]
        }
        var state: UInt32 = 1
        for _ in 0..<10_000 {
            state = state &* 1_664_525 &+ 1_013_904_223
            floats.append(Float(bitPattern: state))
        }
        var scalar = [UInt16](repeating: 0, count: floats.count)
        var vector = scalar
        unsafe ck_float_to_half_scalar(floats, &scalar, floats.count)
        unsafe ck_float_to_half_avx2(floats, &vector, floats.count)
        #expect(scalar == vector)
        for (index, value) in floats.enumerated() {
            let expected = Float16(value)
            #expect(expected.isNaN ? Float16(bitPattern: scalar[index]).isNaN : scalar[index] == expected.bitPattern)
        }
    }

    @Test(arguments: lengths) func halfKernelsAgreeOnOddLengths(count: Int) {
        let floats = (0..<count).map { Float($0) * 0.731 - 100 }
        var scalar = [UInt16](repeating: 1, count: count)
        var vector = scalar
        unsafe ck_float_to_half_scalar(floats, &scalar, count)
        unsafe ck_float_to_half_avx2(floats, &vector, count)
        #expect(scalar == vector)
        var wide = [Float](repeating: 1, count: count)
        var wideVector = wide
        unsafe ck_half_to_float_scalar(scalar, &wide, count)
        unsafe ck_half_to_float_avx2(scalar, &wideVector, count)
        #expect(wide == wideVector)
    }

    @Test func codecsHaveNames() {
        for name in ["raw", "raw+shuffle", "lz4", "lz4+shuffle", "zstd:1", "zstd:19+shuffle"] {
            #expect(Codec(name)?.description == name)
        }
        #expect(Codec("zstd") == .zstd(3))
        for name in [
            "", "zip", "zstd:", "zstd:0", "zstd:20", "zstd:3x", "lz4 ", "raw+shuffle+shuffle", "+shuffle", "RAW",
        ] {
            #expect(Codec(name) == nil, "\(name)")
        }
    }
}
