import Foundation
import Kernels
import Stages
import Testing

@Suite struct ByteSearchTests {
    private func found(_ text: String, _ ids: [String]) -> String? {
        ByteSearch(ids).first(in: text.utf8Span.span.bytes)
    }

    /// Against looking at every place.
    @Test func agreesWithLookingAtEveryPlace() {
        var generator = SeededGenerator(seed: 12)
        let letters = Array("ab-1 ")
        func word(_ count: Int) -> String {
            String((0..<count).map { _ in letters[generator.integer(below: letters.count)] })
        }
        for _ in 0..<3000 {
            let ids = (0..<3).map { _ in word(8 + generator.integer(below: 3)) }
            var text = word(generator.integer(below: 20))
            if generator.integer(below: 2) == 0 { text += ids[generator.integer(below: 3)] }
            text += word(generator.integer(below: 12))
            let bytes = Array(text.utf8)
            func isWord(_ place: Int) -> Bool {
                bytes.indices.contains(place) && bytes[place] != UInt8(ascii: " ") && bytes[place] != UInt8(ascii: "-")
            }
            let holds = ids.contains { id in
                let pattern = Array(id.utf8)
                return (0...max(0, bytes.count)).contains { start in
                    start + pattern.count <= bytes.count
                        && Array(bytes[start..<start + pattern.count]) == pattern
                        && !isWord(start - 1) && !isWord(start + pattern.count)
                }
            }
            #expect((found(text, ids) != nil) == holds, "\(ids) in '\(text)'")
        }
    }

    @Test func shortStringsAreNotLookedFor() {
        #expect(found("an id such as cat", ["cat"]) == nil)
        #expect(found("", ["sample-1"]) == nil)
        #expect(found("see sample-1, please", ["sample-1", "sample-2"]) == "sample-1")
        #expect(found("see sample-10", ["sample-1"]) == nil)
    }
}
