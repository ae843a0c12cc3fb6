import HTTP
import HTTP2
import Testing

/// What h2spec 2.6 asks of a server, case by case: frames, and what must come of them. Numbers are its sections.
struct Case: CustomStringConvertible, Sendable {
    enum Expectation: Sendable {
        /// The connection goes on, and so does whoever asks next.
        case alive
        /// The stream is answered with 200, and the connection goes on.
        case answered(UInt32)
        /// The connection ends with one of these codes.
        case connection([UInt32])
        /// The stream ends with one of these codes, or the connection does.
        case stream(UInt32, [UInt32])
        /// DATA frames of these sizes come on stream 1.
        case data([Int])
        /// A frame like that comes.
        case frame(type: UInt8, flags: UInt8, [UInt8])
    }

    let description: String
    let frames: @Sendable () -> [[UInt8]]
    let expected: Expectation
    let handshake: Bool

    /// Each element of `frames` is one arrival.
    init(
        _ description: String, _ expected: Expectation, handshake: Bool = true,
        _ frames: @escaping @Sendable () -> [[UInt8]]
    ) {
        self.description = description
        self.frames = frames
        self.expected = expected
        self.handshake = handshake
    }

    init(_ description: String, _ expected: Expectation, _ frames: Frame...) {
        self.init(description, expected) { frames.map(\.bytes) }
    }
}

private let noError: UInt32 = 0, protocolError: UInt32 = 1, flowControl: UInt32 = 3, streamClosed: UInt32 = 5
private let frameSize: UInt32 = 6, refusedStream: UInt32 = 7, compression: UInt32 = 9

private func text(_ count: Int) -> String { String(repeating: "x", count: count) }
private let post = Send.request(method: "POST")
private func post(_ length: Int) -> [UInt8] { Send.request("/text", method: "POST", ("content-length", "\(length)")) }
/// `name: value` behind `byte`, which says how (RFC 7541 section 6.2).
private func literal(_ byte: UInt8, _ name: String, _ value: String) -> [UInt8] {
    [byte] + Send.string(Array(name.utf8)) + Send.string(Array(value.utf8))
}
private func get(_ without: String? = nil, twice: String? = nil, with more: [(String, String)] = []) -> [UInt8] {
    let fields = [(":method", "GET"), (":scheme", "https"), (":authority", "a.test"), (":path", "/text")]
    let twice = fields.filter { $0.0 == twice }
    return Send.block(fields.filter { $0.0 != without } + twice + more)
}

