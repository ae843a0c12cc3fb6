import HTTP
import HTTP2
import Testing

@Suite struct SessionTests {
    @Test func settingsAreTold() {
        let talk = Conversation(handshake: false)
        talk.produce()
        let payload = talk.frames.first!.payload
        var settings: [UInt16: UInt32] = [:]
        for start in stride(from: 0, to: payload.count, by: 6) {
            let value = payload[start + 2..<start + 6].reduce(0) { $0 << 8 | UInt32($1) }
            settings[UInt16(payload[start]) << 8 | UInt16(payload[start + 1])] = value
        }
        #expect(settings == [3: 100, 4: 65_535, 6: 32_768, 9: 1])
    }

    @Test func requestHasItsParts() throws {
        let talk = Conversation()
        talk.send(
            Send.headers(
                1,
                Send.request(
                    "/a?b=c", method: "GET", ("accept", "x"), ("cookie", "a=1"), ("x-one", ""), ("cookie", "b=2"),
                    ("te", "trailers"))))
        let request = try #require(talk.requests.first)
        #expect(request.method == .get)
        #expect(request.target == "/a?b=c")
        #expect(request.authority == "a.test")
        #expect(request.version == .http2)
        #expect(request.framing == .none)
        #expect(request.fields.values(of: .cookie) == ["a=1; b=2"])
        #expect(request.fields.values(of: .host) == ["a.test"])
        #expect(request.fields[.accept] == "x")
    }

    @Test func framingIsWhatTheClientTold() {
        for (length, end, framing) in [
            (nil, true, BodyFraming.none), (0, true, .none), (nil, false, .chunked), (4, false, .length(4)),
        ] as [(Int?, Bool, BodyFraming)] {
            let talk = Conversation()
            let block = Send.request(method: "POST") + (length.map { Send.block([("content-length", "\($0)")]) } ?? [])
            talk.send(Send.headers(1, block, end: end))
            #expect(talk.requests.first?.framing == framing)
        }
    }

    /// What HTTP/2 may carry and HTTP/1 may not: refused with a status, or the stream is reset; never a request.
    static let unspeakable: [(String, [(String, String)])] = [
        ("a value with a line behind it", [("x", "a\r\ny: b")]), ("a value with LF", [("x", "a\nb")]),
        ("a value with CR", [("x", "a\rb")]), ("a value with NUL", [("x", "a\0b")]),
        ("a value with DEL", [("x", "a\u{7F}b")]), ("a value with a control byte", [("x", "a\u{1}b")]),
        ("a blank before a value", [("x", " a")]), ("a blank behind a value", [("x", "a\t")]),
        ("a name with a colon", [("x:y", "a")]), ("a name with a line behind it", [("x\r\ny", "a")]),
        ("a name with a blank", [("x y", "a")]), ("a name with a blank at its end", [("host ", "evil")]),
        ("an empty name", [("", "a")]), ("a name with 8 bits", [("x\u{E9}", "a")]),
        ("an underscore", [("x_y", "a")]), ("an upper-case name", [("X", "a")]),
        ("transfer-encoding", [("transfer-encoding", "chunked")]), ("connection", [("connection", "close")]),
        ("keep-alive", [("keep-alive", "5")]), ("upgrade", [("upgrade", "h2c")]),
        ("proxy-connection", [("proxy-connection", "keep-alive")]), ("te", [("te", "gzip")]),
        ("two hosts", [("host", "a.test"), ("host", "a.test")]), ("another host", [("host", "b.test")]),
        ("two lengths", [("content-length", "0"), ("content-length", "0")]),
        ("a signed length", [("content-length", "+0")]), ("a length without content", [("content-length", "5")]),
        ("two authorizations", [("authorization", "a"), ("authorization", "b")]),
        ("a pseudo field that is none", [(":foo", "a")]), ("a pseudo field of a response", [(":status", "200")]),
        ("a pseudo field behind another", [("x", "a"), (":path", "/evil")]),
        ("a second path", [(":path", "/evil")]), ("a second authority", [(":authority", "b.test")]),
        ("a CONNECT protocol", [(":protocol", "websocket")]),
    ]

    @Test(arguments: unspeakable)
    func fieldsThatHTTP1CannotSayAreNoRequest(_ name: String, fields: [(String, String)]) {
        let talk = Conversation()
        talk.send(Send.headers(1, Send.request() + Send.block(fields)))
        expectRefused(talk, name)
    }

