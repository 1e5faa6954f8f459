internal import CLZ4

/// Reads the LZ4 frames of a `.lz4` file.
@safe final class LZ4Decoder: StreamDecoder {
    private let context: OpaquePointer
    private var isInsideFrame = false

    init() {
        var context: OpaquePointer?
        let status = unsafe LZ4F_createDecompressionContext(&context, UInt32(LZ4F_VERSION))
        guard LZ4F_isError(status) == 0, let context = unsafe context else { preconditionFailure("out of memory") }
        unsafe self.context = context
    }

    deinit { unsafe LZ4F_freeDecompressionContext(context) }

    func decode(_ input: RawSpan, into output: inout MutableRawSpan) throws(StreamDamage) -> DecodingStep {
        var consumed = input.byteCount
        var produced = output.byteCount
        let status = unsafe input.withUnsafeBytes { input in
            unsafe output.withUnsafeMutableBytes { output in
                unsafe LZ4F_decompress(
                    context, output.baseAddress, &produced, input.baseAddress, &consumed, nil)
            }
        }
        if LZ4F_isError(status) != 0 {
            throw StreamDamage(reason: unsafe String(cString: LZ4F_getErrorName(status)))
        }
        isInsideFrame = status != 0
        return DecodingStep(consumed: consumed, produced: produced, isAtEndOfFrame: !isInsideFrame)
    }
}

/// Writes one LZ4 frame with a checksum of its content.
@safe final class LZ4Encoder: StreamEncoder {
    private let context: OpaquePointer
    private var preferences = LZ4F_preferences_t()
    private var isStarted = false

    init() {
        var context: OpaquePointer?
        let status = unsafe LZ4F_createCompressionContext(&context, UInt32(LZ4F_VERSION))
        guard LZ4F_isError(status) == 0, let context = unsafe context else { preconditionFailure("out of memory") }
        unsafe self.context = context
        preferences.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled
    }

    deinit { unsafe LZ4F_freeCompressionContext(context) }

    func encode(_ input: RawSpan, isLast: Bool) -> [UInt8] {
        let bound = unsafe LZ4F_compressBound(input.byteCount, &preferences) + Int(LZ4F_HEADER_SIZE_MAX)
        return unsafe [UInt8](unsafeUninitializedCapacity: bound) { output, initialized in
            func emit(_ size: Int) {
                precondition(LZ4F_isError(size) == 0, "the bound is wrong")
                initialized += size
            }
            let base = UnsafeMutableRawPointer(output.baseAddress!)
            if !isStarted { emit(unsafe LZ4F_compressBegin(context, base, bound, &preferences)) }
            isStarted = true
            unsafe input.withUnsafeBytes { input in
                emit(
                    unsafe LZ4F_compressUpdate(
                        context, base + initialized, bound - initialized, input.baseAddress, input.count, nil))
            }
            if isLast { emit(unsafe LZ4F_compressEnd(context, base + initialized, bound - initialized, nil)) }
        }
    }
}
