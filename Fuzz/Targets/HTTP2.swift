import HTTP
import HTTP2

/// Two forms of input, told apart by the first byte: bytes as a client sends them behind its preface, or frames with
/// lengths that hold, which a fuzzer does not find by itself:
///
///     'F' | (type, flags, stream, length: one byte each | payload)*
@Sendable func fuzzHTTP2(_ input: [UInt8]) {
    let bytes = preface + (input.first == UInt8(ascii: "F") ? frames(input.dropFirst()) : input)
    let read = upToGoAway(bytes)
    let whole = Reading(read, cuts: [])
    for cuts in waysToCut(read).dropFirst() {
        let cut = Reading(read, cuts: cuts)
        let same = zip(cut.transcript, whole.transcript).prefix { $0 == $1 }.count
        expect(
            cut.transcript == whole.transcript,
            "in \(cuts.count + 1) parts: \(cut.transcript.dropFirst(same)), whole: \(whole.transcript.dropFirst(same))")
    }
    for request in whole.requests { checkDowngrade(request) }
    Serving(bytes).run()
}

private let preface =
    Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + [0, 0, 0, 4, 0, 0, 0, 0, 0] + [0, 0, 0, 4, 1, 0, 0, 0, 0]

private func frames(_ input: ArraySlice<UInt8>) -> [UInt8] {
    var out: [UInt8] = []
    var rest = input
    while rest.count >= 4 {
        let head = Array(rest.prefix(4))
        let payload = rest.dropFirst(4).prefix(Int(head[3]))
        out += [0, 0, UInt8(payload.count), head[0], head[1], 0, 0, 0, head[2]] + payload
        rest = rest.dropFirst(4 + payload.count)
    }
    return out
}

/// The bytes up to the end of the first GOAWAY. A client that has sent one while no stream is open is done, and the
/// library reads no further piece of it; of what follows in the same piece it does hear.
private func upToGoAway(_ bytes: [UInt8]) -> [UInt8] {
    var start = 24
    while start + 9 <= bytes.count {
        let length = Int(bytes[start]) << 16 | Int(bytes[start + 1]) << 8 | Int(bytes[start + 2])
        let end = start + 9 + length
        if bytes[start + 3] == 7 { return Array(bytes.prefix(end)) }
        start = end
    }
    return bytes
}

/// A session that nobody answers for: what it reads does not depend on the cut. (How much comes of content that turns
/// out not to have its length may.)
private struct Reading {
    var transcript: [String] = []
    var requests: [Request] = []

    init(_ input: [UInt8], cuts: [Int]) {
        let session = HTTP2Session(limits: HTTP2Limits(), now: 1)
        var bodies: [Int32: [UInt8]] = [:]
        var lengths: [Int32: Int] = [:]
        var start = 0
        for end in cuts + [input.count] {
            let part = Array(input[start..<end])
            session.receive(part.span, now: 1)
            while let event = session.nextEvent() {
                switch event {
                case .request(let stream, let request, let hasContent, let expectsContinue):
                    checkFields(request.fields)
                    requests.append(request)
                    if case .length(let length) = request.framing { lengths[stream] = length }
                    expect(hasContent == (request.framing != .none), "content, or none")
                    transcript.append(
                        "\(stream) \(request.method) \(request.authority)\(request.target) \(hasContent) \(expectsContinue)"
                            + " \(request.framing) \(Self.describe(request.fields))")
                case .refused(let stream, let error): transcript.append("\(stream) refused: \(error)")
                case .body(let stream, let range):
                    expect(range.lowerBound >= 0 && range.upperBound <= part.count, "content lies in the input")
                    bodies[stream, default: []] += part[range]
                    expect(bodies[stream]!.count <= lengths[stream] ?? .max, "no more content than announced")
                case .end(let stream):
                    expect(lengths[stream] ?? 0 <= bodies[stream]?.count ?? 0, "all the content that was announced")
                    transcript.append("\(stream) end, \(bodies[stream] ?? [])")
                case .sent: fatalError("nothing was sent")
                case .reset(let stream, let why, _): transcript.append("\(stream) reset: \(why)")
                case .limited(let limit): transcript.append("limited \(limit)")
                case .shutdownSeen: transcript.append("PING acknowledged")
                }
            }
            start = end
        }
        session.close()
    }

    private static func describe(_ fields: Fields) -> [String] {
        (0..<fields.count).map { index in
            "\(fields.storage[fields.nameRange(at: index)]): \(fields.storage[fields.valueRange(at: index)])"
        }
    }
}

/// What HTTP/2 brings, HTTP/1 can say, and it means the same there.
private func checkDowngrade(_ request: Request) {
    guard request.target != "*" else { return }
    expect((try? RequestTarget(request.target)) != nil, "the target is one: \(request.target)")
    expect(Authority(request.authority)?.description == request.authority, "the authority is one")
    var out: [UInt8] = []
    HTTP1Serializer.appendRequest(
        method: request.method, target: request.target, host: request.authority, fields: request.fields,
        framing: .none, to: &out)
    let (again, parsed) = readRequests(out, cuts: [], limits: wideLimits)
    expect(again.error == nil && parsed.count == 1 && again.consumed == out.count, "one request of HTTP/1: \(again)")
    expect(parsed[0].method == request.method && parsed[0].target == request.target, "the same request line")
    expect(parsed[0].authority == request.authority, "the same host")
    expect(sameBytes(forwarded(parsed[0].fields), forwarded(request.fields)), "the same fields")
}

