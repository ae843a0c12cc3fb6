/// A frame, as this side writes and reads it: by RFC 9113 section 4.1 and by nothing else.
struct Frame: Equatable, CustomStringConvertible {
    static let data: UInt8 = 0, headers: UInt8 = 1, priority: UInt8 = 2, reset: UInt8 = 3, settings: UInt8 = 4
    static let pushPromise: UInt8 = 5, ping: UInt8 = 6, goAway: UInt8 = 7, windowUpdate: UInt8 = 8
    static let continuation: UInt8 = 9
    static let endStream: UInt8 = 1, ack: UInt8 = 1, endHeaders: UInt8 = 4, padded: UInt8 = 8, hasPriority: UInt8 = 32

    var type: UInt8
    var flags: UInt8
    var stream: UInt32
    var payload: [UInt8]

    init(_ type: UInt8, flags: UInt8 = 0, stream: UInt32 = 0, _ payload: [UInt8] = []) {
        self.type = type
        self.flags = flags
        self.stream = stream
        self.payload = payload
    }

    var bytes: [UInt8] {
        let count = UInt32(payload.count)
        return [UInt8(count >> 16), UInt8(count >> 8 & 255), UInt8(count & 255), type, flags] + stream.bytes + payload
    }

    /// The first four bytes of the payload from `offset` on: an error code, an increment, a last stream.
    func word(at offset: Int = 0) -> UInt32 {
        payload[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }

    var description: String { "(type \(type), flags \(flags), stream \(stream), \(payload.count) bytes)" }

    /// Takes whole frames off the front of `bytes`.
    static func take(from bytes: inout [UInt8]) -> [Frame] {
        var frames: [Frame] = []
        var start = 0
        while bytes.count - start >= 9 {
            let count = Int(bytes[start]) << 16 | Int(bytes[start + 1]) << 8 | Int(bytes[start + 2])
            guard bytes.count - start >= 9 + count else { break }
            let stream = bytes[start + 5..<start + 9].reduce(0) { $0 << 8 | UInt32($1) }
            frames.append(
                Frame(
                    bytes[start + 3], flags: bytes[start + 4], stream: stream,
                    Array(bytes[start + 9..<start + 9 + count])))
            start += 9 + count
        }
        bytes.removeFirst(start)
        return frames
    }
}

extension UInt32 {
    var bytes: [UInt8] { [UInt8(self >> 24), UInt8(self >> 16 & 255), UInt8(self >> 8 & 255), UInt8(self & 255)] }
}

/// The frames that tests send.
enum Send {
    static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    static func settings(_ entries: (UInt16, UInt32)...) -> Frame {
        Frame(Frame.settings, entries.flatMap { [UInt8($0.0 >> 8), UInt8($0.0 & 255)] + $0.1.bytes })
    }

    static let settingsAck = Frame(Frame.settings, flags: Frame.ack)

    static func ping(_ byte: UInt8 = 7) -> Frame { Frame(Frame.ping, [UInt8](repeating: byte, count: 8)) }

    static func window(_ stream: UInt32, _ increment: UInt32) -> Frame {
        Frame(Frame.windowUpdate, stream: stream, increment.bytes)
    }

    static func reset(_ stream: UInt32, _ code: UInt32 = 8) -> Frame {
        Frame(Frame.reset, stream: stream, code.bytes)
    }

    static func data(_ stream: UInt32, _ text: String, end: Bool = true) -> Frame {
        Frame(Frame.data, flags: end ? Frame.endStream : 0, stream: stream, Array(text.utf8))
    }

    static func priority(_ stream: UInt32, on other: UInt32, weight: UInt8 = 15) -> Frame {
        Frame(Frame.priority, stream: stream, other.bytes + [weight])
    }

    static func continuation(_ stream: UInt32, _ block: [UInt8], end: Bool = true) -> Frame {
        Frame(Frame.continuation, flags: end ? Frame.endHeaders : 0, stream: stream, block)
    }

    static func headers(
        _ stream: UInt32, _ block: [UInt8] = request(), end: Bool = true, endHeaders: Bool = true
    ) -> Frame {
        Frame(
            Frame.headers, flags: (end ? Frame.endStream : 0) | (endHeaders ? Frame.endHeaders : 0), stream: stream,
            block)
    }

    /// A request's block, with what `changes` adds behind it.
    static func request(
        _ path: String = "/text", method: String = "GET", _ more: (String, String)...
    ) -> [UInt8] {
        block([(":method", method), (":scheme", "https"), (":authority", "a.test"), (":path", path)] + more)
    }

    static func block(_ fields: [(String, String)]) -> [UInt8] {
        fields.flatMap { literal(Array($0.0.utf8), Array($0.1.utf8)) }
    }

    /// A literal field without indexing, without Huffman (RFC 7541 section 6.2.2).
    static func literal(_ name: [UInt8], _ value: [UInt8]) -> [UInt8] { [0] + string(name) + string(value) }

    static func string(_ bytes: [UInt8]) -> [UInt8] { integer(bytes.count, prefix: 7, first: 0) + bytes }

    /// RFC 7541 section 5.1.
    static func integer(_ value: Int, prefix: Int, first: UInt8) -> [UInt8] {
        let limit = (1 << prefix) - 1
        guard value >= limit else { return [first | UInt8(value)] }
        var out = [first | UInt8(limit)]
        var rest = value - limit
        while rest >= 128 {
            out.append(UInt8(rest & 127) | 128)
            rest >>= 7
        }
        return out + [UInt8(rest)]
    }
}
