/// The sums of a block of rows, all 0 between blocks, and which of them are not.
@safe final class PostingSums {
    /// Rows of a block: what is known of them stays in a core's cache.
    static let capacity = 1 << 15

    /// `[capacity]`
    let values: UnsafeMutablePointer<Float>
    /// The rows that have a sum, and one place more that is written in any case.
    let places: UnsafeMutablePointer<UInt32>
    var count = 0
    private let scores: UnsafeMutablePointer<Float>

    init() {
        unsafe values = .allocate(capacity: Self.capacity)
        unsafe values.initialize(repeating: 0, count: Self.capacity)
        unsafe places = .allocate(capacity: Self.capacity + 1)
        unsafe places.initialize(repeating: 0, count: Self.capacity + 1)
        unsafe scores = .allocate(capacity: Self.capacity)
        unsafe scores.initialize(repeating: 0, count: Self.capacity)
    }

    deinit {
        unsafe values.deallocate()
        unsafe places.deallocate()
        unsafe scores.deallocate()
    }

    /// Calls `body` with the rows whose sum is at least so much, and empties the block.
    ///
    /// No step but `body` depends on a branch that could not be foreseen.
    ///
    /// - Parameters:
    ///   - least: of the sum alone.
    ///   - leastScore: of the sum and what `lengthScore` adds.
    @inline(__always)
    func drain(
        least: Float, leastScore: Float, lengthScore: (_ offset: Int) -> Float,
        _ body: (_ offset: Int, _ sum: Float) -> Void
    ) {
        let (values, places, scores) = unsafe (self.values, self.places, self.scores)
        var kept = 0
        for index in 0..<count {
            let place = unsafe places[index]
            let sum = unsafe values[Int(place)]
            unsafe values[Int(place)] = 0
            unsafe places[kept] = place
            unsafe scores[kept] = sum
            kept &+= sum >= least ? 1 : 0
        }
        var reaching = 0
        for index in 0..<kept {
            let place = unsafe places[index]
            let sum = unsafe scores[index]
            let score = sum + lengthScore(Int(place))
            unsafe places[reaching] = place
            unsafe scores[reaching] = sum
            reaching &+= score >= leastScore ? 1 : 0
        }
        for index in 0..<reaching { unsafe body(Int(places[index]), scores[index]) }
        count = 0
    }
}
