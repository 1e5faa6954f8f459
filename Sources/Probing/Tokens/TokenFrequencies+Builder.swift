extension TokenFrequencies {
    /// Counts words over blocks of texts, in any order: the result depends on the texts alone.
    ///
    /// An open-addressing table of 16 bytes a slot that is filled to three quarters at most: 22 to 43 bytes a distinct word,
    /// half as much again while it grows, and 16 in the result.
    package struct Builder: Sendable {
        private struct Slot {
            var count: UInt64 = 0
            var id: UInt32 = 0
            var documents: UInt32 = 0
        }

        private var slots = [Slot](repeating: Slot(), count: 1024)
        private var used = 0
        private var rows = 0
        private var tokens = 0

        package init() {}

        package mutating func add(_ block: TokenCounts) {
            for row in 0..<block.rows {
                for entry in block.offsets[row]..<block.offsets[row + 1] {
                    add(block.ids[entry], count: UInt64(block.counts[entry]), documents: 1)
                }
                rows += 1
                tokens += Int(block.lengths[row])
            }
        }

        /// Adds what another builder counted.
        package mutating func merge(_ other: Builder) {
            for slot in other.slots where slot.count > 0 { add(slot.id, count: slot.count, documents: slot.documents) }
            rows += other.rows
            tokens += other.tokens
        }

        package func finish() -> TokenFrequencies {
            var found = slots.filter { $0.count > 0 }
            found.sort { $0.id < $1.id }
            return TokenFrequencies(
                rows: rows, tokens: tokens,
                table: .memory(ids: found.map(\.id), counts: found.map(\.count), documents: found.map(\.documents)))
        }

        private mutating func add(_ id: UInt32, count: UInt64, documents: UInt32) {
            let slot = place(of: id)
            if slots[slot].count == 0 {
                slots[slot].id = id
                used += 1
            }
            slots[slot].count += count
            slots[slot].documents += documents
            if 4 * used > 3 * slots.count { grow() }
        }

        /// Where a word is or belongs. Ids are hashes already, and their high bits choose the slot.
        private func place(of id: UInt32) -> Int {
            var slot = Int((UInt64(id) * UInt64(slots.count)) >> 32)
            while slots[slot].count > 0, slots[slot].id != id { slot = slot + 1 == slots.count ? 0 : slot + 1 }
            return slot
        }

        private mutating func grow() {
            let old = slots
            slots = [Slot](repeating: Slot(), count: 2 * old.count)
            for slot in old where slot.count > 0 { slots[place(of: slot.id)] = slot }
        }
    }
}
