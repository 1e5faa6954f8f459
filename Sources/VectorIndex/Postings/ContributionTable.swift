/// What rows gain by the words of a query, by their counts, at addresses that stay.
@safe final class ContributionTable {
    private var tables: [UnsafeMutablePointer<Float>] = unsafe []

    deinit { while let table = unsafe tables.popLast() { unsafe table.deallocate() } }

    /// - Returns: the values, as long as the table is there.
    func add(_ values: [Float]) -> UnsafeMutablePointer<Float> {
        let table = UnsafeMutablePointer<Float>.allocate(capacity: max(1, values.count))
        for place in values.indices { unsafe (table + place).initialize(to: values[place]) }
        unsafe tables.append(table)
        return unsafe table
    }
}
