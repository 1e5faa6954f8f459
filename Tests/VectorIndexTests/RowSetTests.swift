import Testing
import VectorIndex

@Suite struct RowSetTests {
    @Test(arguments: [0, 1, 63, 64, 65, 200])
    func allRowsAreThoseBelowTheCount(count: Int) {
        let all = RowSet(allOf: count)
        #expect(all.population == count)
        #expect(all == RowSet(count: count, containing: 0..<count))
    }

    @Test func rowsComeAndGo() {
        var set = RowSet(count: 130, containing: [0, 63, 64, 129])
        #expect((0..<130).filter(set.contains) == [0, 63, 64, 129])
        set.remove(63)
        set.remove(5)
        set.insert(64)
        set.insert(128)
        #expect((0..<130).filter(set.contains) == [0, 64, 128, 129])
        #expect(set.words == [1, 1, 3])
        #expect(set.population == 4)
    }
}
