import HTTP
import HTTP2
import Testing

/// Floods and traps (RFC 9113 section 10.5): each ends the connection, or costs nothing, and never much memory.
@Suite struct AttackTests {
    static let calm: UInt32 = 11

    /// Sends `frame(index)` up to `count` times, a hundred a read; how many were sent when the session ended.
    private func flood(
        _ talk: Conversation, _ count: Int, perSecond: UInt64? = nil, _ frame: (UInt32) -> [Frame]
    ) -> Int {
        for index in 0..<count / 100 {
            talk.send(bytes: (0..<100).flatMap { frame(UInt32(index * 100 + $0)).flatMap(\.bytes) })
            if let perSecond { talk.now += 100 * 1_000_000_000 / perSecond }
            if talk.connectionError != nil { return (index + 1) * 100 }
        }
        return count
    }

    struct Flood: CustomStringConvertible, Sendable {
        let description: String
        /// What the client has done before.
        let before: @Sendable () -> [Frame]
        let frames: @Sendable (UInt32) -> [Frame]
    }

    static let idleFloods: [Flood] = [
        Flood(description: "PING", before: { [] }) { _ in [Send.ping()] },
        Flood(description: "PING acknowledgements", before: { [] }) { _ in
            [Frame(Frame.ping, flags: Frame.ack, [UInt8](repeating: 0, count: 8))]
        },
        Flood(description: "SETTINGS", before: { [] }) { _ in [Send.settings()] },
        Flood(description: "table sizes", before: { [] }) { [Send.settings((1, $0 & 1 == 0 ? 0 : 4096))] },
        Flood(description: "PRIORITY", before: { [] }) { [Send.priority(2 * $0 + 1, on: 0)] },
        Flood(description: "PRIORITY of one stream", before: { [Send.headers(1, Send.request("/never"))] }) { _ in
            [Send.priority(1, on: 3)]
        },
        Flood(description: "unknown types", before: { [] }) { [Frame(UInt8(16 + $0 % 200))] },
        Flood(description: "WINDOW_UPDATE by one", before: { [] }) { _ in [Send.window(0, 1)] },
        Flood(
            description: "WINDOW_UPDATE by one on a stream", before: { [Send.headers(1, Send.request("/never"))] }
        ) { _ in [Send.window(1, 1)] },
        Flood(
            description: "empty DATA", before: { [Send.headers(1, Send.request("/never", method: "POST"), end: false)] }
        ) { _ in [Send.data(1, "", end: false)] },
        Flood(
            description: "DATA of padding",
            before: { [Send.headers(1, Send.request("/never", method: "POST"), end: false)] }
        ) { _ in [Frame(Frame.data, flags: Frame.padded, stream: 1, [3, 0, 0, 0])] },
        Flood(description: "GOAWAY", before: { [Send.headers(1, Send.request("/never"))] }) { _ in
            [Frame(Frame.goAway, [UInt8](repeating: 0, count: 8))]
        },
    ]

    @Test(arguments: idleFloods)
    func framesThatBringNothingForwardAreCounted(_ flood: Flood) {
        let talk = Conversation()
        talk.content["/never"] = { .source(TestSource(10, available: 0), length: nil) }
        for frame in flood.before() { talk.send(frame) }
        let sent = self.flood(talk, 100_000, flood.frames)
        #expect(sent <= 1100, "\(sent)")
        #expect(talk.connectionError == Self.calm)
        #expect(talk.session.isOver)
    }

    @Test func framesThatBringNothingForwardMayComeSlowly() {
        let talk = Conversation()
        #expect(flood(talk, 5000, perSecond: 100) { _ in [Send.ping()] } == 5000)
        #expect(talk.isAlive)
    }

    @Test func windowUpdatesOfADownloadAreNotCounted() {
        let talk = Conversation()
        talk.content["/big"] = { .source(TestSource(60_000_000, length: 60_000_000), length: 60_000_000) }
        talk.send(Send.headers(1, Send.request("/big")))
        var windowed = 0
        while talk.sent[1] == nil, windowed < 60_000 {
            talk.send(Send.window(0, 2048), Send.window(1, 2048))
            windowed += 2
        }
        #expect(talk.sent[1] == 60_000_000)
        #expect(windowed > 50_000)
        #expect(talk.isAlive)
    }

    @Test func requestsThatBringAPriorityAndAWindowAreNotCounted() {
        let talk = Conversation()
        for index in 0..<5000 {
            let stream = UInt32(2 * index + 1)
            talk.send(Send.headers(stream), Send.window(stream, 1 << 20), Send.priority(stream, on: 0))
        }
        #expect(talk.sent.count == 5000)
        #expect(talk.isAlive)
    }