private let generic: [Case] = [
    Case("generic 1/1 a preface", .frame(type: 4, flags: 1, []), handshake: false) {
        [Send.preface + Send.settings().bytes]
    },
    Case("generic 2/1 idle: PRIORITY", .answered(1), Send.priority(1, on: 0), Send.headers(1)),
    Case(
        "generic 2/2 half-closed: WINDOW_UPDATE", .answered(1), Send.settings((4, 0)), Send.headers(1),
        Send.window(1, 100)),
    Case("generic 2/3 half-closed: PRIORITY", .answered(1), Send.headers(1), Send.priority(1, on: 0)),
    Case("generic 2/4 half-closed: RST_STREAM", .alive, Send.settings((4, 0)), Send.headers(1), Send.reset(1)),
    Case("generic 2/5 closed: PRIORITY", .answered(1), Send.headers(1), Send.priority(1, on: 0)),
    Case("generic 3.1/1 DATA", .answered(1), Send.headers(1, post, end: false), Send.data(1, "test")),
    Case(
        "generic 3.1/2 several DATA", .answered(1), Send.headers(1, post, end: false),
        Send.data(1, "test", end: false), Send.data(1, "test")),
    Case(
        "generic 3.1/3 padded DATA", .answered(1), Send.headers(1, post, end: false),
        Frame(Frame.data, flags: Frame.endStream | Frame.padded, stream: 1, [5] + Array("test".utf8) + [0, 0, 0, 0, 0])),
    Case("generic 3.2/1 HEADERS", .answered(1), Send.headers(1)),
    Case(
        "generic 3.2/2 padded HEADERS", .answered(1),
        Frame(Frame.headers, flags: 1 | 4 | Frame.padded, stream: 1, [3] + Send.request() + [0, 0, 0])),
    Case(
        "generic 3.2/3 HEADERS with priority", .answered(1),
        Frame(Frame.headers, flags: 1 | 4 | Frame.hasPriority, stream: 1, [0, 0, 0, 0, 255] + Send.request())),
    Case("generic 3.3/1 weight 1", .answered(1), Send.priority(1, on: 0, weight: 0), Send.headers(1)),
    Case("generic 3.3/2 weight 256", .answered(1), Send.priority(1, on: 0, weight: 255), Send.headers(1)),
    Case("generic 3.3/3 dependency", .answered(1), Send.priority(1, on: 3), Send.headers(1)),
    Case("generic 3.3/4 exclusive", .answered(1), Send.priority(1, on: 0x8000_0003), Send.headers(1)),
    Case("generic 3.3/5 idle, then a lower stream", .answered(1), Send.priority(3, on: 0), Send.headers(1)),
    Case("generic 3.4/1 RST_STREAM", .alive, Send.headers(1, post, end: false), Send.reset(1)),
    Case("generic 3.5/1 SETTINGS", .frame(type: 4, flags: 1, []), Send.settings((3, 100))),
    Case(
        "generic 3.7/1 PING", .frame(type: 6, flags: 1, [UInt8](repeating: 5, count: 8)), Send.ping(5)),
    Case("generic 3.8/1 GOAWAY", .connection([noError]), Frame(Frame.goAway, [UInt8](repeating: 0, count: 8))),
    Case("generic 3.9/1 WINDOW_UPDATE 0", .answered(1), Send.window(0, 1), Send.headers(1)),
    Case(
        "generic 3.9/2 WINDOW_UPDATE 1", .answered(1), Send.headers(1, post, end: false), Send.window(1, 1),
        Send.data(1, "test")),
    Case(
        "generic 3.10/1 CONTINUATION", .answered(1),
        Send.headers(1, Array(Send.request().prefix(20)), endHeaders: false),
        Send.continuation(1, Array(Send.request().dropFirst(20)))),
    Case(
        "generic 3.10/2 several CONTINUATION", .answered(1),
        Send.headers(1, Array(Send.request().prefix(20)), endHeaders: false),
        Send.continuation(1, Array(Send.request().dropFirst(20).prefix(9)), end: false),
        Send.continuation(1, Array(Send.request().dropFirst(29)))),
    Case("generic 4/1 GET", .answered(1), Send.headers(1)),
    Case("generic 4/2 HEAD", .answered(1), Send.headers(1, Send.request(method: "HEAD"))),
    Case("generic 4/3 POST", .answered(1), Send.headers(1, post, end: false), Send.data(1, "test")),
    Case(
        "generic 4/4 POST with trailers", .answered(1),
        Send.headers(1, Send.request("/text", method: "POST", ("trailer", "x-test")), end: false),
        Send.data(1, "test", end: false), Send.headers(1, Send.block([("x-test", "ok")]))),
]