    static let unspeakableTargets: [(String, [(String, String)])] = [
        ("a method with a line behind it", [(":method", "GET / HTTP/1.1\r\nX: y")]),
        ("a method with a blank", [(":method", "GE T")]),
        ("no method", [(":method", "")]), ("a long method", [(":method", String(repeating: "A", count: 33))]),
        ("CONNECT", [(":method", "CONNECT")]),
        ("a path with a blank", [(":path", "/a b")]), ("a path with a tab", [(":path", "/a\tb")]),
        ("a path with a line behind it", [(":path", "/ HTTP/1.1\r\nX: y")]), ("a fragment", [(":path", "/a#b")]),
        ("an empty segment", [(":path", "//evil.test/")]), ("dot segments", [(":path", "/a/../b")]),
        ("encoded dot segments", [(":path", "/a/%2e%2e/b")]), ("a bad triplet", [(":path", "/%zz")]),
        ("an encoded slash", [(":path", "/a%2Fb")]), ("an encoded NUL", [(":path", "/a%00")]),
        ("a backslash", [(":path", "/a\\b")]), ("8 bits", [(":path", "/\u{E9}")]),
        ("an absolute path", [(":path", "http://a.test/")]), ("a relative path", [(":path", "a")]),
        ("a star for GET", [(":path", "*")]), ("an empty path", [(":path", "")]),
        ("a scheme that is a URL", [(":scheme", "http://evil/?")]), ("another scheme", [(":scheme", "ftp")]),
        ("an upper-case scheme", [(":scheme", "HTTPS")]), ("an empty scheme", [(":scheme", "")]),
        ("an authority with a path", [(":authority", "a.test/x")]),
        ("an authority with a user", [(":authority", "u@a.test")]),
        ("an authority with a blank", [(":authority", "a test")]),
        ("an authority with junk for a port", [(":authority", "a.test:x")]),
        ("an empty authority", [(":authority", "")]),
    ]

    @Test(arguments: unspeakableTargets)
    func pseudoFieldsThatHTTP1CannotSayAreNoRequest(_ name: String, fields: [(String, String)]) {
        let talk = Conversation()
        let usual = [(":method", "GET"), (":scheme", "https"), (":authority", "a.test"), (":path", "/text")]
        let block = usual.map { field in fields.first { $0.0 == field.0 } ?? field }
        talk.send(Send.headers(1, Send.block(block)))
        expectRefused(talk, name)
    }

    @Test func requestWithoutAHostIsRefused() {
        let talk = Conversation()
        let fields = [(":method", "GET"), (":scheme", "https"), (":path", "/text")]
        talk.send(Send.headers(1, Send.block(fields)))
        expectRefused(talk, "no host")
        talk.send(Send.headers(3, Send.block(fields + [("host", "a.test")])))
        #expect(talk.requests.first?.authority == "a.test")
    }

    @Test func longPathIsRefused() {
        let talk = Conversation()
        talk.send(Send.headers(1, Send.request("/" + String(repeating: "a", count: 8191))))
        #expect(talk.requests.count == 1)
        talk.send(Send.headers(3, Send.request("/" + String(repeating: "a", count: 8192))))
        #expect(talk.refused == [.targetTooLong])
    }

    private func expectRefused(_ talk: Conversation, _ name: String) {
        #expect(talk.requests.isEmpty, "\(name)")
        #expect(!talk.refused.isEmpty || talk.streamError(1) == 1, "\(name)")
        #expect(talk.isAlive, "\(name)")
        talk.send(Send.headers(5))
        #expect(talk.requests.count == 1, "\(name)")
    }

    // MARK: Splitting

    private static let normal: [UInt8] = {
        let frames = [
            Send.settings((3, 100), (4, 70_000)), Send.settingsAck, Send.window(0, 1000), Send.headers(1),
            Send.headers(3, Send.request("/b", method: "POST"), end: false), Send.data(3, "hello ", end: false),
            Send.headers(5, Array(Send.request("/c").prefix(10)), endHeaders: false),
            Send.continuation(5, Array(Send.request("/c").dropFirst(10))), Send.data(3, "world"), Send.ping(1),
            Send.priority(7, on: 0), Frame(40, [1, 2, 3]),
            Frame(Frame.headers, flags: 1 | 4 | Frame.padded, stream: 9, [2] + Send.request("/d") + [0, 0]),
        ]
        return Send.preface + frames.flatMap(\.bytes)
    }()