/// A session with a server behind it that answers in several ways, a client that reads now and then, and a clock that
/// goes on.
private final class Serving {
    private let input: [UInt8]
    private var random: InputRandom
    private let session = HTTP2Session(limits: HTTP2Limits(), now: 1)
    private var now: UInt64 = 1
    private var open: Set<Int32> = []
    private var told: Set<Int32> = []
    private var sources: [(stream: Int32, source: Source)] = []
    private var output = 0

    init(_ input: [UInt8]) {
        self.input = input
        random = InputRandom(input)
    }

    func run() {
        for end in (waysToCut(input).last ?? []) + [input.count] {
            let start = position
            position = end
            let part = Array(input[start..<end])
            session.receive(part.span, now: now)
            take(part.count)
            now += UInt64(random.next(below: 4)) * 100_000_000
            if random.next(below: 3) > 0 { produce() }
            if random.next(below: 16) == 0 { wake() }
            if random.next(below: 64) == 0 { session.announceShutdown() }
            if random.next(below: 128) == 0 { session.finishShutdown() }
        }
        for _ in 0..<8 {
            wake()
            produce()
        }
        expect(output <= 64 * input.count + (1 << 20), "no more comes out than was asked for: \(output)")
        if random.next(below: 2) == 0 { session.terminate(.none) }
        produce()
        session.close()
        for (stream, source) in sources { expect(source.isDone, "the source of stream \(stream) is let go") }
    }

    private var position = 0

    private func produce() {
        var out: [UInt8] = []
        session.produce(into: &out, upTo: 1 + random.next(below: 70_000), now: now)
        output += out.count
        take(0)
    }

    private func wake() {
        for (stream, source) in sources {
            source.isWaiting = false
            session.resume(stream)
        }
    }

    private func take(_ count: Int) {
        while let event = session.nextEvent() {
            switch event {
            case .request(let stream, _, let hasContent, let expectsContinue):
                begin(stream)
                if expectsContinue { session.sendContinue(on: stream) }
                if !hasContent || random.next(below: 3) == 0 { answer(stream) }
            case .refused(let stream, let error):
                begin(stream)
                session.respond(on: stream, Response(status: error.status), length: 0, date: "now", content: .none)
            case .body(let stream, let range):
                expect(range.upperBound <= count && !told.contains(stream), "content of a stream that lives")
                if random.next(below: 4) > 0 { session.consumed(range.count, of: stream) }
            case .end(let stream):
                expect(!told.contains(stream), "an end of a stream that lives")
                answer(stream)
            case .sent(let stream, _), .reset(let stream, _, _):
                expect(told.insert(stream).inserted, "an end is told once")
                open.remove(stream)
            case .limited: break
            case .shutdownSeen: session.finishShutdown()
            }
        }
        expect(open.count <= HTTP2Limits().concurrentStreams, "as many streams as are allowed")
    }

    private func begin(_ stream: Int32) {
        expect(stream > 0 && stream & 1 == 1 && !told.contains(stream), "a stream of the client's")
        expect(open.insert(stream).inserted, "a stream begins once")
    }

    private var answered: Set<Int32> = []

    private func answer(_ stream: Int32) {
        guard answered.insert(stream).inserted, session.isOpen(stream) else { return }
        let size = random.next(below: 40_000)
        let response = Response(status: 200, fields: [.setCookie: "a=b", .connection: "close"])
        switch random.next(below: 6) {
        case 0: session.respond(on: stream, response, length: 0, date: "now", content: .none)
        case 1:
            let bytes = [UInt8](repeating: 65, count: size)
            session.respond(on: stream, response, length: size, date: "now", content: .bytes(bytes))
        case 2:
            session.reset(stream, .internalError)
            open.remove(stream)
        default:
            let source = Source(size, fails: random.next(below: 5) == 0, pauses: random.next(below: 2) == 0)
            sources.append((stream, source))
            // A source may have less than was announced, or more.
            let length: Int? = [nil, size, size + 1, size / 2][random.next(below: 4)]
            session.respond(
                on: stream, response, length: length, date: "now", content: .source(source, length: length))
        }
    }
}

private final class Source: BodySource {
    let length: Int? = nil
    weak var consumer: (any BodyConsumer)?
    private var left: Int
    private let fails: Bool
    private let pauses: Bool
    private(set) var isDone = false
    var isWaiting = false

    init(_ size: Int, fails: Bool, pauses: Bool) {
        left = size
        self.fails = fails
        self.pauses = pauses
    }

    func read(into out: inout OutputSpan<UInt8>) -> BodyRead {
        expect(!isDone, "nothing is read behind the end")
        if isWaiting { return .wait }
        isWaiting = pauses
        let count = min(left, out.freeCapacity, 3000)
        for _ in 0..<count { out.append(66) }
        left -= count
        if left == 0 {
            isDone = true
            return fails ? .failed(.disconnected) : .end
        }
        return count > 0 ? .bytes : .wait
    }

    func cancel() {
        expect(!isDone, "a source is let go once")
        isDone = true
    }
}