/// `get` with one more field, told in different ways.
private let fieldForms: [Case] = [
    ("indexed", [0x82, 0x87, 0x84, 0x41, 6] + Array("a.test".utf8)),
    ("indexed, of the dynamic table", get() + literal(0x40, "user-agent", "test") + [0xBE]),
    ("incremental, indexed name", get() + [0x7A] + Send.string(Array("test".utf8))),
    ("incremental, indexed name, Huffman", get() + [0x7A, 0x83, 0x49, 0x50, 0x9F]),
    ("incremental, new name", get() + literal(0x40, "x-test", "test")),
    ("incremental, new name, Huffman", get() + [0x40, 0x85, 0xF2, 0xB2, 0x4A, 0x84, 0xFF, 0x83, 0x49, 0x50, 0x9F]),
    ("without indexing, indexed name", get() + [0x0F, 0x2B] + Send.string(Array("test".utf8))),
    ("without indexing, indexed name, Huffman", get() + [0x0F, 0x2B, 0x83, 0x49, 0x50, 0x9F]),
    ("without indexing, new name", get() + literal(0, "x-test", "test")),
    ("without indexing, new name, Huffman", get() + [0, 0x85, 0xF2, 0xB2, 0x4A, 0x84, 0xFF, 0x83, 0x49, 0x50, 0x9F]),
    ("never indexed, indexed name", get() + [0x1F, 0x2B] + Send.string(Array("test".utf8))),
    ("never indexed, indexed name, Huffman", get() + [0x1F, 0x2B, 0x83, 0x49, 0x50, 0x9F]),
    ("never indexed, new name", get() + literal(0x10, "x-test", "test")),
    ("a table size update", [0x3F, 0x61] + get()),
    ("two table size updates", [0x20, 0x3F, 0x61] + get()),
].enumerated().map { index, form in
    Case("generic 5/\(index + 1) \(form.0)", .answered(1), Send.headers(1, form.1))
}

private let framing: [Case] = [
    Case("3.5/1 a preface", .frame(type: 4, flags: 0, []), handshake: false) { [Send.preface] },
    Case("3.5/2 no preface", .connection([protocolError]), handshake: false) {
        [Array("INVALID CONNECTION PREFACE\r\n\r\n".utf8)]
    },
    Case("4.1/1 unknown type", .alive, Frame(22, [0, 0, 0, 0])),
    Case("4.1/2 unknown flags", .alive, Frame(Frame.ping, flags: 0x16, [UInt8](repeating: 1, count: 8))),
    Case("4.1/3 reserved bit", .alive, Frame(Frame.ping, stream: 0x8000_0000, [UInt8](repeating: 1, count: 8))),
    Case("4.2/1 the largest DATA", .answered(1), Send.headers(1, post, end: false), Send.data(1, text(16384))),
    Case("4.2/2 larger DATA", .stream(1, [frameSize]), Send.headers(1, post, end: false), Send.data(1, text(16385))),
    Case("4.2/3 larger HEADERS", .connection([frameSize]), Send.headers(1, get(with: [("x", text(16385))]))),
    Case("4.3/1 invalid block", .connection([compression]), Send.headers(1, get() + [0x40])),
    Case(
        "4.3/2 PRIORITY within a block", .connection([protocolError]), Send.headers(1, endHeaders: false),
        Send.priority(1, on: 0), Send.continuation(1, [])),
    Case(
        "4.3/3 another stream within a block", .connection([protocolError]), Send.headers(1, endHeaders: false),
        Send.headers(3)),
    Case("5.5/1 extension frame", .alive, Frame(22, [0, 0, 0, 0, 0, 0, 0, 0])),
    Case(
        "5.5/2 extension frame within a block", .connection([protocolError]), Send.headers(1, endHeaders: false),
        Frame(22, [0, 0, 0, 0, 0, 0, 0, 0])),
]