    private func expectNormal(_ talk: Conversation, _ place: Int) {
        #expect(talk.requests.map(\.target) == ["/text", "/b", "/c", "/d"], "\(place)")
        #expect(talk.bodies[3] == Array("hello world".utf8), "\(place)")
        #expect(Set(talk.sent.keys) == [1, 3, 5, 9], "\(place)")
        #expect(talk.all(Frame.ping).count == 1, "\(place)")
        #expect(talk.connectionError == nil, "\(place)")
    }

    @Test func conversationMayBeSplitAnywhere() {
        for split in 0...Self.normal.count {
            let talk = Conversation(handshake: false)
            talk.send(bytes: Array(Self.normal[..<split]))
            talk.send(bytes: Array(Self.normal[split...]))
            expectNormal(talk, split)
        }
    }

    @Test func conversationMayComeByteByByte() {
        let talk = Conversation(handshake: false)
        for byte in Self.normal { talk.send(bytes: [byte]) }
        expectNormal(talk, 1)
    }

    /// A flood is counted alike however it arrives.
    @Test func guardSeesFramesAcrossReads() {
        for size in [1, 2, 8, 9, 10, 16, 17, 18, 100] {
            let talk = Conversation()
            let bytes = (0..<1200).flatMap { _ in Send.ping().bytes }
            for start in stride(from: 0, to: bytes.count, by: size) {
                talk.send(bytes: Array(bytes[start..<min(start + size, bytes.count)]))
            }
            #expect(talk.connectionError == AttackTests.calm, "\(size)")
            #expect(talk.all(Frame.ping).count <= 1000)
            #expect(talk.all(Frame.ping).count >= 990)
        }
    }

    // MARK: Responses

    @Test func contentComesWholeHoweverTheOutputIsCut() {
        for limit in [1, 100, 16_384, 20_000, 65_536] {
            let talk = Conversation()
            talk.content["/big"] = { .source(TestSource(60_000, length: 60_000), length: 60_000) }
            talk.content["/unknown"] = { .source(TestSource(5000), length: nil) }
            talk.session.receive(
                (Send.headers(1, Send.request("/big")).bytes + Send.headers(3, Send.request("/unknown")).bytes).span,
                now: 1)
            talk.send(bytes: [])
            talk.produce(upTo: limit)
            #expect(talk.all(Frame.data, 1).flatMap(\.payload).count == 60_000)
            #expect(talk.all(Frame.data, 1).last?.flags == Frame.endStream)
            #expect(talk.dataCount(3) == 5000)
            #expect(talk.sent == [1: 60_000, 3: 5000])
        }
    }

    @Test func outputStopsAtItsLimit() {
        let session = HTTP2Session(limits: HTTP2Limits(), now: 1)
        let source = TestSource(10_000_000, length: 10_000_000)
        let input =
            Send.preface + Send.settings((4, 1 << 30)).bytes + Send.window(0, 1 << 30).bytes
            + Send.headers(1).bytes
        session.receive(input.span, now: 1)
        while let event = session.nextEvent() {
            if case .request(let id, _, _, _) = event {
                session.respond(
                    on: id, Response(status: 200), length: nil, date: "", content: .source(source, length: 10_000_000))
            }
        }
        var out: [UInt8] = []
        session.produce(into: &out, upTo: 65_536, now: 1)
        #expect(65_536...(65_536 + 16_393) ~= out.count)
        #expect(source.read < out.count)
        session.close()
        #expect(source.cancelled == 1)
    }

    @Test func streamsShareTheConnection() {
        let talk = Conversation()
        talk.content["/big"] = { .source(TestSource(200_000, length: 200_000), length: 200_000) }
        talk.send(Send.settings((4, 1 << 20)))
        for index in 0..<20 {
            // What a client would like to come first does not.
            talk.send(
                Send.headers(
                    UInt32(2 * index + 1),
                    Send.request("/big") + Send.block(index == 7 ? [("priority", "u=0")] : [])))
        }
        talk.send(Send.window(0, 20 * 32_768))
        let counts = (0..<20).map { talk.dataCount(UInt32(2 * $0 + 1)) }
        #expect(counts.min()! >= 16_384 && counts.max()! - counts.min()! <= 65_536, "\(counts)")
        talk.send(Send.window(0, 1 << 24))
        #expect(talk.sent.count == 20)
        // From the second turn on they come one frame each.
        let order = talk.all(Frame.data).map(\.stream).dropFirst(60).prefix(20)
        #expect(Set(order).count == 20, "\(order)")
    }

