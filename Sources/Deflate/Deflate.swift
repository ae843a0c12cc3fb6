import CZlib

/// Raw DEFLATE (RFC 1951) of whole values in memory, with a limit on what comes out.
package enum Deflate {
    /// Of use up to 16 MiB; empty input gives the two bytes of an empty stream.
    package static func compress(_ bytes: [UInt8]) -> [UInt8] {
        precondition(bytes.count <= 1 << 30)
        var stream = z_stream()
        // A window that just holds the input: zlib clears all the memory that it takes, which for the largest window
        // costs ten times what the work on a session's kilobyte does.
        var windowBits: Int32 = 9
        while windowBits < 15, 1 << Int(windowBits) < bytes.count { windowBits += 1 }
        guard postern_deflateInit2(&stream, 9, -windowBits, min(8, windowBits - 5)) == Z_OK else {
            fatalError("zlib has no memory")
        }
        defer { deflateEnd(&stream) }
        let bound = Int(deflateBound(&stream, UInt(bytes.count)))
        return bytes.withUnsafeBufferPointer { input in
            [UInt8](unsafeUninitializedCapacity: bound) { output, count in
                stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
                stream.avail_in = UInt32(input.count)
                stream.next_out = output.baseAddress
                stream.avail_out = UInt32(bound)
                guard deflate(&stream, Z_FINISH) == Z_STREAM_END else { fatalError("deflateBound was too small") }
                count = bound - Int(stream.avail_out)
            }
        }
    }

    /// What `bytes` stands for; nil where it is no whole DEFLATE stream, where bytes follow it, or where more than
    /// `limit` bytes would come out. Never takes more memory than `limit`.
    package static func inflate(_ bytes: [UInt8], limit: Int) -> [UInt8]? {
        guard limit >= 0, limit <= 1 << 30, bytes.count <= 1 << 30 else { return nil }
        var stream = z_stream()
        guard postern_inflateInit2(&stream, -15) == Z_OK else { fatalError("zlib has no memory") }
        defer { inflateEnd(&stream) }
        var result: [UInt8] = []
        // Most of what is inflated here grew small by a third to a half.
        var step = min(limit, max(256, 3 * bytes.count))
        return bytes.withUnsafeBufferPointer { input -> [UInt8]? in
            stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
            stream.avail_in = UInt32(input.count)
            while true {
                // One byte beyond the limit tells a stream that ends there from one that goes on.
                let room = result.count == limit ? 1 : min(step, limit - result.count)
                var status = Z_OK
                var filled = 0
                let chunk = [UInt8](unsafeUninitializedCapacity: room) { output, count in
                    stream.next_out = output.baseAddress
                    stream.avail_out = UInt32(room)
                    status = CZlib.inflate(&stream, Z_NO_FLUSH)
                    count = room - Int(stream.avail_out)
                    filled = count
                }
                if result.count + filled > limit { return nil }
                if result.isEmpty { result = chunk } else { result.append(contentsOf: chunk) }
                switch status {
                case Z_STREAM_END: return stream.avail_in == 0 ? result : nil
                case Z_OK where stream.avail_out == 0: step *= 2
                default: return nil
                }
            }
        }
    }
}

/// Which zlib this program runs with.
package enum ZlibVersion {
    package static var text: String { String(cString: zlibVersion()) }
}