private let states: [Case] = [
    Case("5.1/1 idle: DATA", .connection([protocolError]), Send.data(1, "test")),
    Case("5.1/2 idle: RST_STREAM", .connection([protocolError]), Send.reset(1)),
    Case("5.1/3 idle: WINDOW_UPDATE", .connection([protocolError]), Send.window(1, 100)),
    Case("5.1/4 idle: CONTINUATION", .connection([protocolError]), Send.continuation(1, Send.request())),
    Case(
        "5.1/5 half-closed: DATA", .stream(1, [streamClosed]), Send.settings((4, 0)), Send.headers(1),
        Send.data(1, "test")),
    Case(
        "5.1/6 half-closed: HEADERS", .stream(1, [streamClosed]), Send.settings((4, 0)), Send.headers(1),
        Send.headers(1)),
    Case(
        "5.1/7 half-closed: CONTINUATION", .stream(1, [streamClosed, protocolError]), Send.settings((4, 0)),
        Send.headers(1), Send.continuation(1, [])),
    Case(
        "5.1/8 reset: DATA", .stream(1, [streamClosed]), Send.headers(1, post, end: false), Send.reset(1),
        Send.data(1, "test")),
    Case(
        "5.1/9 reset: HEADERS", .stream(1, [streamClosed]), Send.headers(1, post, end: false), Send.reset(1),
        Send.headers(1)),
    Case(
        "5.1/10 reset: CONTINUATION", .stream(1, [streamClosed, protocolError]), Send.headers(1, post, end: false),
        Send.reset(1), Send.continuation(1, [])),
    Case("5.1/11 closed: DATA", .stream(1, [streamClosed]), Send.headers(1), Send.data(1, "test")),
    Case("5.1/12 closed: HEADERS", .connection([streamClosed]), Send.headers(1), Send.headers(1)),
    Case(
        "5.1/13 closed: CONTINUATION", .connection([streamClosed, protocolError]), Send.headers(1),
        Send.continuation(1, [])),
    Case("5.1.1/1 an even stream", .connection([protocolError]), Send.headers(2)),
    Case("5.1.1/2 a lower stream", .connection([protocolError]), Send.headers(5), Send.headers(3)),
    Case("5.1.2/1 more streams than allowed", .stream(201, [protocolError, refusedStream])) {
        [Send.settings((4, 0)).bytes] + (0...100).map { Send.headers(UInt32($0) * 2 + 1).bytes }
    },
    Case(
        "5.3.1/1 HEADERS that depend on themselves", .stream(1, [protocolError]),
        Frame(Frame.headers, flags: 1 | 4 | Frame.hasPriority, stream: 1, [0, 0, 0, 1, 255] + Send.request())),
    Case("5.3.1/2 PRIORITY that depends on itself", .stream(3, [protocolError]), Send.priority(3, on: 3)),
    Case("5.4.1/1 a broken PING", .connection([frameSize]), Frame(Frame.ping, [0, 0, 0, 0, 0, 0])),
    Case(
        "5.4.1/2 a broken PING behind a request", .connection([frameSize]), Send.headers(1),
        Frame(Frame.ping, [0, 0, 0, 0, 0, 0])),
]