    // MARK: Resets

    /// CVE-2023-44487.
    @Test func rapidResetsEndTheConnection() {
        let talk = Conversation()
        talk.answers = false
        let sent = flood(talk, 10_000) { [Send.headers(2 * $0 + 1), Send.reset(2 * $0 + 1)] }
        #expect(sent <= 300)
        #expect(talk.connectionError == Self.calm)
    }

    @Test func aWholePageMayBeCancelledNowAndThen() {
        let talk = Conversation()
        talk.answers = false
        for page in 0..<10 {
            let streams = (0..<100).map { UInt32(2 * (page * 100 + $0) + 1) }
            talk.send(bytes: streams.flatMap { Send.headers($0).bytes })
            talk.send(bytes: streams.flatMap { Send.reset($0).bytes })
            talk.now += 10_000_000_000
        }
        #expect(talk.resets.count == 1000)
        #expect(talk.isAlive)
    }

    /// CVE-2025-8671: what makes the server reset streams that it has begun to serve.
    static let serverResets: [Flood] = [
        Flood(description: "a window that overflows", before: { [Send.settings((4, 0))] }) {
            [Send.headers(2 * $0 + 1), Send.window(2 * $0 + 1, 0x7FFF_FFFF), Send.window(2 * $0 + 1, 0x7FFF_FFFF)]
        },
        Flood(description: "an increment of zero", before: { [] }) {
            [Send.headers(2 * $0 + 1), Send.window(2 * $0 + 1, 0)]
        },
        Flood(description: "a PRIORITY of four bytes", before: { [] }) {
            [Send.headers(2 * $0 + 1), Frame(Frame.priority, stream: 2 * $0 + 1, [0, 0, 0, 0])]
        },
        Flood(description: "a PRIORITY on itself", before: { [] }) {
            [Send.headers(2 * $0 + 1), Send.priority(2 * $0 + 1, on: 2 * $0 + 1)]
        },
        Flood(description: "DATA behind the end", before: { [] }) {
            [Send.headers(2 * $0 + 1), Send.data(2 * $0 + 1, "x")]
        },
        Flood(description: "HEADERS behind the end", before: { [] }) {
            [Send.headers(2 * $0 + 1), Send.headers(2 * $0 + 1)]
        },
        Flood(description: "malformed fields", before: { [] }) {
            [Send.headers(2 * $0 + 1, Send.request("/", method: "GET", ("te", "gzip")))]
        },
        Flood(description: "refused requests", before: { [] }) {
            [Send.headers(2 * $0 + 1, Send.request("/", method: "GET", ("under_score", "x")))]
        },
        Flood(description: "empty heads", before: { [] }) { [Send.headers(2 * $0 + 1, [])] },
        Flood(description: "more content than told", before: { [] }) {
            [
                Send.headers(2 * $0 + 1, Send.request("/", method: "POST", ("content-length", "1")), end: false),
                Send.data(2 * $0 + 1, "xx"),
            ]
        },
    ]

    @Test(arguments: serverResets)
    func clientsThatMakeTheServerResetAreCounted(_ flood: Flood) {
        let talk = Conversation()
        talk.answers = false
        for frame in flood.before() { talk.send(frame) }
        let sent = self.flood(talk, 5000, flood.frames)
        #expect(sent <= 200, "\(sent)")
        #expect(talk.connectionError != nil)
        #expect(talk.all(Frame.reset).count <= 210)
        #expect(talk.session.isOver)
    }

    /// However many requests lie behind the one that was too much: nothing that is in the same piece is heard of.
    @Test(arguments: [
        Flood(description: "one stream too many", before: { [] }) { [Send.headers(2 * $0 + 1)] },
        Flood(description: "refused requests", before: { [] }) {
            [Send.headers(2 * $0 + 1, Send.request("/", method: "GET", ("under_score", "x")))]
        },
    ])
    func whatIsBehindALimitDoesNotDependOnTheCut(_ flood: Flood) {
        let bytes =
            Send.preface + Send.settings().bytes + Send.settingsAck.bytes
            + (0..<250).flatMap { flood.frames($0).flatMap(\.bytes) }
        func events(pieces: Int) -> [String] {
            let session = HTTP2Session(limits: HTTP2Limits(), now: 1)
            var events: [String] = []
            for start in stride(from: 0, to: bytes.count, by: pieces) {
                let part = Array(bytes[start..<min(start + pieces, bytes.count)])
                session.receive(part.span, now: 1)
                while let event = session.nextEvent() {
                    switch event {
                    case .request(let stream, _, _, _): events.append("\(stream)")
                    case .refused(let stream, _): events.append("\(stream) refused")
                    case .limited(let limit): events.append("\(limit)")
                    case .reset(let stream, _, _): events.append("\(stream) reset")
                    default: break
                    }
                }
            }
            return events
        }
        let whole = events(pieces: bytes.count)
        #expect(whole == events(pieces: 1))
        #expect(whole.count < 2 * 101 + 1)
    }

