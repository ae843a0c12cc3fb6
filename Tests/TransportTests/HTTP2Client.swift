import HTTP
import Posix
import TLS
import Transport

/// A blocking client that writes HTTP/2 by hand: literal fields, no HPACK but the static table's statuses.
final class HTTP2Client {
    struct Frame {
        var type: UInt8
        var flags: UInt8
        var stream: UInt32
        var payload: [UInt8]

        func word(at offset: Int = 0) -> UInt32 {
            payload[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
        }
    }

    let raw: RawClient
    private(set) var frames: [Frame] = []
    /// Whether what comes is acknowledged with windows as large as it was.
    var opensWindows = true
    var acknowledges = true
    private(set) var ending = RawClient.Ending.bytes

    init(_ address: SocketAddress, receiveBuffer: Int32? = nil, begins: Bool = true) throws {
        raw = try RawClient(address, receiveBuffer: receiveBuffer)
        if begins { send(Self.preface + Self.frame(4)) }
    }

    static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    static func frame(_ type: UInt8, flags: UInt8 = 0, stream: UInt32 = 0, _ payload: [UInt8] = []) -> [UInt8] {
        let count = UInt32(payload.count)
        return word(count).dropFirst() + [type, flags] + word(stream) + payload
    }

    static func word(_ value: UInt32) -> [UInt8] {
        [UInt8(value >> 24), UInt8(value >> 16 & 255), UInt8(value >> 8 & 255), UInt8(value & 255)]
    }

    static func initialWindow(_ size: UInt32) -> [UInt8] { frame(4, [0, 4] + word(size)) }

    static func head(
        _ stream: UInt32, _ path: String, method: String = "GET", end: Bool = true, endHeaders: Bool = true,
        fields: [(String, String)] = []
    ) -> [UInt8] {
        let all = [(":method", method), (":scheme", "http"), (":authority", "a.test"), (":path", path)] + fields
        var block: [UInt8] = []
        for (name, value) in all {
            block += [0, UInt8(name.utf8.count)] + Array(name.utf8) + [UInt8(value.utf8.count)] + Array(value.utf8)
        }
        return frame(1, flags: (end ? 1 : 0) | (endHeaders ? 4 : 0), stream: stream, block)
    }

    func send(_ bytes: [UInt8]) { raw.send(bytes) }
    func get(_ stream: UInt32, _ path: String) { send(Self.head(stream, path)) }
    func data(_ stream: UInt32, _ text: String, end: Bool = true) {
        send(Self.frame(0, flags: end ? 1 : 0, stream: stream, Array(text.utf8)))
    }
    func reset(_ stream: UInt32) { send(Self.frame(3, stream: stream, Self.word(8))) }
    func window(_ stream: UInt32, _ size: UInt32) { send(Self.frame(8, stream: stream, Self.word(size))) }

    /// Reads once, and takes the frames that are whole.
    @discardableResult
    func read() -> Bool {
        ending = raw.read()
        guard ending == .bytes else { return false }
        var start = 0
        let bytes = raw.received
        while bytes.count - start >= 9 {
            let count = Int(bytes[start]) << 16 | Int(bytes[start + 1]) << 8 | Int(bytes[start + 2])
            guard bytes.count - start >= 9 + count else { break }
            let frame = Frame(
                type: bytes[start + 3], flags: bytes[start + 4],
                stream: bytes[start + 5..<start + 9].reduce(0) { $0 << 8 | UInt32($1) },
                payload: Array(bytes[start + 9..<start + 9 + count]))
            start += 9 + count
            frames.append(frame)
            answer(frame)
        }
        raw.drop()
        raw.putBack(Array(bytes[start...]))
        return true
    }

    private func answer(_ frame: Frame) {
        switch frame.type {
        case 0 where opensWindows && !frame.payload.isEmpty:
            window(0, UInt32(frame.payload.count))
            if frame.flags & 1 == 0 { window(frame.stream, UInt32(frame.payload.count)) }
        case 4 where frame.flags == 0 && acknowledges: send(Self.frame(4, flags: 1))
        case 6 where frame.flags == 0: send(Self.frame(6, flags: 1, frame.payload))
        default: break
        }
    }

    /// Reads until `condition` holds; false where the connection ended before.
    func wait(_ condition: (HTTP2Client) -> Bool) -> Bool {
        while !condition(self) { if !read() { return condition(self) } }
        return true
    }

    func isComplete(_ stream: UInt32) -> Bool {
        frames.contains { $0.stream == stream && ($0.type == 3 || $0.type <= 1 && $0.flags & 1 != 0) }
    }

    /// The body of a response, read to its end; nil where the stream was reset, or the connection ended.
    func body(_ stream: UInt32) -> [UInt8]? {
        guard wait({ $0.isComplete(stream) }), resetCode(stream) ?? 0 == 0 else { return nil }
        return frames.filter { $0.type == 0 && $0.stream == stream }.flatMap(\.payload)
    }

    func text(_ stream: UInt32) -> String? { body(stream).map { String(decoding: $0, as: UTF8.self) } }

    /// 200, 204, 206, 304, 400, 404 or 500 of HPACK's static table; 0 for another.
    func status(_ stream: UInt32) -> Int? {
        guard wait({ $0.frames.contains { $0.type == 1 && $0.stream == stream } }) else { return nil }
        let first = frames.first { $0.type == 1 && $0.stream == stream }!.payload[0]
        return [0x88: 200, 0x89: 204, 0x8A: 206, 0x8B: 304, 0x8C: 400, 0x8D: 404, 0x8E: 500][first] ?? 0
    }

    func resetCode(_ stream: UInt32) -> UInt32? { frames.first { $0.type == 3 && $0.stream == stream }?.word() }

    var goAways: [(last: UInt32, code: UInt32)] { frames.filter { $0.type == 7 }.map { ($0.word(), $0.word(at: 4)) } }

    /// Reads to the end of the connection; the last GOAWAY's code.
    func endCode() -> UInt32? {
        while read() {}
        return goAways.last?.code
    }
}
