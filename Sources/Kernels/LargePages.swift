internal import Glibc

/// Memory that is read here and there, in pages of 2 MiB where the system has them for who asks.
///
/// A look-up in pages of 4 KiB waits for the page's address before it waits for the byte: the processor remembers the
/// addresses of a few thousand pages, which is little beside tables of many megabytes.
package enum LargePages {
    private static let size = 2 << 20

    /// - Returns: `count` zeros of a type for which all bits zero is a value; to be deallocated by the caller.
    package static func zeros<Element: BitwiseCopyable>(_ count: Int) -> UnsafeMutablePointer<Element> {
        let bytes = max(1, count) * MemoryLayout<Element>.stride
        let alignment = bytes < size ? MemoryLayout<Element>.alignment : size
        let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: alignment)
        // Where the system has no large pages to give, small ones serve.
        if bytes >= size { unsafe madvise(memory, bytes, MADV_HUGEPAGE) }
        unsafe memset(memory, 0, bytes)
        return unsafe memory.bindMemory(to: Element.self, capacity: max(1, count))
    }
}
