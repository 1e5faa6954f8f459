import Kernels
import Testing

@Suite("Large pages") struct LargePagesTests {
    @Test(
        "memory is zero, and from two megabytes on begins at a large page",
        arguments: [0, 1, 4096, 262_144, 1_000_003])
    func zeros(count: Int) {
        // Not the first use of this memory, where an allocation of the same size is handed out again.
        for _ in 0..<3 {
            let memory: UnsafeMutablePointer<UInt64> = unsafe LargePages.zeros(count)
            defer { unsafe memory.deallocate() }
            for index in 0..<count {
                if unsafe memory[index] != 0 { Issue.record("\(index) is not zero") }
                unsafe memory[index] = .max
            }
            if count * 8 >= 2 << 20 { #expect(UInt(bitPattern: memory) % (2 << 20) == 0) }
        }
    }
}