    @Test func oneMalformedRequestHarmsNoOther() {
        let talk = Conversation()
        talk.answers = false
        for index in 0..<98 { talk.send(Send.headers(UInt32(2 * index + 1))) }
        for index in 98..<150 {
            talk.send(Send.headers(UInt32(2 * index + 1), Send.request("/", method: "GET", ("te", "gzip"))))
        }
        talk.answers = true
        for index in 0..<98 { talk.answer(Int32(2 * index + 1)) }
        talk.produce()
        #expect(talk.sent.count == 98)
        #expect(talk.isAlive)
    }

    // MARK: Heads

    /// CVE-2024-27316 and its kin.
    @Test(arguments: [0, 1, 100])
    func continuationsHaveALimit(size: Int) {
        let talk = Conversation()
        talk.send(Send.headers(1, endHeaders: false))
        let sent = flood(talk, 100_000) { _ in
            [Send.continuation(1, [UInt8](repeating: 0x82, count: size), end: false)]
        }
        #expect(sent == 100)
        #expect(talk.connectionError == Self.calm)
        #expect(talk.requests.isEmpty)
    }

    @Test func eightContinuationsAreTaken() {
        for count in 8...9 {
            let talk = Conversation()
            talk.send(Send.headers(1, endHeaders: false))
            for index in 1...count { talk.send(Send.continuation(1, [], end: index == count)) }
            #expect((talk.sent[1] != nil) == (count == 8))
        }
    }

    @Test func headBeyondItsSizeIsRefused() {
        var limits = HTTP2Limits()
        limits.head.fieldsSize = 1000
        let head = Send.request()
        let used = [(":method", "GET"), (":scheme", "https"), (":authority", "a.test"), (":path", "/text")]
            .reduce(0) { $0 + $1.0.utf8.count + $1.1.utf8.count + 32 }
        for (size, isTaken) in [(1000, true), (1001, false)] {
            let talk = Conversation(limits: limits)
            let value = String(repeating: "v", count: size - used - 33)
            talk.send(Send.headers(1, head + Send.block([("x", value)])))
            #expect(talk.requests.count == (isTaken ? 1 : 0))
            #expect(talk.refused == (isTaken ? [] : [.fieldsTooLarge]))
            #expect(talk.isAlive)
        }
    }

    @Test func fieldsBeyondTheirNumberAreRefused() {
        for (count, isTaken) in [(100, true), (101, false)] {
            let talk = Conversation()
            talk.send(Send.headers(1, Send.request() + Send.block((0..<count).map { ("x\($0)", "v") })))
            #expect(talk.requests.count == (isTaken ? 1 : 0))
            #expect(talk.refused == (isTaken ? [] : [.tooManyFields]))
        }
    }

    /// One frame that stands for twelve thousand fields and fifty megabytes.
    @Test func compressionBombIsRefused() {
        let talk = Conversation()
        let value = String(repeating: "v", count: 3900)
        let bomb = Send.request() + [0x40] + Send.string(Array("x".utf8)) + Send.string(Array(value.utf8))
        talk.send(Send.headers(1, bomb + [UInt8](repeating: 0xBE, count: 12_000)))
        #expect(talk.refused == [.fieldsTooLarge])
        #expect(talk.isAlive)
    }

    @Test func anEmptyCookieCrumbAddsNothing() {
        let talk = Conversation()
        talk.send(Send.headers(1, Send.request("/text", ("cookie", ""), ("cookie", "a=1"), ("cookie", ""))))
        #expect(talk.requests.first?.fields.values(of: .cookie) == ["a=1"])
    }

    @Test func cookieCrumbsHaveALimit() {
        let talk = Conversation()
        let crumbs = (0..<700).map { ("cookie", "c\($0)=x") }
        talk.send(Send.headers(1, Send.request() + Send.block(crumbs)))
        #expect(talk.requests.first?.fields.values(of: .cookie) == [crumbs.map(\.1).joined(separator: "; ")])
        talk.send(Send.headers(3, Send.request() + Send.block((0..<900).map { ("cookie", "c\($0)=x") })))
        #expect(talk.refused == [.fieldsTooLarge])
    }

