import CKernels
import Kernels
import Testing

/// The steps of a search in an inverted file against plain loops, to the bit.
@safe @Suite struct PostingsKernelTests {
    typealias Find =
        @convention(c) (
            UnsafePointer<UInt32>?, UnsafePointer<UInt8>?, Int, UInt32, UInt32, UnsafePointer<Float>?,
            UnsafeMutablePointer<Float>?, UnsafeMutablePointer<UInt32>?, UnsafeMutablePointer<Int>?
        ) -> Int
    typealias Take =
        @convention(c) (
            UnsafeMutablePointer<Float>?, UnsafePointer<UInt8>?, UnsafePointer<Float>?, UnsafePointer<Float>?, Float,
            ck_partial_rows, Int, UnsafeMutablePointer<UInt32>?, UnsafeMutablePointer<Int>?
        ) -> Int
    typealias AddToSlots =
        @convention(c) (
            UnsafePointer<UInt32>?, UnsafePointer<UInt8>?, Int, UInt32, UInt32, UnsafePointer<UInt16>?,
            UnsafePointer<Float>?, UnsafeMutablePointer<Float>?
        ) -> Int
    typealias AddFrequent =
        @convention(c) (
            UnsafePointer<UInt64>?, UnsafePointer<Float>?, Float, UnsafePointer<Float>?, Float, ck_partial_rows, Int,
            UnsafeMutablePointer<UInt32>?, UnsafeMutablePointer<Int>?
        ) -> Int
    typealias Keep = @convention(c) (UnsafePointer<Float>?, Float, ck_partial_rows, Int) -> Int

    private let levels: [(KernelLevel, Find, Take, AddToSlots, AddFrequent, Keep)] = unsafe [
        (
            KernelLevel.scalar, ck_postings_find_scalar, ck_postings_take_scalar, ck_postings_add_to_slots_scalar,
            ck_postings_add_frequent_scalar, ck_postings_keep_scalar
        ),
        (
            KernelLevel.avx512, ck_postings_find_avx512, ck_postings_take_avx512, ck_postings_add_to_slots_avx512,
            ck_postings_add_frequent_avx512, ck_postings_keep_avx512
        ),
    ].filter { level in unsafe level.0 == .scalar || vectorLevels.contains(level.0) }

    private let first: UInt32 = 3 << 14
    private let size = 1000
    private let contributions: [Float] = [0, 0.5, 0.75, 0.9, 1, 1.1]
    private let most: Float = 0.4
    private let least: Float = 0.2
    /// By length.
    private let rest = (0..<256).map { Float($0 % 7) / 20 }

    /// Rows of the block, rising, and some behind it.
    private func postings(_ count: Int, seed: UInt64) -> (rows: [UInt32], counts: [UInt8]) {
        var generator = SeededGenerator(seed: seed)
        let places = generator.sample(count, below: size).sorted().map(UInt32.init)
        let behind = (0..<UInt32(seed % 20)).map { UInt32(size) + 2 * $0 }
        let rows = (places + behind).map { first + $0 }
        return (rows, rows.map { _ in UInt8(1 + generator.integer(below: 5)) })
    }

    /// Some rows of the block in no order, a score each around ``least``.
    private func partialRows(_ count: Int, seed: UInt64) -> (places: [UInt32], sums: [Float], others: [Float]) {
        var generator = SeededGenerator(seed: seed)
        let places = generator.sample(count, below: size).map(UInt32.init)
        return (places, numbers(count, seed: seed + 1).map { $0 + 1 }, numbers(count, seed: seed + 2).map { $0 - 1 })
    }

    private struct Row: Equatable {
        let place: UInt32
        let length: UInt32
        let sum: Float
        let other: Float
    }

    /// Runs a kernel on rows; what it keeps, and which of those it names.
    private func kept(
        of rows: (places: [UInt32], sums: [Float], others: [Float]),
        _ kernel: (ck_partial_rows, UnsafeMutablePointer<UInt32>, inout Int) -> Int
    ) -> (rows: [Row], more: [UInt32]) {
        var (places, sums, others) = rows
        var more = [UInt32](repeating: 0, count: places.count + 1)
        var unknown = 0
        let count = unsafe places.withUnsafeMutableBufferPointer { places in
            unsafe sums.withUnsafeMutableBufferPointer { sums in
                unsafe others.withUnsafeMutableBufferPointer { others in
                    unsafe more.withUnsafeMutableBufferPointer { more in
                        unsafe kernel(
                            ck_partial_rows(
                                places: places.baseAddress!, sums: sums.baseAddress!, others: others.baseAddress!),
                            more.baseAddress!, &unknown)
                    }
                }
            }
        }
        return (
            (0..<count).map {
                Row(place: places[$0] & 0xffff, length: places[$0] >> 16, sum: sums[$0], other: others[$0])
            },
            Array(more.prefix(unknown))
        )
    }

    @Test(arguments: lengths) func `words find rows and add up`(length: Int) {
        for unsafe(level, find, _, _, _, _) in unsafe levels {
            var sums = [Float](repeating: 0, count: size)
            var places = [UInt32](repeating: .max, count: size + 16)
            var found = 0
            var expected = sums
            var order: [UInt32] = []
            for seed: UInt64 in [40, 41, 45] {
                let (rows, counts) = postings(length, seed: seed)
                let read = unsafe find(
                    rows, counts, rows.count, first, UInt32(size), contributions, &sums, &places, &found)
                #expect(read == length)
                for (row, count) in zip(rows, counts).prefix(length) {
                    if expected[Int(row - first)] == 0 { order.append(row - first) }
                    expected[Int(row - first)] += contributions[Int(count)]
                }
            }
            #expect(sums == expected, "\(level)")
            #expect(Array(places.prefix(found)) == order, "\(level)")
        }
    }

