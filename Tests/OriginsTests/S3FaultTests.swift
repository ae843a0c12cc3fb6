import Cryptography
import HTTP
import Origins
import Posix
import Reactor
import Testing
import Transport

/// What an S3Origin does about faults: asks again, elsewhere, for the rest, or with another clock.
struct S3FaultTests {
    typealias Step = ScriptedServer.Step

    /// Origins before servers that play scripts, one for each endpoint.
    final class Bench {
        let loop: EventLoop
        let servers: [ScriptedServer]
        let origin: S3Origin
        let rig: OriginRig
        var incidents: [OriginIncident] { log.incidents }
        private let log: Log

        final class Log { var incidents: [OriginIncident] = [] }

        init(
            _ scripts: [[Step]]..., budget: RetryBudget = RetryBudget(), limits: ClientLimits = ClientLimits()
        ) throws {
            let loop = try EventLoop()
            let log = Log()
            servers = try scripts.map { try ScriptedServer(loop: loop, $0) }
            let configurations = try servers.map {
                try S3Configuration(bucket: "site", region: "us-east-1", endpoint: "http://127.0.0.1:\($0.port)")
            }
            let client = HTTPClient(loop: loop, resolver: Resolver(loop: loop), limits: limits)
            origin = S3Origin(
                configurations, loop: loop, client: client, budget: budget,
                credentials: { S3OriginTests.credentials }, observer: { log.incidents.append($0) })
            origin.retryDelay = .milliseconds(5)
            rig = OriginRig(loop: loop, origin: origin)
            self.loop = loop
            self.log = log
        }

        deinit { for server in servers { server.stop() } }

        func outcome(isHead: Bool = false, _ fields: [(FieldName, String)] = [], step: Int = 65536) -> String {
            S3OriginTests().outcome(rig.fetch("a.txt", isHead: isHead, fields, step: step))
        }

        func count(_ incident: OriginIncident) -> Int { incidents.count { $0 == incident } }
    }

    static let whole: [Step] = [.send(S3OriginTests.whole)]
    static let slow = S3OriginTests.xml(503, "SlowDown")

    static func answer(_ status: String, _ fields: [String], _ content: String) -> Step {
        .send("HTTP/1.1 \(status)\r\n" + fields.map { $0 + "\r\n" }.joined() + "\r\n" + content)
    }

    // MARK: - Asking again