    @Test func slowStreamHoldsUpNoOther() {
        let talk = Conversation()
        talk.content["/slow"] = { .source(TestSource(100, length: 100, available: 10), length: 100) }
        talk.send(Send.headers(1, Send.request("/slow")))
        #expect(talk.dataCount(1) == 10)
        for index in 1..<50 { talk.send(Send.headers(UInt32(2 * index + 1))) }
        #expect(talk.sent.count == 49)
        talk.sources[1]!.available = 100
        talk.session.resume(1)
        talk.produce()
        #expect(talk.sent[1] == 100)
        #expect(talk.all(Frame.data, 1).map(\.payload.count) == [10, 90])
    }

    /// A source that comes slowly is not the client's doing.
    @Test func slowSourceCountsAsProgress() {
        let talk = Conversation()
        talk.content["/slow"] = { .source(TestSource(5000, length: 5000, available: 10), length: 5000) }
        talk.send(Send.headers(1, Send.request("/slow")))
        for step in 1...20 {
            talk.now = UInt64(step) * 1_000_000_000
            talk.sources[1]!.available += 10
            talk.session.resume(1)
            talk.produce()
            let progress = talk.session.progress(of: 1)
            #expect(progress.waitsForSource && progress.at == talk.now && progress.sent == 10 * (step + 1))
        }
        // With its window shut it is.
        talk.send(Send.settings((4, 100)))
        talk.sources[1]!.available = 5000
        talk.session.resume(1)
        talk.now += 1
        talk.produce()
        #expect(talk.session.progress(of: 1).at == talk.now - 1)
        #expect(!talk.session.progress(of: 1).waitsForSource)
    }

    @Test func failingContentResetsItsStream() {
        for (source, length) in [
            (TestSource(50_000, length: 50_000, end: .failure), 50_000), (TestSource(100, length: 200), 200),
            (TestSource(300, length: 200), 200), (TestSource(100, end: .failure), nil),
        ] as [(TestSource, Int?)] {
            let talk = Conversation()
            talk.content["/bad"] = { .source(source, length: length) }
            talk.send(Send.headers(1, Send.request("/bad")))
            #expect(talk.streamError(1) == 2)
            #expect(talk.all(Frame.data, 1).allSatisfy { $0.flags == 0 })
            #expect(talk.resets.count == 1)
            #expect(talk.dataCount(1) <= length ?? 0)
            #expect(talk.isAlive)
        }
    }

    @Test func resetCancelsTheSource() {
        let talk = Conversation()
        talk.content["/slow"] = { .source(TestSource(100, length: 100, available: 10), length: 100) }
        talk.send(Send.headers(1, Send.request("/slow")), Send.headers(3, Send.request("/slow")))
        talk.send(Send.reset(1))
        #expect(talk.sources[1]!.cancelled == 1)
        #expect(talk.sources[3]!.cancelled == 0)
        #expect(talk.resets.count == 1)
    }

    @Test func earlyAnswerEndsTheUpload() {
        let talk = Conversation()
        talk.answers = false
        talk.send(Send.headers(1, Send.request("/text", method: "POST"), end: false), Send.data(1, "abc", end: false))
        talk.answers = true
        talk.answer(1)
        talk.produce()
        #expect(talk.sent[1] == 4)
        // A little more is taken, so that a client that is about to end may do so.
        for _ in 0..<4 { talk.send(Send.data(1, String(repeating: "u", count: 16_384), end: false)) }
        #expect(talk.streamError(1) == nil)
        talk.send(Send.data(1, "u", end: false))
        #expect(talk.streamError(1) == 0)
        // What the client had sent before it knew is no fault.
        talk.send(Send.data(1, "def", end: false))
        #expect(talk.isAlive)
        #expect(talk.bodies[1] == Array("abc".utf8))
    }

