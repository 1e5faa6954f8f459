/// Looks up samples' words among the words near to one output's: a hash table, made once for all its candidates.
struct NearWordMatcher {
    private struct Slot {
        var id: UInt32 = 0
        /// Of the output's word; -1 where the slot is empty.
        var word: Int32 = -1
        var term: Float = 0
    }

    /// A power of two, at least twice as many as there are near words; one id may stand in several.
    private var slots: [Slot]
    /// What the nearest of a sample's words brings for each word of the output.
    private var nearest: [Float]

    /// - Parameter lists: of the output's words.
    init(_ lists: [NearWords.List]) {
        let entries = lists.reduce(0) { $0 + $1.ids.count }
        var size = 2
        while size < 2 * entries { size *= 2 }
        slots = [Slot](repeating: Slot(), count: entries == 0 ? 0 : size)
        nearest = [Float](repeating: 0, count: lists.count)
        for (word, list) in lists.enumerated() {
            for (id, term) in zip(list.ids, list.terms) {
                // Ids are hashes.
                var slot = Int(id) & (size - 1)
                while slots[slot].word >= 0 { slot = (slot + 1) & (size - 1) }
                slots[slot] = Slot(id: id, word: Int32(word), term: term)
            }
        }
    }

    var isEmpty: Bool { slots.isEmpty }

    /// Looks a sample's words up.
    ///
    /// - Complexity: O(words)
    mutating func look(up ids: Span<UInt32>) {
        for word in nearest.indices { nearest[word] = 0 }
        let mask = slots.count - 1
        for index in ids.indices {
            let id = ids[index]
            var slot = Int(id) & mask
            while slots[slot].word >= 0 {
                if slots[slot].id == id {
                    let word = Int(slots[slot].word)
                    nearest[word] = max(nearest[word], slots[slot].term)
                }
                slot = (slot + 1) & mask
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
