import Kernels
import Testing

@Suite struct ParallelTests {
    @Test(arguments: [1, 2, 5])
    func `results come in block order whatever the workers`(workers: Int) {
        for count in [0, 1, 9, 10, 11, 1000] {
            let ranges = Parallel.map(count: count, blockSize: 10, workers: workers) { $0 }
            #expect(ranges.flatMap { Array($0) } == Array(0..<count))
            #expect(ranges.dropLast().allSatisfy { $0.count == 10 })
        }
    }

    @Test(arguments: [1, 3])
    func `each block writes its own part`(workers: Int) {
        var squares = [Int](repeating: -1, count: 2 * 103)
        var halves = [Float](repeating: -1, count: 103)
        var first = squares.mutableSpan
        var second = halves.mutableSpan
        let counts = Parallel.fill(&first, width: 2, &second, width: 1, count: 103, blockSize: 8, workers: workers) {
            rows, squares, halves in
            for row in rows {
                squares[2 * (row - rows.lowerBound)] = row
                squares[2 * (row - rows.lowerBound) + 1] = row * row
                halves[row - rows.lowerBound] = Float(row) / 2
            }
            return rows.count
        }
        #expect(counts.reduce(0, +) == 103)
        for row in 0..<103 {
            #expect(squares[2 * row + 1] == row * row)
            #expect(halves[row] == Float(row) / 2)
        }
    }
}
