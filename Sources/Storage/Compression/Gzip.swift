internal import CZlib

/// Reads the gzip members of a `.gz` file.
@safe final class GzipDecoder: StreamDecoder {
    // On the heap: zlib keeps a pointer to it.
    private let stream: UnsafeMutablePointer<z_stream>
    private var isFinished = false

    init() {
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        // 16: a gzip header is needed.
        let status = unsafe inflateInit2_(stream, MAX_WBITS + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        precondition(status == Z_OK, "out of memory")
    }

    deinit {
        unsafe inflateEnd(stream)
        unsafe stream.deallocate()
    }

    func decode(_ input: RawSpan, into output: inout MutableRawSpan) throws(StreamDamage) -> DecodingStep {
        if isFinished {
            unsafe inflateReset(stream)
            isFinished = false
        }
        var status = Z_OK
        unsafe input.withUnsafeBytes { input in
            unsafe output.withUnsafeMutableBytes { output in
                unsafe stream.pointee.next_in = UnsafeMutablePointer(
                    mutating: input.assumingMemoryBound(to: UInt8.self).baseAddress)
                unsafe stream.pointee.avail_in = UInt32(input.count)
                unsafe stream.pointee.next_out = output.assumingMemoryBound(to: UInt8.self).baseAddress
                unsafe stream.pointee.avail_out = UInt32(output.count)
                status = unsafe inflate(stream, Z_NO_FLUSH)
            }
        }
        guard status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR else {
            let message = unsafe stream.pointee.msg
            throw StreamDamage(reason: unsafe message.map { unsafe String(cString: $0) } ?? "zlib status \(status)")
        }
        isFinished = status == Z_STREAM_END
        return DecodingStep(
            consumed: input.byteCount - Int(unsafe stream.pointee.avail_in),
            produced: output.byteCount - Int(unsafe stream.pointee.avail_out), isAtEndOfFrame: isFinished)
    }
}

/// Writes one gzip member, without a name or a time in its header.
@safe final class GzipEncoder: StreamEncoder {
    private let stream: UnsafeMutablePointer<z_stream>

    init(level: Int = 6) {
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        let status = unsafe deflateInit2_(
            stream, Int32(level), Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size))
        precondition(status == Z_OK, "out of memory")
    }

    deinit {
        unsafe deflateEnd(stream)
        unsafe stream.deallocate()
    }

    func encode(_ input: RawSpan, isLast: Bool) -> [UInt8] {
        precondition(input.byteCount <= Int(UInt32.max))
        var result: [UInt8] = []
        let room = 1 << 16
        unsafe input.withUnsafeBytes { input in
            unsafe stream.pointee.next_in = UnsafeMutablePointer(
                mutating: input.assumingMemoryBound(to: UInt8.self).baseAddress)
            unsafe stream.pointee.avail_in = UInt32(input.count)
            var isDone = false
            while !isDone {
                result += unsafe [UInt8](unsafeUninitializedCapacity: room) { output, initialized in
                    unsafe stream.pointee.next_out = output.baseAddress
                    unsafe stream.pointee.avail_out = UInt32(room)
                    let status = unsafe deflate(stream, isLast ? Z_FINISH : Z_NO_FLUSH)
                    initialized = room - Int(unsafe stream.pointee.avail_out)
                    isDone = isLast ? status == Z_STREAM_END : unsafe stream.pointee.avail_out > 0
                }
            }
        }
        return result
    }
}
