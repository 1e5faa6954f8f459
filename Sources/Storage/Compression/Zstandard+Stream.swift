internal import CZstd

/// Reads the Zstandard frames of a `.zst` file.
@safe final class ZstandardDecoder: StreamDecoder {
    private let context: OpaquePointer

    init() {
        guard let context = unsafe ZSTD_createDCtx() else { preconditionFailure("out of memory") }
        unsafe self.context = context
        // Windows up to 2 GiB, as `zstd --ultra --long=31` writes them.
        _ = unsafe ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, 31)
    }

    deinit { unsafe ZSTD_freeDCtx(context) }

    func decode(_ input: RawSpan, into output: inout MutableRawSpan) throws(StreamDamage) -> DecodingStep {
        var consumed = 0
        var produced = 0
        let status = unsafe input.withUnsafeBytes { input in
            unsafe output.withUnsafeMutableBytes { output in
                var source = unsafe ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
                var target = unsafe ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
                let status = unsafe ZSTD_decompressStream(context, &target, &source)
                consumed = unsafe source.pos
                produced = unsafe target.pos
                return status
            }
        }
        if ZSTD_isError(status) != 0 {
            throw StreamDamage(reason: unsafe String(cString: ZSTD_getErrorName(status)))
        }
        return DecodingStep(consumed: consumed, produced: produced, isAtEndOfFrame: status == 0)
    }
}

/// Writes one Zstandard frame with a checksum of its content.
@safe final class ZstandardEncoder: StreamEncoder {
    private let context: OpaquePointer

    init(level: Int = 3) {
        guard let context = unsafe ZSTD_createCCtx() else { preconditionFailure("out of memory") }
        unsafe self.context = context
        _ = unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, Int32(level))
        _ = unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
    }

    deinit { unsafe ZSTD_freeCCtx(context) }

    func encode(_ input: RawSpan, isLast: Bool) -> [UInt8] {
        var result: [UInt8] = []
        var consumed = 0
        while true {
            var remaining = 0
            let room = ZSTD_CStreamOutSize()
            result += unsafe [UInt8](unsafeUninitializedCapacity: room) { output, initialized in
                unsafe input.withUnsafeBytes { input in
                    var source = unsafe ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: consumed)
                    var target = unsafe ZSTD_outBuffer(dst: output.baseAddress, size: room, pos: 0)
                    remaining = unsafe ZSTD_compressStream2(
                        context, &target, &source, isLast ? ZSTD_e_end : ZSTD_e_continue)
                    precondition(ZSTD_isError(remaining) == 0, "compression fails only for lack of memory")
                    consumed = unsafe source.pos
                    initialized = unsafe target.pos
                }
            }
            if isLast ? remaining == 0 : consumed == input.byteCount { return result }
        }
    }
}
