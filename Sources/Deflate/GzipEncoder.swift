import CZlib

/// One gzip stream (RFC 1952), fed and drained in parts as room allows.
///
/// zlib's memory for it is bounded whatever goes through, and smaller for what is known to be short; see `memory`.
package final class GzipEncoder {
    /// What one stream takes at most, in bytes: a window and the positions in it, a hash table and the symbols of a block
    /// (deflateInit2: `1 << windowBits + 2`, `1 << memLevel + 9`), and zlib's own state.
    package static let memory = 1 << (largestWindow + 2) + 1 << (7 + 9) + 8192

    /// 16 KiB. Twice that makes web pages smaller by a twentieth, and every stream larger by 128 KiB.
    private static let largestWindow = 14
    /// The next one takes half as much time again for a thirtieth of the size.
    private static let level: Int32 = 4

    /// zlib knows it by its address.
    private let stream: UnsafeMutablePointer<z_stream>

    /// - Parameter length: how many bytes will come, where that is known.
    package init(length: Int?) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        var windowBits = length == nil ? Self.largestWindow : 9
        while windowBits < Self.largestWindow, 1 << windowBits < length ?? 0 { windowBits += 1 }
        // 16 more asks for gzip's head and end around the data.
        guard
            postern_deflateInit2(stream, Self.level, Int32(windowBits) + 16, Int32(min(7, windowBits - 5))) == Z_OK
        else { fatalError("zlib has no memory") }
    }

    deinit {
        deflateEnd(stream)
        stream.deinitialize(count: 1)
        stream.deallocate()
    }

    /// Takes bytes of `input` from `position` on, as far as `out` has room for what becomes of them.
    /// - Parameter isLast: nothing comes after `input`.
    /// - Returns: whether the stream is whole; nothing may be encoded after it.
    package func encode(
        _ input: [UInt8], from position: inout Int, isLast: Bool, into out: inout OutputSpan<UInt8>
    ) -> Bool {
        precondition(position >= 0 && position <= input.count && input.count <= 1 << 30)
        var status = Z_OK
        input.withUnsafeBufferPointer { bytes in
            out.withUnsafeMutableBufferPointer { buffer, count in
                stream.pointee.next_in = bytes.baseAddress.map { UnsafeMutablePointer(mutating: $0 + position) }
                stream.pointee.avail_in = UInt32(bytes.count - position)
                let room = min(buffer.count - count, 1 << 30)
                stream.pointee.next_out = buffer.baseAddress.map { $0 + count }
                stream.pointee.avail_out = UInt32(room)
                status = deflate(stream, isLast ? Z_FINISH : Z_NO_FLUSH)
                count += room - Int(stream.pointee.avail_out)
                position = bytes.count - Int(stream.pointee.avail_in)
            }
        }
        // Z_BUF_ERROR: nothing could be done for want of input or room.
        precondition(status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR, "zlib's state is damaged")
        return status == Z_STREAM_END
    }
}
