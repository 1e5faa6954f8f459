/// Looks up samples' words among the words near to one output's: a hash table, made once for all its candidates.
struct NearWordMatcher {
    private struct Slot {
        var id: UInt32 = 0
        /// The first entry of the id; -1 where the slot is empty.
        var first: Int32 = -1
    }

    /// That a word is near to a word of the output.
    private struct Entry {
        var word: Int32
        var term: Float
        /// The next entry of the same id; -1 at the end.
        var next: Int32
    }

    /// A power of two, at least twice as many as there are ids.
    private var slots: [Slot] = []
    private var entries: [Entry] = []
    /// What the nearest of a sample's words brings for each word of the output.
    private var nearest: [Float]

    /// That a word of the sample is near to a word of the output.
    struct Match {
        /// Of the output.
        let word: Int
        /// Of the sample.
        let other: Int
        let term: Float
    }

    /// All of the last sample's, if they were asked for.
    private(set) var matches: [Match] = []

    /// - Parameter lists: of the output's words.
    /// - Complexity: O(near words), however many are near to the same.
    init(_ lists: [NearWords.List]) {
        nearest = [Float](repeating: 0, count: lists.count)
        let count = lists.reduce(0) { $0 + $1.ids.count }
        guard count > 0 else { return }
        var size = 2
        while size < 2 * count { size *= 2 }
        slots = [Slot](repeating: Slot(), count: size)
        entries.reserveCapacity(count)
        for (word, list) in lists.enumerated() {
            for (id, term) in zip(list.ids, list.terms) {
                // Ids are hashes.
                var slot = Int(id) & (size - 1)
                while slots[slot].first >= 0, slots[slot].id != id { slot = (slot + 1) & (size - 1) }
                entries.append(Entry(word: Int32(word), term: term, next: slots[slot].first))
                slots[slot] = Slot(id: id, first: Int32(entries.count - 1))
            }
        }
    }

    var isEmpty: Bool { entries.isEmpty }

    /// Looks a sample's words up.
    ///
    /// - Parameter keepsMatches: whether ``matches`` are kept.
    /// - Complexity: O(words, and what they are near to)
    mutating func look(up ids: Span<UInt32>, keepsMatches: Bool) {
        for word in nearest.indices { nearest[word] = 0 }
        matches.removeAll(keepingCapacity: true)
        let mask = slots.count - 1
        for index in ids.indices {
            let id = ids[index]
            var slot = Int(id) & mask
            while slots[slot].first >= 0, slots[slot].id != id { slot = (slot + 1) & mask }
            var entry = slots[slot].first
            while entry >= 0 {
                let found = entries[Int(entry)]
                nearest[Int(found.word)] = max(nearest[Int(found.word)], found.term)
                if keepsMatches { matches.append(Match(word: Int(found.word), other: index, term: found.term)) }
                entry = found.next
            }
        }
    }

    /// What is taken instead where the sample has the word itself.
    mutating func drop(_ word: Int) { nearest[word] = 0 }

    /// What near words bring in all, for the output's counts.
    func sum(_ counts: [UInt16]) -> Double {
        var sum = 0.0
        for word in nearest.indices { sum += Double(counts[word]) * Double(nearest[word]) }
        return sum
    }
}
