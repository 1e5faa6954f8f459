/// The sums of a block of rows, all 0 between blocks, and which of them are not.
@safe final class PostingSums {
    /// Rows of a block: what is known of them stays in a core's cache.
    static let capacity = 1 << 14

    /// `[capacity]`
    let values: UnsafeMutablePointer<Float>
    /// The rows that have a sum, and one place more that is written in any case.
    let places: UnsafeMutablePointer<UInt32>
    var count = 0
    private let scores: UnsafeMutablePointer<Float>
    private let lengthScores: UnsafeMutablePointer<Float>

    init() {
        unsafe values = .allocate(capacity: Self.capacity)
        unsafe values.initialize(repeating: 0, count: Self.capacity)
        unsafe places = .allocate(capacity: Self.capacity + 1)
        unsafe places.initialize(repeating: 0, count: Self.capacity + 1)
        unsafe scores = .allocate(capacity: Self.capacity)
        unsafe scores.initialize(repeating: 0, count: Self.capacity)
        unsafe lengthScores = .allocate(capacity: Self.capacity)
        unsafe lengthScores.initialize(repeating: 0, count: Self.capacity)
    }

    deinit {
        unsafe values.deallocate()
        unsafe places.deallocate()
        unsafe scores.deallocate()
        unsafe lengthScores.deallocate()
    }

    /// 1 or 0, without a branch; for finite values, or a bound of minus infinity.
    @inline(__always)
    private static func isAtLeast(_ value: Float, _ bound: Float) -> Int {
        Int(truncatingIfNeeded: 1 &- ((value - bound).bitPattern >> 31))
    }

    /// Empties the block, and keeps the rows whose sum is at least so much.
    ///
    /// Neither this nor the steps after it depend on a branch that could not be foreseen.
    ///
    /// - Returns: how many.
    @inline(__always)
    func take(least: Float) -> Int {
        let (values, places, scores) = unsafe (self.values, self.places, self.scores)
        var kept = 0
        for index in 0..<count {
            let place = unsafe places[index]
            let sum = unsafe values[Int(place)]
            unsafe values[Int(place)] = 0
            unsafe places[kept] = place
            unsafe scores[kept] = sum
            kept &+= Self.isAtLeast(sum, least)
        }
        count = 0
        return kept
    }

    /// Adds what the rows' lengths bring, and keeps those of the rows taken whose score is at least so much.
    ///
    /// - Parameter taken: how many rows there are.
    /// - Returns: how many are left.
    @inline(__always)
    func addLengths(to taken: Int, least: Float, _ lengthScore: (_ offset: Int) -> Float) -> Int {
        keep(taken, least: least) { place, sum, _ in (sum, lengthScore(place)) }
    }

    /// Gives the rows taken new sums, after ``addLengths(to:least:_:)``, and keeps those whose score is at least so much.
    ///
    /// - Returns: how many are left.
    @inline(__always)
    func update(_ taken: Int, least: Float, _ newSum: (_ offset: Int, _ sum: Float) -> Float) -> Int {
        keep(taken, least: least) { place, sum, length in (newSum(place, sum), length) }
    }

    @inline(__always)
    private func keep(
        _ taken: Int, least: Float,
        _ new: (_ offset: Int, _ sum: Float, _ lengthScore: Float) -> (sum: Float, lengthScore: Float)
    ) -> Int {
        let (places, scores, lengths) = unsafe (self.places, self.scores, self.lengthScores)
        var kept = 0
        for index in 0..<taken {
            let place = unsafe places[index]
            let (sum, length) = unsafe new(Int(place), scores[index], lengths[index])
            unsafe places[kept] = place
            unsafe scores[kept] = sum
            unsafe lengths[kept] = length
            kept &+= Self.isAtLeast(sum + length, least)
        }
        return kept
    }

    /// Puts the sums of the rows taken back into the block, for a list to add to.
    @inline(__always)
    func putBack(_ taken: Int) {
        let (values, places, scores) = unsafe (self.values, self.places, self.scores)
        for index in 0..<taken { unsafe values[Int(places[index])] = scores[index] }
    }

    /// Takes a sum that was put back out of the block.
    @inline(__always)
    func takeAgain(_ offset: Int) -> Float {
        let values = unsafe self.values
        let sum = unsafe values[offset]
        unsafe values[offset] = 0
        return sum
    }

    /// Calls `body` with the rows taken and their sums.
    @inline(__always)
    func forEach(of taken: Int, _ body: (_ offset: Int, _ sum: Float) -> Void) {
        for index in 0..<taken { unsafe body(Int(places[index]), scores[index]) }
    }

    /// The same after ``addLengths(to:least:_:)``.
    @inline(__always)
    func forEach(of taken: Int, _ body: (_ offset: Int, _ sum: Float, _ lengthScore: Float) -> Void) {
        for index in 0..<taken { unsafe body(Int(places[index]), scores[index], lengthScores[index]) }
    }
}