    @Test func `rows that do not rise never take more room than there is`() {
        for unsafe(level, find, _, _, _, _) in unsafe levels {
            var sums = [Float](repeating: 0, count: size)
            var places = [UInt32](repeating: .max, count: size + 16 + 1)
            var found = size - 3
            let rows = [UInt32](repeating: first + 7, count: 500)
            let counts = [UInt8](repeating: 1, count: 500)
            _ = unsafe find(rows, counts, 500, first, UInt32(size), contributions, &sums, &places, &found)
            #expect(found <= size, "\(level)")
            #expect(places.last == .max, "\(level)")
        }
    }

    @Test(arguments: lengths) func `rows are taken with their lengths`(length: Int) {
        var generator = SeededGenerator(seed: 50)
        let lengthOfRow = (0..<size + 3).map { _ in
            generator.integer(below: 9) == 0 ? 255 : UInt8(generator.integer(below: 40))
        }
        let scores = (0..<256).map { -Float($0) / 100 }
        let rows = partialRows(length, seed: 51)
        var block = [Float](repeating: 0, count: size)
        for (place, sum) in zip(rows.places, rows.sums) { block[Int(place)] = 4 * sum }
        let all = rows.places.map {
            Row(
                place: $0, length: UInt32(lengthOfRow[Int($0)]), sum: block[Int($0)],
                other: scores[Int(lengthOfRow[Int($0)])])
        }
        let expected = all.filter { $0.sum + $0.other + rest[Int($0.length)] >= least }
        #expect(length < 100 || expected.count > 0 && expected.count < length)
        for unsafe(level, _, take, _, _, _) in unsafe levels {
            var sums = block
            let found = unsafe kept(of: (rows.places + [0], rows.sums + [0], rows.others + [0])) {
                taken, more, unknown in
                unsafe take(&sums, lengthOfRow, scores, rest, least, taken, length, more, &unknown)
            }
            #expect(found.rows == expected, "\(level)")
            #expect(
                found.more.map { found.rows[Int($0)].place }
                    == expected.map(\.place).filter { lengthOfRow[Int($0)] == 255 })
            #expect(sums.allSatisfy { $0 == 0 }, "\(level)")
        }
    }

    @Test(arguments: lengths) func `a word adds to the rows that have a slot`(length: Int) {
        let (rows, counts) = postings(length, seed: 60)
        let open = partialRows(300, seed: 61)
        var slots = [UInt16](repeating: 0, count: size + 1)
        unsafe ck_postings_open(&slots, open.places, open.places.count)
        for (index, place) in open.places.enumerated() { #expect(slots[Int(place)] == index + 1) }
        var expected = open.sums
        for (row, count) in zip(rows, counts).prefix(length) {
            guard let index = open.places.firstIndex(of: row - first) else { continue }
            expected[index] += contributions[Int(count)]
        }
        for unsafe(level, _, _, add, _, _) in unsafe levels {
            var sums = open.sums
            let read = unsafe add(rows, counts, rows.count, first, UInt32(size), slots, contributions, &sums)
            #expect(read == length)
            #expect(sums == expected, "\(level)")
        }
        unsafe ck_postings_close(&slots, open.places, open.places.count)
        #expect(slots.allSatisfy { $0 == 0 })
    }

    @Test(arguments: lengths) func `a frequent word is looked up, and rows that stay below are left out`(length: Int) {
        var generator = SeededGenerator(seed: 70)
        let codeOfRow = (0..<size).map { _ in min(3, generator.integer(below: 9)) }
        var codes = [UInt64](repeating: 0, count: size / 32 + 1)
        for (row, code) in codeOfRow.enumerated() { codes[row / 32] |= UInt64(code) << (2 * UInt64(row % 32)) }
        let rows = partialRows(length, seed: 71)
        let lengthOfRow = rows.places.map { _ in UInt32(generator.integer(below: 256)) }
        var expected: [Row] = []
        for index in rows.places.indices {
            let code = codeOfRow[Int(rows.places[index])]
            let sum = code < 3 ? rows.sums[index] + contributions[code] : rows.sums[index]
            let hoped = code == 3 ? sum + most : sum
            guard hoped + rows.others[index] + rest[Int(lengthOfRow[index])] >= least else { continue }
            expected.append(
                Row(place: rows.places[index], length: lengthOfRow[index], sum: sum, other: rows.others[index]))
        }
        #expect(
            length < 100
                || expected.contains {
                    codeOfRow[Int($0.place)] == 3 && $0.sum + $0.other + rest[Int($0.length)] < least
                })
        let reaching = rows.places.indices.filter {
            rows.sums[$0] + rows.others[$0] + rest[Int(lengthOfRow[$0])] >= least
        }.map {
            Row(place: rows.places[$0], length: lengthOfRow[$0], sum: rows.sums[$0], other: rows.others[$0])
        }
        let taken = zip(rows.places, lengthOfRow).map { $0 | $1 << 16 }
        for unsafe(level, _, _, _, addFrequent, keep) in unsafe levels {
            let padded = (taken + [0], rows.sums + [0], rows.others + [0])
            let found = unsafe kept(of: padded) { rows, more, unknown in
                unsafe addFrequent(codes, contributions, most, rest, least, rows, length, more, &unknown)
            }
            #expect(found.rows == expected, "\(level)")
            #expect(
                found.more.map { found.rows[Int($0)].place } == expected.map(\.place).filter { codeOfRow[Int($0)] == 3 }
            )
            let kept = unsafe self.kept(of: padded) { rows, _, _ in unsafe keep(rest, least, rows, length) }
            #expect(kept.rows == reaching, "\(level)")
        }
    }
}
