import HTTP
import HTTP2

/// A session with a small server behind it, and the frames that came out of it.
final class Conversation {
    let session: HTTP2Session
    private(set) var frames: [Frame] = []
    private(set) var requests: [Request] = []
    private(set) var refused: [HTTP1Error] = []
    private(set) var bodies: [Int32: [UInt8]] = [:]
    private(set) var ended: [Int32] = []
    private(set) var sent: [Int32: Int] = [:]
    private(set) var resets: [Int32: StreamReset] = [:]
    private(set) var shutdownsSeen = 0
    var limited: [HTTP2Limit] = []
    private(set) var sources: [Int32: TestSource] = [:]
    private(set) var outputBytes = 0
    private var unread: [UInt8] = []
    var now: UInt64 = 1
    /// Whether requests are answered. Those with content are answered when it has come.
    var answers = true
    /// What is answered, by path; `text` where there is nothing.
    var content: [String: () -> HTTP2Content] = [:]
    private var paths: [Int32: String] = [:]

    init(limits: HTTP2Limits = HTTP2Limits(), handshake: Bool = true) {
        session = HTTP2Session(limits: limits, now: 1)
        if handshake { send(bytes: Send.preface + Send.settings().bytes + Send.settingsAck.bytes) }
    }

    func send(_ more: Frame...) { send(bytes: more.flatMap(\.bytes)) }

    func send(bytes: [UInt8]) {
        session.receive(bytes.span, now: now)
        take(bytes)
        produce()
    }

    /// Takes what the session has to say, up to `limit` bytes at a time.
    func produce(upTo limit: Int = 65536) {
        while true {
            var out: [UInt8] = []
            session.produce(into: &out, upTo: limit, now: now)
            outputBytes += out.count
            unread += out
            frames += Frame.take(from: &unread)
            take([])
            if out.isEmpty { return }
        }
    }

    private func take(_ input: [UInt8]) {
        while let event = session.nextEvent() {
            switch event {
            case .request(let id, let request, let hasContent, _):
                requests.append(request)
                paths[id] = request.target
                if !hasContent { answer(id) }
            case .refused(let id, let error):
                refused.append(error)
                session.respond(on: id, Response(status: error.status), length: 0, date: "now", content: .none)
            case .body(let id, let range):
                bodies[id, default: []] += input[range]
                session.consumed(range.count, of: id)
            case .end(let id):
                ended.append(id)
                if requests.indices.contains(0), bodies[id] != nil || sent[id] == nil { answer(id) }
            case .sent(let id, let bytes): sent[id] = bytes
            case .reset(let id, let reason, _): resets[id] = reason
            case .limited(let limit): limited.append(limit)
            case .shutdownSeen: shutdownsSeen += 1
            }
        }
    }

    func answer(_ id: Int32) {
        guard answers, let path = paths.removeValue(forKey: id) else { return }
        let content = content[path]?() ?? .bytes(Array("text".utf8))
        if case .source(let source, _) = content { sources[id] = source as? TestSource }
        session.respond(on: id, Response(status: 200), length: nil, date: "now", content: content)
    }

    // MARK: What came

    func all(_ type: UInt8, _ stream: UInt32? = nil) -> [Frame] {
        frames.filter { $0.type == type && (stream == nil || $0.stream == stream) }
    }

    /// The error of the connection, where it has one.
    var connectionError: UInt32? { all(Frame.goAway).map { $0.word(at: 4) }.first { $0 != 0 } }

    func streamError(_ stream: UInt32) -> UInt32? { all(Frame.reset, stream).first?.word() }

    func dataCount(_ stream: UInt32) -> Int { all(Frame.data, stream).reduce(0) { $0 + $1.payload.count } }

    /// The status of a response: the cases here are one byte of HPACK's static table.
    func status(_ stream: UInt32) -> Int? {
        guard let first = all(Frame.headers, stream).first?.payload.first else { return nil }
        return [0x88: 200, 0x89: 204, 0x8A: 206, 0x8B: 304, 0x8C: 400, 0x8D: 404, 0x8E: 500][first]
    }

    /// Whether the connection still answers.
    var isAlive: Bool {
        let before = all(Frame.ping).count
        send(Send.ping(99))
        return all(Frame.ping).count > before && connectionError == nil
    }
}

/// Content of a given size; it may pause, fail, or not keep to what it said.
final class TestSource: BodySource {
    enum End { case whole, failure }

    let length: Int?
    weak var consumer: (any BodyConsumer)?
    private let size: Int
    private let end: End
    private(set) var read = 0
    private(set) var asked = 0
    private(set) var cancelled = 0
    /// So many bytes are there.
    var available: Int

    init(_ size: Int, length: Int? = nil, end: End = .whole, available: Int = .max) {
        self.size = size
        self.length = length
        self.end = end
        self.available = available
    }

    func read(into out: inout OutputSpan<UInt8>) -> BodyRead {
        asked += 1
        let count = min(size - read, out.freeCapacity, available - read)
        for offset in 0..<count { out.append(UInt8(truncatingIfNeeded: read + offset)) }
        read += count
        if read == size { return end == .whole ? .end : .failed(.disconnected) }
        return count > 0 ? .bytes : .wait
    }

    func cancel() { cancelled += 1 }
}