private let definitions: [Case] = [
    Case("6.1/1 DATA on 0", .connection([protocolError]), Send.data(0, "test")),
    Case(
        "6.1/2 DATA on a stream that is not open", .stream(1, [streamClosed]), Send.settings((4, 0)), Send.headers(1),
        Send.data(1, "test")),
    Case(
        "6.1/3 padding beyond the frame", .connection([protocolError]), Send.headers(1, post, end: false),
        Frame(Frame.data, flags: Frame.endStream | Frame.padded, stream: 1, [6] + Array("test".utf8))),
    Case(
        "6.2/1 an open block, then PRIORITY", .connection([protocolError]), Send.headers(1, endHeaders: false),
        Send.priority(1, on: 0)),
    Case(
        "6.2/2 an open block, then another stream", .connection([protocolError]), Send.headers(1, endHeaders: false),
        Send.headers(3)),
    Case("6.2/3 HEADERS on 0", .connection([protocolError]), Send.headers(0)),
    Case(
        "6.2/4 padding beyond the frame", .connection([protocolError]),
        Frame(Frame.headers, flags: 1 | 4 | Frame.padded, stream: 1, [255] + Send.request())),
    Case("6.3/1 PRIORITY on 0", .connection([protocolError]), Send.priority(0, on: 1)),
    Case(
        "6.3/2 PRIORITY of 4 bytes", .stream(1, [frameSize]), Send.headers(1, post, end: false),
        Frame(Frame.priority, stream: 1, [0, 0, 0, 1])),
    Case("6.4/1 RST_STREAM on 0", .connection([protocolError]), Send.reset(0)),
    Case("6.4/2 RST_STREAM on an idle stream", .connection([protocolError]), Send.reset(1)),
    Case(
        "6.4/3 RST_STREAM of 3 bytes", .connection([frameSize]), Send.headers(1, post, end: false),
        Frame(Frame.reset, stream: 1, [0, 0, 0])),
    Case(
        "6.5/1 an acknowledgement with content", .connection([frameSize]), Frame(Frame.settings, flags: Frame.ack, [0])),
    Case(
        "6.5/2 SETTINGS on a stream", .connection([protocolError]),
        Frame(Frame.settings, stream: 1, [0, 3, 0, 0, 0, 100])),
    Case("6.5/3 SETTINGS of 3 bytes", .connection([frameSize]), Frame(Frame.settings, [0, 3, 0])),
    Case("6.5.2/1 ENABLE_PUSH 2", .connection([protocolError]), Send.settings((2, 2))),
    Case("6.5.2/2 INITIAL_WINDOW_SIZE 2^31", .connection([flowControl]), Send.settings((4, 0x8000_0000))),
    Case("6.5.2/3 MAX_FRAME_SIZE 16383", .connection([protocolError]), Send.settings((5, 16383))),
    Case("6.5.2/4 MAX_FRAME_SIZE 2^24", .connection([protocolError]), Send.settings((5, 1 << 24))),
    Case("6.5.2/5 an unknown setting", .alive, Send.settings((0xFF, 1))),
    Case("6.5.3/1 the last value counts", .data([1]), Send.settings((4, 100), (4, 1)), Send.headers(1)),
    Case("6.5.3/2 SETTINGS are acknowledged", .frame(type: 4, flags: 1, []), Send.settings((3, 1))),
    Case("6.7/1 PING", .frame(type: 6, flags: 1, Array("h2spec78".utf8)), Frame(Frame.ping, Array("h2spec78".utf8))),
    Case(
        "6.7/2 an acknowledgement that nobody asked for", .alive,
        Frame(Frame.ping, flags: Frame.ack, [UInt8](repeating: 1, count: 8))),
    Case(
        "6.7/3 PING on a stream", .connection([protocolError]),
        Frame(Frame.ping, stream: 1, [UInt8](repeating: 1, count: 8))),
    Case("6.7/4 PING of 6 bytes", .connection([frameSize]), Frame(Frame.ping, [UInt8](repeating: 1, count: 6))),
    Case(
        "6.8/1 GOAWAY on a stream", .connection([protocolError]),
        Frame(Frame.goAway, stream: 1, [UInt8](repeating: 0, count: 8))),
    Case("6.9/1 an increment of 0", .connection([protocolError]), Send.window(0, 0)),
    Case(
        "6.9/2 an increment of 0 on a stream", .stream(1, [protocolError]), Send.headers(1, post, end: false),
        Send.window(1, 0)),
    Case("6.9/3 WINDOW_UPDATE of 3 bytes", .connection([frameSize]), Frame(Frame.windowUpdate, [0, 0, 1])),
    Case("6.9.1/1 no more than the window", .data([1]), Send.settings((4, 1)), Send.headers(1)),
    Case(
        "6.9.1/2 an overflow on 0", .connection([flowControl]), Send.window(0, 0x7FFF_FFFF), Send.window(0, 0x7FFF_FFFF)
    ),
    Case("6.9.1/3 an overflow on a stream", .stream(1, [flowControl])) {
        [
            Send.settings((4, 0)).bytes + Send.headers(1).bytes,
            Send.window(1, 0x7FFF_FFFF).bytes + Send.window(1, 0x7FFF_FFFF).bytes,
        ]
    },
    Case(
        "6.9.2/1 a window opened by SETTINGS", .data([1]), Send.settings((4, 0)), Send.headers(1), Send.settings((4, 1))
    ),
    Case(
        "6.9.2/2 a negative window", .data([3, 1]), Send.settings((4, 3)), Send.headers(1), Send.settings((4, 2)),
        Send.window(1, 2)),
    Case("6.9.2/3 SETTINGS beyond the largest window", .connection([flowControl]), Send.settings((4, 0x8000_0000))),
    Case(
        "6.10/1 several CONTINUATION", .answered(1), Send.headers(1, Send.request(), endHeaders: false),
        Send.continuation(1, literal(0, "a", "b"), end: false), Send.continuation(1, literal(0, "c", "d"))),
    Case(
        "6.10/2 CONTINUATION, then another frame", .connection([protocolError]),
        Send.headers(1, Send.request(), endHeaders: false), Send.continuation(1, literal(0, "a", "b"), end: false),
        Send.data(1, "test")),
    Case(
        "6.10/3 CONTINUATION on 0", .connection([protocolError]), Send.headers(1, endHeaders: false),
        Send.continuation(0, [])),
    Case(
        "6.10/4 CONTINUATION behind whole HEADERS", .connection([protocolError]), Send.headers(1, post, end: false),
        Send.continuation(1, [])),
    Case(
        "6.10/5 CONTINUATION behind a whole block", .connection([protocolError]),
        Send.headers(1, post, end: false, endHeaders: false), Send.continuation(1, []), Send.continuation(1, [])),
    Case(
        "6.10/6 CONTINUATION behind DATA", .connection([protocolError]), Send.headers(1, post, end: false),
        Send.data(1, "test", end: false), Send.continuation(1, [])),
    Case(
        "7/1 GOAWAY with an unknown code", .connection([noError]),
        Frame(Frame.goAway, [0, 0, 0, 0, 0, 0, 0, 0xFF])),
    Case("7/2 RST_STREAM with an unknown code", .alive, Send.headers(1, post, end: false), Send.reset(1, 0xFF)),
]

