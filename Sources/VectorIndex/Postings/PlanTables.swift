/// The numbers that a query's plan is looked up in, at addresses that stay.
@safe final class PlanTables {
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