    @Test func uploadMayEndBehindItsAnswer() {
        let talk = Conversation()
        talk.answers = false
        talk.send(Send.headers(1, Send.request("/text", method: "POST"), end: false))
        talk.answers = true
        talk.answer(1)
        talk.produce()
        talk.send(Send.data(1, "abc"))
        #expect(talk.all(Frame.reset).isEmpty)
        #expect(talk.ended.isEmpty && talk.resets.isEmpty)
        #expect(talk.isAlive)
    }

    @Test func fieldsOfTheConnectionAreLeftOut() {
        let session = HTTP2Session(limits: HTTP2Limits(), now: 1)
        session.receive((Send.preface + Send.settings().bytes + Send.headers(1).bytes).span, now: 1)
        var response = Response(status: 200)
        for name in ["connection", "keep-alive", "transfer-encoding", "upgrade", "proxy-connection", "host"] {
            response.fields.append(FieldName(name), "x")
        }
        response.fields.append(.contentType, "a\r\nb")
        while let event = session.nextEvent() {
            if case .request(let id, _, _, _) = event {
                session.respond(on: id, response, length: 0, date: "now", content: .none)
            }
        }
        var out: [UInt8] = []
        session.produce(into: &out, upTo: 65_536, now: 1)
        let head = Frame.take(from: &out).first { $0.type == Frame.headers }!
        // :status, content-type, date and content-length, of which the names are indexed: no room for more.
        #expect(head.payload.count < 24)
        #expect(head.flags == Frame.endStream | Frame.endHeaders)
    }

    // MARK: Rest

    @Test func sessionThatHasRestedRemembersWhatItHasLearned() {
        let talk = Conversation()
        // A literal with indexing (RFC 7541 section 6.2.1), and then its place in the table.
        let learned: [UInt8] = [0x40] + Send.string(Array("x-a".utf8)) + Send.string(Array("b".utf8))
        talk.send(Send.headers(1, Send.request() + learned))
        for round in 1..<50 {
            talk.session.rest()
            talk.send(Send.headers(UInt32(2 * round + 1), Send.request() + [0xBE]), Send.ping())
        }
        #expect(talk.requests.count == 50)
        #expect(talk.requests.allSatisfy { $0.fields[FieldName("x-a")] == "b" })
        #expect(talk.sent.count == 50 && talk.all(Frame.ping).count == 49)
        #expect(talk.isAlive)
    }

    @Test func restAtAnyByteChangesNothing() {
        let input =
            Send.headers(1).bytes + Send.settings((4, 70_000)).bytes
            + Send.headers(3, Send.request("/text", method: "POST"), end: false).bytes
            + Send.data(3, String(repeating: "d", count: 300)).bytes
            + Send.headers(5, Send.request(), endHeaders: false).bytes + Send.continuation(5, []).bytes
            + Frame(Frame.goAway, [UInt8](repeating: 0, count: 100)).bytes
        let whole = Conversation()
        for byte in input { whole.send(bytes: [byte]) }
        let rested = Conversation()
        for byte in input {
            rested.send(bytes: [byte])
            rested.session.rest()
        }
        #expect(rested.sent.count == 3)
        #expect(rested.bodies == whole.bodies)
        #expect(rested.frames == whole.frames)
    }

    @Test func restDoesNotTouchWhatRuns() {
        let talk = Conversation()
        talk.content["/big"] = { .source(TestSource(200_000, length: 200_000), length: 200_000) }
        talk.send(Send.headers(1, Send.request("/big")))
        for _ in 0..<10 {
            talk.session.rest()
            talk.send(Send.window(0, 20_000), Send.window(1, 20_000))
        }
        #expect(talk.sent[1] == 200_000)
        let length = talk.all(Frame.data, 1).reduce(0) { $0 + $1.payload.count }
        #expect(length == 200_000)
    }

    @Test func aSourceThatEndsBeyondItsLengthIsNotCancelledBesides() {
        let session = HTTP2Session(limits: HTTP2Limits(), now: 1)
        let source = TestSource(101, length: 100)
        let input = Send.preface + Send.settings().bytes + Send.headers(1).bytes
        session.receive(input.span, now: 1)
        while session.nextEvent() != nil {}
        session.respond(
            on: 1, Response(status: 200), length: nil, date: "", content: .source(source, length: 100))
        var out: [UInt8] = []
        session.produce(into: &out, upTo: 65_536, now: 1)
        #expect(source.read == 101 && source.cancelled == 0)
        session.close()
        #expect(source.cancelled == 0)
    }
}