private let semantics: [Case] = [
    Case(
        "8.1/1 a second HEADERS that does not end the stream", .stream(1, [protocolError]),
        Send.headers(1, post, end: false), Send.headers(1, Send.block([("x-test", "ok")]), end: false)),
    Case("8.1.2/1 an upper-case name", .stream(1, [protocolError]), Send.headers(1, get(with: [("X-TEST", "ok")]))),
    Case(
        "8.1.2.1/1 an unknown pseudo field", .stream(1, [protocolError]), Send.headers(1, get(with: [(":test", "ok")]))),
    Case(
        "8.1.2.1/2 a response's pseudo field", .stream(1, [protocolError]),
        Send.headers(1, get(with: [(":status", "200")]))),
    Case(
        "8.1.2.1/3 a pseudo field as trailer", .stream(1, [protocolError]), Send.headers(1, post, end: false),
        Send.headers(1, Send.block([(":method", "200")]))),
    Case(
        "8.1.2.1/4 a pseudo field behind another", .stream(1, [protocolError]),
        Send.headers(1, get(":path", with: [("x-test", "ok"), (":path", "/")]))),
    Case(
        "8.1.2.2/1 connection", .stream(1, [protocolError]), Send.headers(1, get(with: [("connection", "keep-alive")]))),
    Case("8.1.2.2/2 te", .stream(1, [protocolError]), Send.headers(1, get(with: [("te", "trailers, deflate")]))),
    Case(
        "8.1.2.3/1 an empty path", .stream(1, [protocolError]),
        Send.headers(1, get(":path", with: []) + Send.block([(":path", "")]))),
    Case("8.1.2.3/2 no method", .stream(1, [protocolError]), Send.headers(1, get(":method"))),
    Case("8.1.2.3/3 no scheme", .stream(1, [protocolError]), Send.headers(1, get(":scheme"))),
    Case("8.1.2.3/4 no path", .stream(1, [protocolError]), Send.headers(1, get(":path"))),
    Case("8.1.2.3/5 two methods", .stream(1, [protocolError]), Send.headers(1, get(twice: ":method"))),
    Case("8.1.2.3/6 two schemes", .stream(1, [protocolError]), Send.headers(1, get(twice: ":scheme"))),
    Case("8.1.2.3/7 two paths", .stream(1, [protocolError]), Send.headers(1, get(twice: ":path"))),
    Case(
        "8.1.2.6/1 another length than told", .stream(1, [protocolError]), Send.headers(1, post(1), end: false),
        Send.data(1, "test")),
    Case(
        "8.1.2.6/2 another length than told, in two", .stream(1, [protocolError]), Send.headers(1, post(1), end: false),
        Send.data(1, "test", end: false), Send.data(1, "test")),
    Case(
        "8.2/1 PUSH_PROMISE", .connection([protocolError]),
        Frame(Frame.pushPromise, flags: 4, stream: 1, [0, 0, 0, 2] + Send.request())),
    Case("hpack 2.3.3/1 an index beyond the tables", .connection([compression]), Send.headers(1, [0xC6] + get())),
    Case(
        "hpack 2.3.3/2 a name's index beyond them", .connection([compression]),
        Send.headers(1, get() + [0x7F, 0x20, 1, 0x61])),
    Case("hpack 4.2/1 a size update behind fields", .connection([compression]), Send.headers(1, get() + [0x3F, 0x61])),
    Case(
        "hpack 5.2/1 padding of 8 bits", .connection([compression]),
        Send.headers(1, get() + [0, 0x81, 0xF2 & 0xFF, 0x82, 0x49, 0xFF])),
    Case(
        "hpack 5.2/2 padding of zeros", .connection([compression]),
        Send.headers(1, get() + [0, 0x85, 0xF2, 0xB2, 0x4A, 0x84, 0xFF, 0x83, 0x49, 0x50, 0x90])),
    Case(
        "hpack 5.2/3 the end of string", .connection([compression]),
        Send.headers(1, get() + [0, 0x85, 0xF2, 0xB2, 0x4A, 0x84, 0xFF, 0x84, 0xFF, 0xFF, 0xFF, 0xFC])),
    Case("hpack 6.1/1 the index 0", .connection([compression]), Send.headers(1, [0x80] + get())),
    Case(
        "hpack 6.3/1 a size beyond the setting", .connection([compression]),
        Send.headers(1, [0x3F, 0xE2, 0x1F] + get())),
]