    // MARK: Windows

    @Test func sourceIsNotAskedWhileTheWindowIsShut() {
        let talk = Conversation()
        talk.content["/big"] = { .source(TestSource(10_000_000, length: 10_000_000), length: 10_000_000) }
        talk.send(Send.settings((4, 0)))
        for index in 0..<100 { talk.send(Send.headers(UInt32(2 * index + 1), Send.request("/big"))) }
        #expect(talk.sources.values.allSatisfy { $0.asked == 0 })
        talk.send(Send.window(7, 1000))
        #expect(talk.sources[7]!.read == 1000)
        #expect(talk.dataCount(7) == 1000)
        #expect(talk.sources.values.reduce(0) { $0 + $1.read } == 1000)
    }

    @Test func shrunkenWindowGoesOnWhereItStood() {
        let talk = Conversation()
        talk.content["/big"] = { .source(TestSource(70_000, length: 70_000), length: 70_000) }
        talk.send(Send.headers(1, Send.request("/big")))
        #expect(talk.dataCount(1) == 65_535)
        talk.send(Send.window(0, 1 << 20), Send.settings((4, 10)))
        #expect(talk.dataCount(1) == 65_535)
        talk.send(Send.window(1, 65_524))
        #expect(talk.dataCount(1) == 65_535)
        talk.send(Send.window(1, 2))
        #expect(talk.dataCount(1) == 65_536)
        talk.send(Send.window(1, 1 << 20))
        #expect(talk.sent[1] == 70_000)
        let body = talk.all(Frame.data, 1).flatMap(\.payload)
        #expect(body == (0..<70_000).map { UInt8(truncatingIfNeeded: $0) })
    }

    @Test func uploadIsTakenAsFastAsItIsConsumed() {
        let talk = Conversation()
        talk.send(Send.headers(1, Send.request("/text", method: "POST"), end: false))
        for _ in 0..<100 { talk.send(Send.data(1, String(repeating: "u", count: 10_000), end: false)) }
        talk.send(Send.data(1, ""))
        #expect(talk.bodies[1]?.count == 1_000_000)
        #expect(talk.status(1) == 200)
    }

    // MARK: The end

    @Test func nothingIsHeardBehindAFatalError() {
        let talk = Conversation()
        talk.send(bytes: Frame(Frame.ping, [0]).bytes + Send.headers(1).bytes)
        talk.send(Send.headers(3))
        #expect(talk.requests.isEmpty)
        #expect(talk.all(Frame.goAway).count == 1)
    }

    @Test func shutdownAnswersWhatWasSentBeforeItWasHeard() {
        let talk = Conversation()
        talk.content["/slow"] = { .source(TestSource(10, available: 0), length: 10) }
        talk.send(Send.headers(1, Send.request("/slow")))
        talk.session.announceShutdown()
        talk.produce()
        #expect(talk.all(Frame.goAway).map { $0.word() } == [0x7FFF_FFFF])
        let ping = talk.all(Frame.ping).last!
        talk.send(Send.headers(3), Frame(Frame.ping, flags: Frame.ack, ping.payload))
        #expect(talk.sent[3] != nil)
        #expect(talk.shutdownsSeen == 1)
        talk.session.finishShutdown()
        talk.produce()
        #expect(talk.all(Frame.goAway).map { $0.word() } == [0x7FFF_FFFF, 3])
        #expect(talk.connectionError == nil)
        talk.send(Send.headers(5))
        #expect(talk.requests.count == 2)
        #expect(!talk.session.isOver)
        talk.sources[1]!.available = 10
        talk.session.resume(1)
        talk.produce()
        #expect(talk.sent[1] == 10)
        #expect(talk.session.isOver)
    }

    @Test func clientThatGoesAwayGetsWhatItAskedFor() {
        let talk = Conversation()
        talk.answers = false
        talk.send(Send.headers(1), Frame(Frame.goAway, [UInt8](repeating: 0, count: 8)))
        talk.answers = true
        #expect(!talk.session.isOver)
        talk.answer(1)
        talk.produce()
        #expect(talk.sent[1] != nil)
        #expect(talk.session.isOver)
    }

    @Test func streamNumbersEnd() {
        let talk = Conversation()
        talk.send(Send.headers(0x7FFF_FFFF))
        #expect(talk.sent.count == 1)
        talk.send(Send.headers(1))
        #expect(talk.connectionError == 1)
    }
}