    @Test func requestsAreNotSentAgainOnceTheBudgetIsUsedUp() throws {
        let scripts = [[Step]](repeating: Self.slow, count: 60)
        let bench = try Bench(scripts, budget: RetryBudget(percent: 10, perSecond: 1))
        for _ in 0..<40 { #expect(bench.outcome() == "overloaded") }
        #expect(bench.count(.retried) == 14)
        #expect(bench.servers[0].requests.count == 54)
        #expect(bench.count(.retryRefused) == 26)
    }

    @Test(arguments: ["429 Too Many Requests", "503 Slow Down"])
    func whoIsTooBusyIsAskedAgainOnce(_ status: String) throws {
        let busy: [Step] = [Self.answer(status, ["Content-Length: 0"], "")]
        #expect(try Bench([busy, Self.whole]).outcome() == "200 hello")
        #expect(try Bench([busy, busy, Self.whole]).outcome() == "overloaded")
    }

    @Test func whoAsksForPatienceIsGivenIt() throws {
        let bench = try Bench([
            [Self.answer("503 Slow Down", ["Retry-After: 120", "Content-Length: 0"], "")], Self.whole,
        ])
        #expect(bench.outcome() == "overloaded")
        #expect(bench.servers[0].requests.count == 1)
    }

    // MARK: - Several endpoints

    @Test func theNextEndpointIsAskedWhereOneFails() throws {
        for fault in [[Step.close], [.reset], Self.slow, [.send("garbage\r\n\r\n")]] {
            let bench = try Bench([fault], [Self.whole])
            #expect(bench.outcome() == "200 hello")
            #expect(bench.servers.map(\.requests.count) == [1, 1])
            #expect(bench.count(.retried) == 1)
            for server in bench.servers {
                #expect(server.requests[0].lowercased().contains("host: 127.0.0.1:\(server.port)\r\n"))
            }
        }
    }

    @Test func aDeadEndpointIsSetAsideAndComesBack() throws {
        let bench = try Bench([Self.whole, Self.whole], [Self.whole, Self.whole])
        let dead = try ScriptedServer(loop: bench.loop, [])
        dead.stop()
        let configurations = try [dead.port, bench.servers[0].port].map {
            try S3Configuration(bucket: "site", region: "us-east-1", endpoint: "http://127.0.0.1:\($0)")
        }
        var incidents: [OriginIncident] = []
        let origin = S3Origin(
            configurations, loop: bench.loop, client: try makeTestClient(bench.loop),
            credentials: { S3OriginTests.credentials }, observer: { incidents.append($0) })
        let rig = OriginRig(loop: bench.loop, origin: origin)
        for _ in 0..<2 { #expect(S3OriginTests().outcome(rig.fetch("a.txt")) == "200 hello") }
        guard case .setAside("http://127.0.0.1:\(dead.port)", .seconds(1), .unreachable) = incidents.first else {
            Issue.record("\(incidents)")
            return
        }
        #expect(incidents.dropFirst() == [.retried])
    }

    @Test func anEndpointThatAnswersAgainIsPreferredAgain() throws {
        let bench = try Bench([[.close], Self.whole, Self.whole], [Self.whole])
        #expect(bench.outcome() == "200 hello")
        #expect(bench.servers.map(\.requests.count) == [1, 1])
        bench.rig.turn(until: { false }, MonotonicTime.now() + .milliseconds(1050))
        for _ in 0..<2 { #expect(bench.outcome() == "200 hello") }
        #expect(bench.servers.map(\.requests.count) == [3, 1])
        #expect(bench.incidents.last == .back(endpoint: "http://127.0.0.1:\(bench.servers[0].port)"))
    }

    @Test func whereAllEndpointsFailTheLastFaultIsTheAnswer() throws {
        let bench = try Bench([Self.slow, Self.slow], [Self.slow, Self.slow], [Self.slow, Self.slow])
        #expect(bench.outcome() == "overloaded")
        #expect(bench.servers.map(\.requests.count).reduce(0, +) == 4)
    }

    @Test func whatTheBucketSaysIsNotAskedElsewhere() throws {
        let bench = try Bench([S3OriginTests.xml(404, "NoSuchKey")], [Self.whole])
        #expect(bench.outcome() == "not found")
        #expect(bench.servers[1].requests.isEmpty)
    }

    @Test func aSilentEndpointIsLeftForTheNext() throws {
        var limits = ClientLimits()
        limits.firstByteTime = .milliseconds(50)
        let bench = try Bench([[]], [Self.whole], limits: limits)
        #expect(bench.outcome() == "200 hello")
        let alone = try Bench([[], Self.whole], limits: limits)
        #expect(alone.outcome() == "timed_out")
    }

    // MARK: - Bodies that break off

    static let content = String((0..<2000).map { Character(UnicodeScalar(97 + UInt8($0 % 26))) })

    static func cut(_ end: Step, after count: Int, fields: [String] = ["ETag: \"v1\""]) -> [Step] {
        [
            answer("200 OK", ["Content-Length: \(content.count)"] + fields, String(content.prefix(count))),
            .pause(milliseconds: 10), end,
        ]
    }

    /// - Parameter count: how many bytes of it are sent.
    static func rest(
        _ range: Range<Int>, tag: String = "\"v1\"", of size: Int = content.count, only count: Int = .max
    ) -> [Step] {
        let part = String(content.dropFirst(range.lowerBound).prefix(min(range.count, count)))
        return [
            answer(
                "206 Partial Content",
                [
                    "Content-Length: \(range.count)", "ETag: \(tag)",
                    "Content-Range: bytes \(range.lowerBound)-\(range.upperBound - 1)/\(size)",
                ], part)
        ]
    }

    func body(_ fetched: OriginRig.Fetched) -> (text: String, failure: BodyFailure?)? {
        guard case .object(let object) = fetched else { return nil }
        return (String(decoding: object.body ?? [], as: UTF8.self), object.failure)
    }

    @Test(arguments: [1, 7, 64, 65536])
    func aBodyThatBreaksOffGoesOn(_ step: Int) throws {
        for end in [Step.close, .reset] {
            let bench = try Bench([
                Self.cut(end, after: 700), Self.rest(700..<2000, only: 100) + [.pause(milliseconds: 10), end],
                Self.rest(800..<2000),
            ])
            let read = try #require(body(bench.rig.fetch("a.txt", step: step)))
            #expect(read == (Self.content, nil))
            #expect(bench.servers[0].requests.count == 3)
            #expect(bench.servers[0].requests[1].contains("range: bytes=700-1999"))
            #expect(bench.servers[0].requests[1].contains("if-match: \"v1\""))
            #expect(bench.servers[0].requests[2].contains("range: bytes=800-1999"))
            #expect(bench.count(.resumed) == 2)
        }
    }

    @Test func aRangeThatBreaksOffGoesOn() throws {
        let first = Self.rest(100..<500, only: 250) + [.pause(milliseconds: 10), .reset]
        let bench = try Bench([first, Self.rest(350..<500)])
        let read = try #require(body(bench.rig.fetch("a.txt", [(.range, "bytes=100-499")])))
        #expect(read == (String(Self.content.dropFirst(100).prefix(400)), nil))
    }

    @Test func theRestComesFromAnotherEndpointIfNeedBe() throws {
        let bench = try Bench([Self.cut(.close, after: 5), [.close]], [Self.rest(5..<2000)])
        #expect(try #require(body(bench.rig.fetch("a.txt"))) == (Self.content, nil))
    }

    @Test(
        arguments: [
            // Another version, one without a tag, another part, another size, the whole, and refusals.
            rest(700..<2000, tag: "\"v2\""), rest(700..<2000, tag: "W/\"v1\""), rest(700..<2000, of: 3000),
            rest(701..<2000), rest(700..<1999),
            [
                answer(
                    "206 P", ["Content-Length: 1300", "Content-Range: bytes 700-1999/2000"],
                    String(content.dropFirst(700)))
            ],
            [.send("HTTP/1.1 200 OK\r\nContent-Length: 2000\r\nETag: \"v1\"\r\n\r\n" + content)],
            S3OriginTests.xml(412, "PreconditionFailed"), S3OriginTests.xml(416, "InvalidRange"),
            S3OriginTests.xml(404, "NoSuchKey"), S3OriginTests.xml(403, "AccessDenied"),
            [.send("HTTP/1.1 304 X\r\nETag: \"v1\"\r\n\r\n")], [.send("garbage\r\n\r\n")],
        ] as [[Step]])
    func whatIsNotTheRestOfTheVeryVersionBreaksTheBody(_ answer: [Step]) throws {
        let bench = try Bench([Self.cut(.reset, after: 700), answer])
        let read = try #require(body(bench.rig.fetch("a.txt")))
        #expect(read == (String(Self.content.prefix(700)), .disconnected))
    }

    @Test(arguments: ["ETag: W/\"v1\"", "X-Amz-Meta-A: b", "Last-Modified: Mon, 02 Jan 2006 15:04:05 GMT"])
    func withoutAStrongTagABodyStaysBroken(_ field: String) throws {
        let bench = try Bench([Self.cut(.reset, after: 700, fields: [field]), Self.rest(700..<2000)])
        #expect(try #require(body(bench.rig.fetch("a.txt"))) == (String(Self.content.prefix(700)), .disconnected))
        #expect(bench.servers[0].requests.count == 1)
    }

    @Test func whoGivesLittleAtATimeIsNotAskedForEver() throws {
        var scripts = [Self.cut(.close, after: 10)]
        for start in stride(from: 10, to: 200, by: 10) {
            scripts.append(Self.rest(start..<2000, only: 10) + [.pause(milliseconds: 2), .close])
        }
        let bench = try Bench(scripts)
        #expect(try #require(body(bench.rig.fetch("a.txt"))) == (String(Self.content.prefix(90)), .disconnected))
        #expect(bench.count(.resumed) == 8)
    }

    @Test func bodiesAreResumedWithinTheBudget() throws {
        let bench = try Bench(
            [Self.cut(.close, after: 10), Self.rest(10..<2000)], budget: RetryBudget(percent: 0, perSecond: 0))
        #expect(try #require(body(bench.rig.fetch("a.txt"))) == (String(Self.content.prefix(10)), .disconnected))
    }

    @Test func aBodyThatStopsComingGoesOnWithANewRequest() throws {
        var limits = ClientLimits()
        limits.betweenBytesTime = .milliseconds(60)
        let bench = try Bench([Self.cut(.pause(milliseconds: 5000), after: 10), Self.rest(10..<2000)], limits: limits)
        #expect(try #require(body(bench.rig.fetch("a.txt"))) == (Self.content, nil))
    }

    @Test func whoLeavesWhileTheRestIsAskedForEndsIt() throws {
        let bench = try Bench([Self.cut(.close, after: 10), Self.rest(10..<2000)])
        bench.origin.retryDelay = .milliseconds(50)
        var source: (any BodySource)?
        bench.origin.fetch(OriginRequest(key: "a.txt")) { if case .object(let object) = $0 { source = object.body } }
        let deadline = MonotonicTime.now() + .seconds(5)
        bench.rig.turn(until: { source != nil }, deadline)
        var bytes: [UInt8] = []
        while bench.count(.resumed) == 0, MonotonicTime.now() < deadline {
            bytes.append(addingCapacity: 100) { (out: inout OutputSpan<UInt8>) in _ = source!.read(into: &out) }
            bench.loop.turn(waitAtMost: .milliseconds(5))
        }
        source!.cancel()
        bench.rig.turn(until: { false }, MonotonicTime.now() + .milliseconds(150))
        #expect(bytes.count == 10 && bench.servers[0].requests.count == 1)
    }

    // MARK: - Errors in place of content

    static func labelled(_ type: String, _ content: String, chunked: Bool = false, _ fields: [String] = []) -> [Step] {
        if !chunked {
            let length = "Content-Length: \(content.utf8.count)"
            return [answer("200 OK", ["Content-Type: \(type)", length] + fields, content)]
        }
        let chunk = String(content.utf8.count, radix: 16) + "\r\n" + content + "\r\n0\r\n\r\n"
        return [answer("200 OK", ["Content-Type: \(type)", "Transfer-Encoding: chunked"] + fields, chunk)]
    }

    static func document(_ code: String) -> String {
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>\(code)</Code><Message>m</Message></Error>"
    }

    @Test(
        arguments: [
            ("InternalError", "unexpected_status"), ("SlowDown", "overloaded"), ("NoSuchKey", "not found"),
            ("AccessDenied", "denied AccessDenied"),
        ], [false, true])
    func anErrorThatIsCalledContentIsAnError(_ code: (String, String), _ chunked: Bool) throws {
        let script = Self.labelled("application/xml", Self.document(code.0), chunked: chunked)
        #expect(try Bench([script, script]).outcome() == code.1)
    }

    @Test func anErrorThatIsCalledContentMayPass() throws {
        let script = Self.labelled("text/xml; charset=utf-8", Self.document("InternalError"), chunked: true)
        #expect(try Bench([script, Self.whole]).outcome() == "200 hello")
    }

    @Test(arguments: [false, true])
    func otherXMLIsContent(_ chunked: Bool) throws {
        let feed = "<?xml version=\"1.0\"?><rss>\(String(repeating: "x", count: 40_000))</rss>"
        for script in [
            Self.labelled("application/xml", feed, chunked: chunked),
            Self.labelled("application/xml", String(feed.prefix(100)), chunked: chunked),
            // An object of the bucket's has a tag, whatever it says.
            Self.labelled("application/xml", Self.document("SlowDown"), chunked: chunked, ["ETag: \"v1\""]),
            Self.labelled("text/html", Self.document("SlowDown"), chunked: chunked),
        ] {
            for step in [10, 65536] {
                let bench = try Bench([script])
                let read = try #require(body(bench.rig.fetch("a.txt", step: step)))
                guard case .send(let sent) = script[0] else { return }
                #expect(read.failure == nil && !read.text.isEmpty && sent.contains(read.text))
            }
        }
    }

    // MARK: - Clocks

    static func skewed(_ seconds: Int64, code: String = "RequestTimeTooSkewed") -> [Step] {
        S3OriginTests.xml(403, code, "Date: \(HTTPDate.format(unixSeconds: WallClock.now() + seconds))\r\n")
    }

    func signedTime(_ head: String) throws -> Int64 {
        let line = try #require(head.split(separator: "\r\n").first { $0.lowercased().hasPrefix("x-amz-date:") })
        let digits = line.drop { $0 != " " }.filter(\.isNumber)
        let numbers = [0, 4, 6, 8, 10, 12].map { Int(digits.dropFirst($0).prefix($0 == 0 ? 4 : 2))! }
        let clock = [1, 2].map { String(10000 + numbers[$0]).suffix(2) }.joined(separator: "-")
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let time = numbers[3...].map { String(String(100 + $0).suffix(2)) }.joined(separator: ":")
        #expect(clock.count == 5)
        let date = "\(String(String(100 + numbers[2]).suffix(2))) \(months[numbers[1] - 1]) \(numbers[0])"
        return try #require(HTTPDate.parse("Mon, \(date) \(time) GMT"))
    }

    @Test(arguments: [-86_000, -3600, 1200, 80_000] as [Int64])
    func signaturesFollowTheBucketsClock(_ seconds: Int64) throws {
        let bench = try Bench([Self.skewed(seconds), Self.whole, Self.whole])
        for _ in 0..<2 { #expect(bench.outcome() == "200 hello") }
        #expect(bench.servers[0].requests.count == 3)
        for head in bench.servers[0].requests.dropFirst() {
            #expect(abs(try signedTime(head) - WallClock.now() - seconds) <= 3)
        }
        guard case .clockCorrected(_, let by) = bench.incidents.first else {
            Issue.record("\(bench.incidents)")
            return
        }
        #expect(abs(by - seconds) <= 2 && bench.incidents.count == 1)
    }

    @Test func headIsSignedAnewWhereTheDateTellsWhyItWasRefused() throws {
        let refusal: [Step] = [
            Self.answer(
                "403 Forbidden",
                ["Date: \(HTTPDate.format(unixSeconds: WallClock.now() - 1800))", "Content-Length: 200"], "")
        ]
        let found: [Step] = [.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")]
        #expect(try Bench([refusal, found]).outcome(isHead: true) == "200")
        let denied: [Step] = [
            Self.answer(
                "403 Forbidden", ["Date: \(HTTPDate.format(unixSeconds: WallClock.now()))", "Content-Length: 200"], "")
        ]
        #expect(try Bench([denied, found]).outcome(isHead: true) == "denied -")
    }

    @Test func noClockIsFollowedTwiceNorBeyondADay() throws {
        let restless = try Bench([Self.skewed(1000), Self.skewed(-1000), Self.skewed(5000)])
        #expect(restless.outcome() == "clock_skew")
        #expect(restless.servers[0].requests.count == 2)
        for seconds in [90_000, -90_000, 4_000_000_000] as [Int64] {
            let bench = try Bench([Self.skewed(seconds), Self.whole])
            #expect(bench.outcome() == "clock_skew")
            #expect(bench.servers[0].requests.count == 1 && bench.incidents.isEmpty)
        }
    }

    @Test func otherRefusalsDoNotMoveTheClock() throws {
        let bench = try Bench([Self.skewed(3000, code: "AccessDenied"), Self.whole])
        #expect(bench.outcome() == "denied AccessDenied")
        #expect(bench.outcome() == "200 hello")
        #expect(abs(try signedTime(bench.servers[0].requests[1]) - WallClock.now()) <= 2)
    }

    @Test func eachEndpointHasItsOwnClock() throws {
        let bench = try Bench([Self.skewed(3000), Self.slow], [Self.whole])
        #expect(bench.outcome() == "200 hello")
        #expect(abs(try signedTime(bench.servers[0].requests[1]) - WallClock.now() - 3000) <= 2)
        #expect(abs(try signedTime(bench.servers[1].requests[0]) - WallClock.now()) <= 2)
    }
}