@Suite struct ConformanceTests {
    @Test(arguments: generic + fieldForms + framing + states + definitions + semantics)
    func serverDoesWhatH2specAsks(of example: Case) {
        check(example, together: false)
    }

    /// The same where all frames come in one read.
    @Test(arguments: generic + fieldForms + framing + definitions + semantics)
    func framesMayComeTogether(_ example: Case) {
        switch example.expected {
        case .data: return
        default: check(example, together: true)
        }
    }

    private func check(_ example: Case, together: Bool) {
        let talk = Conversation(handshake: example.handshake)
        let arrivals = example.frames()
        if together {
            talk.send(bytes: arrivals.flatMap { $0 })
        } else {
            for bytes in arrivals { talk.send(bytes: bytes) }
        }
        switch example.expected {
        case .alive: #expect(talk.isAlive)
        case .answered(let stream):
            #expect(talk.status(stream) == 200)
            #expect(talk.sent[Int32(stream)] != nil)
            #expect(talk.isAlive)
        case .connection(let codes):
            if codes == [0] {
                #expect(talk.connectionError == nil && talk.session.isOver)
            } else {
                #expect(codes.contains(talk.connectionError ?? .max), "\(talk.frames)")
                #expect(talk.session.isOver)
            }
        case .stream(let stream, let codes):
            let code = talk.streamError(stream) ?? talk.connectionError
            #expect(codes.contains(code ?? .max), "\(talk.frames)")
        case .data(let sizes): #expect(talk.all(Frame.data, 1).map(\.payload.count) == sizes)
        case .frame(let type, let flags, let payload):
            #expect(
                talk.frames.contains {
                    $0.type == type && $0.flags == flags && (payload.isEmpty || $0.payload == payload)
                })
        }
    }
}
