import CKernels
import Kernels
import Testing
import VectorIndex

/// Widths around those of registers, blocks and 16-bit sums.
private let widths = [32, 64, 96, 416, 1024, 2080]

@Suite struct PartitionedKernelTests {
    private func numbers(_ count: Int, seed: UInt64) -> [Float] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count).map { _ in generator.normal() }
    }

    @Test(arguments: [1, 31, 32, 100, 128, 416])
    func aRotationKeepsProductsAndMixesNumbers(dimension: Int) {
        let rotation = Rotation(dimension: dimension, seed: 3)
        let zero = [Float](repeating: 0, count: dimension)
        let (a, b) = (numbers(dimension, seed: 1), numbers(dimension, seed: 2))
        func rotated(_ vector: [Float], less origin: [Float]) -> [Float] {
            var output = [Float](repeating: .nan, count: rotation.paddedDimension)
            var span = output.mutableSpan
            rotation.rotate(vector.span, lessOrigin: origin.span, into: &span)
            return output
        }
        let (x, y) = (rotated(a, less: zero), rotated(b, less: zero))
        #expect(abs(dot(x.span, y.span) - dot(a.span, b.span)) < 1e-4 * Float(dimension))
        #expect(abs(dot(x.span, x.span) - dot(a.span, a.span)) < 1e-4 * Float(dimension))
        let difference = rotated(a, less: b)
        #expect(zip(difference, zip(x, y)).allSatisfy { abs($0 - ($1.0 - $1.1)) < 1e-4 })
        // One number alone is spread over all of them.
        var single = zero
        single[0] = 1
        let greatest = rotated(single, less: zero).map(abs).max()!
        #expect(greatest < 6 / Float(rotation.paddedDimension).squareRoot())
        #expect(Rotation(dimension: dimension, seed: 4) != rotation)
    }

    @Test(arguments: widths)
    func everyLevelRotatesAlike(width: Int) {
        let x = numbers(width, seed: 5)
        var generator = SeededGenerator(seed: 6)
        let signs = (0..<4 * width).map { _ in generator.next() >> 63 == 1 ? UInt32(0x8000_0000) : 0 }
        var expected = x
        unsafe ck_rotate_scalar(&expected, signs, width)
        if KernelLevel.highest != .scalar {
            var found = x
            unsafe ck_rotate_avx2(&found, signs, width)
            #expect(found == expected)
        }
        if KernelLevel.highest == .avx512 {
            var found = x
            unsafe ck_rotate_avx512(&found, signs, width)
            #expect(found == expected)
        }
    }

    private struct Code: Equatable {
        var hot: [UInt8]
        var warm: [UInt8]
        var sums = ck_rabitq_sums()

        init(width: Int, bits: Int) {
            hot = [UInt8](repeating: 0xee, count: width / 8)
            warm = [UInt8](repeating: 0xee, count: ck_rabitq_warm_bytes(width, UInt32(bits)))
        }

        /// The code's numbers, by the documented layout.
        func numbers(width: Int, bits: Int) -> [Int] {
            (0..<width).map { i in
                var value = Int(hot[i / 8] >> UInt8(i % 8) & 1) << (bits - 1)
                var (plane, bit) = (0, 0)
                if bits > 4 {
                    value |= Int(warm[i / 32 * 16 + i % 16] >> (i % 32 < 16 ? 0 : 4) & 15)
                    (plane, bit) = (width / 2, 4)
                }
                while bit < bits - 1 {
                    value |= Int(warm[plane + i / 8] >> UInt8(i % 8) & 1) << bit
                    plane += width / 8
                    bit += 1
                }
                return value
            }
        }

        var parts: [Float] {
            [
                sums.squared_length, sums.sign_residual, sums.sign_centroid, sums.code_residual, sums.code_centroid,
                sums.residual_centroid, sums.residual_origin,
            ]
        }

        static func == (a: Code, b: Code) -> Bool { a.hot == b.hot && a.warm == b.warm }
    }

    @Test(arguments: widths, 1...8)
    func codesAreTheNearestLevelsAndTheirSumsAreRight(width: Int, bits: Int) {
        let (x, c, o) = (numbers(width, seed: 7), numbers(width, seed: 8), numbers(width, seed: 9))
        let step = Float(width).squareRoot() * 2
        var code = Code(width: width, bits: bits)
        var residual = [Float](repeating: 0, count: width)
        unsafe ck_rabitq_encode_scalar(x, c, o, width, UInt32(bits), step, &residual, &code.hot, &code.warm, &code.sums)
        let r = zip(x, c).map { Double($0 - $1) }
        let length = r.reduce(0) { $0 + $1 * $1 }.squareRoot()
        let top = Double(1 << (bits - 1))
        let levels = r.map { value -> Int in
            let magnitude = min(top - 1, (abs(value) * Double(step) / length).rounded(.down))
            return Int(value < 0 ? top - 1 - magnitude : top + magnitude)
        }
        let found = code.numbers(width: width, bits: bits)
        // A number at the border of two levels may go either way.
        #expect(zip(found, levels).count { $0 != $1 } <= 1 + width / 500)
        #expect(zip(found, levels).allSatisfy { abs($0 - $1) <= 1 })
        let middle = Double((1 << bits) - 1) / 2
        func product(_ a: [Double], _ b: (Int) -> Double) -> Double { a.indices.reduce(0) { $0 + a[$1] * b($1) } }
        let centroid = c.map { Double($0) }
        let expected = [
            length * length, product(r) { r[$0] < 0 ? -0.5 : 0.5 }, product(centroid) { r[$0] < 0 ? -0.5 : 0.5 },
            product(r) { Double(found[$0]) - middle }, product(centroid) { Double(found[$0]) - middle },
            product(r) { centroid[$0] }, product(r) { Double(o[$0]) },
        ]
        for (value, wanted) in zip(code.parts, expected) {
            #expect(abs(Double(value) - wanted) < 2e-5 * (abs(wanted) + Double(width) * middle))
        }
        for level in [KernelLevel.avx2, .avx512]
        where level == .avx2 ? KernelLevel.highest != .scalar : KernelLevel.highest == .avx512 {
            var other = Code(width: width, bits: bits)
            if level == .avx2 {
                unsafe ck_rabitq_encode_avx2(
                    x, c, o, width, UInt32(bits), step, &residual, &other.hot, &other.warm, &other.sums)
            } else {
                unsafe ck_rabitq_encode_avx512(
                    x, c, o, width, UInt32(bits), step, &residual, &other.hot, &other.warm, &other.sums)
            }
            #expect(other.hot == code.hot)
            let numbers = other.numbers(width: width, bits: bits)
            #expect(zip(numbers, found).count { $0 != $1 } <= 1 + width / 500)
            for (value, wanted) in zip(other.parts, code.parts) {
                #expect(abs(value - wanted) < 2e-5 * (abs(wanted) + Float(width) * Float(middle)))
            }
        }
    }

    @Test(arguments: widths, 1...8)
    func warmProductsAreExactAtEveryLevel(width: Int, bits: Int) {
        var generator = SeededGenerator(seed: UInt64(width + bits))
        var code = Code(width: width, bits: bits)
        for index in code.warm.indices { code.warm[index] = UInt8(truncatingIfNeeded: generator.next()) }
        for index in code.hot.indices { code.hot[index] = 0 }
        for extreme in [false, true] {
            let query = (0..<width).map { _ in
                extreme ? (generator.next() >> 63 == 0 ? 127 : -127) : Int8(generator.integer(below: 255) - 127)
            }
            let expected = zip(code.numbers(width: width, bits: bits), query).reduce(0) { $0 + $1.0 * Int($1.1) }
            #expect(unsafe Int(ck_rabitq_warm_dot_scalar(code.warm, query, width, UInt32(bits))) == expected)
            if KernelLevel.highest != .scalar {
                #expect(unsafe Int(ck_rabitq_warm_dot_avx2(code.warm, query, width, UInt32(bits))) == expected)
            }
            if KernelLevel.highest == .avx512 {
                #expect(unsafe Int(ck_rabitq_warm_dot_avx512(code.warm, query, width, UInt32(bits))) == expected)
            }
        }
    }

    @Test(arguments: widths, [1, 31, 32, 33, 77])
    func scansFindWhatTheFormulaSays(width: Int, count: Int) {
        var generator = SeededGenerator(seed: UInt64(width * 100 + count))
        let hot = (0..<count * width / 8).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
        let blockBytes = ck_rabitq_block_bytes(width)
        var blocks = [UInt8](repeating: 0, count: (count + 31) / 32 * blockBytes)
        var factors = numbers((count + 31) / 32 * 96, seed: 3)
        for block in 0..<(count + 31) / 32 {
            let rows = block * 32..<min(count, block * 32 + 32)
            let codes = Array(hot[rows.lowerBound * width / 8..<rows.upperBound * width / 8])
            unsafe blocks.withUnsafeMutableBytes { bytes in
                let start = unsafe bytes.baseAddress! + block * blockBytes
                unsafe ck_rabitq_pack(codes, rows.count, width, start.assumingMemoryBound(to: UInt8.self))
                unsafe factors.withUnsafeMutableBytes {
                    unsafe (start + 4 * width).copyMemory(from: $0.baseAddress! + block * 384, byteCount: 384)
                }
            }
        }
        let q = numbers(width, seed: 4)
        var table = [UInt8](repeating: 0, count: 4 * width)
        var low = [Int8](repeating: 0, count: width)
        unsafe table.withUnsafeMutableBufferPointer { table in
            unsafe low.withUnsafeMutableBufferPointer { low in
                var query = unsafe ck_rabitq_query()
                unsafe ck_rabitq_prepare(q, width, table.baseAddress, low.baseAddress, &query)
                #expect(unsafe table.max() == UInt8(CK_RABITQ_ENTRY))
                // Seven alike but for their thresholds, of which one takes all and one nothing: a group of four and three.
                func scan(_ kernel: Kernel, threshold: Float) -> [ck_rabitq_survivor] {
                    let room = (count + 31) / 32 * 32
                    var out = [ck_rabitq_survivor](repeating: ck_rabitq_survivor(), count: 7 * room)
                    let found = unsafe out.withUnsafeMutableBufferPointer { out in
                        unsafe withUnsafeMutablePointer(to: &query) { query in
                            let thresholds = [.infinity, -.infinity] + Array(repeating: threshold, count: 5)
                            var visits = unsafe thresholds.enumerated().map { index, threshold in
                                unsafe ck_rabitq_visit(
                                    query: query, offset: 0.3, spread: 1.9, threshold: threshold,
                                    out: out.baseAddress! + index * room, bounds: nil, warm: nil, record: 0, found: 99)
                            }
                            unsafe kernel(blocks, count, width, &visits, visits.count)
                            return unsafe visits.map(\.found)
                        }
                    }
                    #expect(found[0] == count && found[1] == 0)
                    for visit in 3..<7 {
                        #expect(
                            out[visit * room..<visit * room + found[visit]].map(\.bound)
                                == out[2 * room..<2 * room + found[2]].map(\.bound))
                    }
                    return Array(out[2 * room..<2 * room + found[2]])
                }
                func bounds(_ kernel: Kernel) -> [Float] {
                    var bounds = [Float](repeating: .nan, count: (count + 31) / 32 * 32)
                    unsafe bounds.withUnsafeMutableBufferPointer { bounds in
                        unsafe withUnsafeMutablePointer(to: &query) { query in
                            var visit = unsafe ck_rabitq_visit(
                                query: query, offset: 0.3, spread: 1.9, threshold: 0, out: nil,
                                bounds: bounds.baseAddress, warm: nil, record: 0, found: 0)
                            unsafe kernel(blocks, count, width, &visit, 1)
                        }
                    }
                    return Array(bounds.prefix(count))
                }
                let all = unsafe scan(ck_rabitq_scan_scalar, threshold: .infinity)
                #expect(all.map(\.index) == (0..<UInt32(count)).map(\.self))
                for survivor in all {
                    let (i, lane) = (Int(survivor.index), Int(survivor.index) % 32)
                    let own = factors[Int(survivor.index) / 32 * 96..<(Int(survivor.index) / 32 + 1) * 96]
                    let product = (0..<width).reduce(0.0) { sum, d in
                        let isSet = hot[i * width / 8 + d / 8] >> UInt8(d % 8) & 1 == 1
                        return sum + Double(q[d]) * (isSet ? 0.5 : -0.5)
                    }
                    let (add, scale, error) = (
                        own[own.startIndex + lane], own[own.startIndex + 32 + lane], own[own.startIndex + 64 + lane]
                    )
                    let bound = Double(add) + 0.3 + Double(scale) * product - 1.9 * Double(error)
                    // Each of width/4 entries is off by half a step at most, and 0.29 steps as a rule.
                    let entries = Double(width) / 4
                    let steps = min(entries / 2, 5 * 0.29 * entries.squareRoot())
                    let rounding = Double(unsafe query.table_step) * steps * abs(Double(scale))
                    #expect(abs(Double(survivor.bound) - bound) < rounding + 1e-3)
                }
                let threshold = all.map(\.bound).sorted()[count / 2]
                let expected = all.filter { $0.bound <= threshold }
                func check(_ found: [ck_rabitq_survivor]) {
                    #expect(found.map(\.index) == expected.map(\.index))
                    #expect(found.map(\.bound) == expected.map(\.bound))
                    #expect(found.map(\.sum) == expected.map(\.sum))
                }
                var kernels: [Kernel] = unsafe [ck_rabitq_scan_scalar]
                if KernelLevel.highest != .scalar { unsafe kernels.append(ck_rabitq_scan_avx2) }
                if KernelLevel.highest == .avx512 { unsafe kernels.append(ck_rabitq_scan_avx512) }
                for index in unsafe kernels.indices {
                    unsafe check(scan(kernels[index], threshold: threshold))
                    #expect(unsafe bounds(kernels[index]) == all.map(\.bound))
                }
            }
        }
    }

    private typealias Kernel = (
        UnsafePointer<UInt8>?, Int, Int, UnsafeMutablePointer<ck_rabitq_visit>?, Int
    ) -> Void

    /// Bounds may be anything: with those above all measures, only what is tried first is measured.
    @Test(arguments: [1, 7, 9, 100, 1500], [1, 2, 40])
    func theNearestAreThoseOfLeastMeasure(count: Int, wanted: Int) {
        let width = 64
        let vectors = numbers(count * width, seed: UInt64(count))
        let q = numbers(width, seed: 12)
        let biases = numbers(count, seed: 13)
        func measure(_ i: Int) -> Float {
            0.5 + biases[i] - 2 * dot(q.span, vectors.span.extracting(i * width..<(i + 1) * width))
        }
        let measures = (0..<count).map(measure)
        let wanted = min(wanted, count)
        let expected = Set(measures.indices.sorted { measures[$0] < measures[$1] }.prefix(wanted))
        func nearest(_ bounds: [Float], tried: Int) -> [ck_rabitq_best] {
            var places = [UInt32](repeating: 0, count: count)
            var scratch = [Float](repeating: 0, count: 2 * count)
            var out = [ck_rabitq_best](repeating: ck_rabitq_best(), count: 2 * count)
            let found = unsafe ck_rabitq_nearest(
                bounds, count, vectors, biases, width, q, 0.5, wanted, tried, &places, &scratch, &out)
            return Array(out.prefix(found))
        }
        for tried in [1, wanted, 3 * wanted + 5] {
            // True bounds, some of them loose, lose nothing.
            let loose = measures.enumerated().map { $1 - Float($0 % 5) }
            let found = nearest(loose, tried: tried)
            #expect(Set(found.map { Int($0.row) }) == expected)
            #expect(found.allSatisfy { $0.estimate == measures[Int($0.row)] })
            #expect(found[0].estimate == measures.min())
            // Without numbers nothing is found.
            #expect(nearest(measures.map { _ in .nan }, tried: tried).isEmpty)
            // All bounds alike: all are measured.
            #expect(Set(nearest(measures.map { _ in 1 }, tried: tried).map { Int($0.row) }) == expected)
        }
        // Of equal vectors the first are taken.
        let copies = [Float](repeating: 1, count: count)
        var places = [UInt32](repeating: 0, count: count)
        var scratch = [Float](repeating: 0, count: 2 * count)
        var out = [ck_rabitq_best](repeating: ck_rabitq_best(), count: 2 * count)
        let same = [Float](repeating: 0.25, count: count * width)
        let found = unsafe ck_rabitq_nearest(
            copies, count, same, copies, width, q, 0, wanted, 2 * wanted, &places, &scratch, &out)
        #expect(Set(out.prefix(found).map(\.row)) == Set(0..<UInt32(wanted)))
    }
}
