import Cryptography
import HTTP
import Origins
import Posix
import Reactor
import Testing
import Transport

/// S3Origin before a server that plays scripts: each fault ends in the outcome that is named for it.
struct S3OriginTests {
    static let credentials = Credentials(accessKeyID: "AKID", secretAccessKey: SecretText("secret"))

    /// A rig before the scripts, and the server that plays them.
    func bench(
        _ scripts: [[ScriptedServer.Step]], credentials: Credentials? = S3OriginTests.credentials
    ) throws -> (rig: OriginRig, server: ScriptedServer) {
        let loop = try EventLoop()
        let server = try ScriptedServer(loop: loop, scripts)
        let configuration = try S3Configuration(
            bucket: "site", region: "us-east-1", endpoint: "http://127.0.0.1:\(server.port)", prefix: "docs")
        let origin = S3Origin(
            [configuration], loop: loop, client: try makeTestClient(loop), credentials: { credentials })
        origin.retryDelay = .milliseconds(10)
        return (OriginRig(loop: loop, origin: origin), server)
    }

    /// The outcome as text.
    func outcome(_ fetched: OriginRig.Fetched) -> String {
        switch fetched {
        case .object(let object):
            let body = object.body.map { " " + String(decoding: $0.prefix(40), as: UTF8.self) } ?? ""
            return "\(object.status)\(body)\(object.failure.map { " \($0)" } ?? "")"
        case .notFound: return "not found"
        case .denied(let refusal): return "denied \(refusal.code ?? "-")"
        case .failed(let failure): return failure.label
        case .nothing: return "nothing"
        }
    }

    func outcome(
        _ script: [ScriptedServer.Step], isHead: Bool = false, _ fields: [(FieldName, String)] = []
    ) throws -> String {
        let (rig, server) = try bench([script, script])
        defer { server.stop() }
        return outcome(rig.fetch("a.txt", isHead: isHead, fields))
    }

    static func xml(_ status: Int, _ code: String, _ fields: String = "") -> [ScriptedServer.Step] {
        let document =
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>\(code)</Code><Message>m</Message>"
            + "<Key>docs/a.txt</Key><RequestId>4442587FB7D0A2F9</RequestId></Error>"
        return [
            .send("HTTP/1.1 \(status) X\r\nContent-Type: application/xml\r\n\(fields)"),
            .send("Content-Length: \(document.utf8.count)\r\n\r\n\(document)"),
        ]
    }

    static let whole = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: \"v1\"\r\n\r\nhello"
    static let part =
        "HTTP/1.1 206 Partial Content\r\nContent-Length: 2\r\nETag: \"v1\"\r\nContent-Range: bytes 1-2/5\r\n\r\nel"

    // MARK: - What is sent

    @Test func theRequestIsBuiltAndSigned() throws {
        let (rig, server) = try bench([[.send(Self.part)]])
        defer { server.stop() }
        #expect(outcome(rig.fetch("a b+c/\u{E9}", [(.range, "bytes=1-2")])) == "206 el")
        let lines = try #require(server.requests.first).split(separator: "\r\n").map(String.init)
        #expect(lines[0] == "GET /site/docs/a%20b%2Bc/%C3%A9 HTTP/1.1")
        let names = lines.dropFirst().map { $0.split(separator: ":")[0].lowercased() }.sorted()
        #expect(
            names.filter { $0 != "connection" }
                == ["accept-encoding", "authorization", "host", "range", "x-amz-content-sha256", "x-amz-date"])
        #expect(lines.contains { $0.lowercased() == "host: 127.0.0.1:\(server.port)" })
        #expect(
            lines.contains {
                $0.contains("Credential=AKID/")
                    && $0.contains("SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,")
            })
        #expect(!server.requests[0].contains("secret"))
    }

    @Test func withoutCredentialsNothingIsSent() throws {
        let (rig, server) = try bench([[.send(Self.whole)]], credentials: nil)
        defer { server.stop() }
        #expect(outcome(rig.fetch("a.txt")) == "no_credentials")
        #expect(server.accepted == 0)
    }

    @Test func aKeyThatNamesNothingIsNotAskedFor() throws {
        let (rig, server) = try bench([])
        defer { server.stop() }
        for key in ["", "../a", "a/", "a//b", String(repeating: "a", count: 1020)] {
            #expect(outcome(rig.fetch(key)) == "not found")
        }
        #expect(server.accepted == 0)
    }

    // MARK: - What the bucket says

    @Test(arguments: [
        (404, "NoSuchKey", "not found"), (404, "NoSuchBucket", "no_such_bucket"),
        (403, "AccessDenied", "denied AccessDenied"),
        (403, "SignatureDoesNotMatch", "denied SignatureDoesNotMatch"),
        (403, "InvalidAccessKeyId", "denied InvalidAccessKeyId"), (400, "ExpiredToken", "denied ExpiredToken"),
        (400, "AuthorizationHeaderMalformed", "redirected"), (400, "InvalidRequest", "unexpected_status"),
        (301, "PermanentRedirect", "redirected"), (307, "TemporaryRedirect", "redirected"),
        (501, "NotImplemented", "unexpected_status"), (403, "RequestTimeTooSkewed", "clock_skew"),
    ])
    func errorsAreNamed(_ status: Int, _ code: String, _ expected: String) throws {
        let (rig, server) = try bench([Self.xml(status, code), [.send(Self.whole)]])
        defer { server.stop() }
        #expect(outcome(rig.fetch("a.txt")) == expected)
        // The body was read, and the connection serves the next request.
        #expect(outcome(rig.fetch("a.txt")) == "200 hello")
        #expect(server.accepted == 1)
    }

    @Test func aSkewedClockNamesTheOriginsTime() throws {
        let (rig, server) = try bench([Self.xml(403, "RequestTimeTooSkewed", "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n")]
        )
        defer { server.stop() }
        guard case .failed(.clockSkew(originTime: 784_111_777)) = rig.fetch("a.txt") else {
            Issue.record("another outcome")
            return
        }
    }

    @Test func aRedirectIsNotFollowed() throws {
        let (rig, server) = try bench([
            [
                .send(
                    "HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:9/\r\nx-amz-bucket-region: eu-west-3\r\n"
                        + "Content-Length: 0\r\n\r\n")
            ]
        ])
        defer { server.stop() }
        guard case .failed(.redirected(region: "eu-west-3")) = rig.fetch("a.txt") else {
            Issue.record("another outcome")
            return
        }
        #expect(server.requests.count == 1)
    }

    @Test func headHasNoCodeToRead() throws {
        #expect(try outcome([.send("HTTP/1.1 403 X\r\nContent-Length: 250\r\n\r\n")], isHead: true) == "denied -")
        #expect(try outcome([.send("HTTP/1.1 404 X\r\nContent-Length: 250\r\n\r\n")], isHead: true) == "not found")
    }

    @Test func aLongErrorPageIsNotReadToItsEnd() throws {
        let (rig, server) = try bench([
            [
                .send("HTTP/1.1 404 X\r\nContent-Length: 10000000\r\n\r\n"),
                .bytes([UInt8](repeating: 65, count: 100_000)),
            ],
            [.send(Self.whole)],
        ])
        defer { server.stop() }
        #expect(outcome(rig.fetch("a.txt")) == "not found")
        #expect(outcome(rig.fetch("a.txt")) == "200 hello")
        #expect(server.accepted == 2)
    }

    @Test func anErrorPageThatNeverEndsIsNotWaitedFor() throws {
        let drip: [ScriptedServer.Step] = (0..<100).flatMap { _ in [.send("<"), .pause(milliseconds: 100)] }
        let (rig, server) = try bench([[.send("HTTP/1.1 403 X\r\nContent-Length: 100\r\n\r\n")] + drip])
        defer { server.stop() }
        let start = MonotonicTime.now()
        #expect(outcome(rig.fetch("a.txt")) == "denied -")
        #expect((1900...4000).contains((MonotonicTime.now() - start).milliseconds))
    }

    // MARK: - Asking again

    @Test(arguments: [500, 502, 503, 504])
    func aPassingFaultIsAskedAgainOnce(_ status: Int) throws {
        let (rig, server) = try bench([Self.xml(status, "SlowDown"), [.send(Self.whole)]])
        defer { server.stop() }
        #expect(outcome(rig.fetch("a.txt")) == "200 hello")
        #expect(server.requests.count == 2)
    }

    @Test(arguments: [
        (503, "overloaded"), (500, "unexpected_status"), (502, "unexpected_status"), (504, "unexpected_status"),
    ])
    func aLastingFaultIsAskedAgainOnceOnly(_ status: Int, _ expected: String) throws {
        let script = Self.xml(status, "SlowDown")
        let (rig, server) = try bench([script, script, script])
        defer { server.stop() }
        #expect(outcome(rig.fetch("a.txt")) == expected)
        #expect(server.requests.count == 2)
    }

    @Test func aConnectionLostBeforeTheHeadIsTriedAgain() throws {
        for fault in [ScriptedServer.Step.close, .reset] {
            let (rig, server) = try bench([[fault], [.send(Self.whole)]])
            defer { server.stop() }
            #expect(outcome(rig.fetch("a.txt")) == "200 hello")
        }
    }

    @Test func aConnectionThatIsAlwaysLostIsUnreachable() throws {
        let (rig, server) = try bench([[.close], [.reset], [.close], [.close], [.close]])
        defer { server.stop() }
        #expect(outcome(rig.fetch("a.txt")) == "unreachable")
        #expect((2...4).contains(server.requests.count))
    }

    @Test func nobodyThereIsUnreachable() throws {
        let (rig, server) = try bench([])
        server.stop()
        #expect(outcome(rig.fetch("a.txt")) == "unreachable")
    }

    @Test func cancellingWhilePausingEndsIt() throws {
        let (rig, server) = try bench([Self.xml(503, "SlowDown"), [.send(Self.whole)]])
        defer { server.stop() }
        (rig.origin as? S3Origin)?.retryDelay = .milliseconds(200)
        var answers = 0
        let call = rig.origin.fetch(OriginRequest(key: "a.txt")) { _ in answers += 1 }
        rig.turn(until: { server.requests.count == 1 }, MonotonicTime.now() + Nanoseconds.seconds(5))
        rig.turn(until: { false }, MonotonicTime.now() + Nanoseconds.milliseconds(50))
        call?.cancel()
        rig.turn(until: { false }, MonotonicTime.now() + Nanoseconds.milliseconds(500))
        #expect(answers == 0 && server.requests.count == 1)
    }

    // MARK: - If-Range

    @Test func anotherVersionIsAskedForWhole() throws {
        let newer = "HTTP/1.1 206 P\r\nContent-Length: 2\r\nETag: \"v2\"\r\nContent-Range: bytes 1-2/5\r\n\r\nel"
        for first in [Self.xml(412, "PreconditionFailed"), Self.xml(416, "InvalidRange"), [.send(newer)]] {
            let (rig, server) = try bench([first, [.send(Self.whole)]])
            defer { server.stop() }
            #expect(outcome(rig.fetch("a.txt", [(.range, "bytes=1-2"), (.ifRange, "\"v1\"")])) == "200 hello")
            #expect(server.requests.count == 2)
            #expect(server.requests[0].contains("if-match: \"v1\""))
            #expect(server.requests[0].contains("range: bytes=1-2"))
            #expect(!server.requests[1].contains("if-match") && !server.requests[1].contains("range:"))
        }
    }

    @Test func theSameVersionIsAskedForOnce() throws {
        let (rig, server) = try bench([[.send(Self.part)]])
        defer { server.stop() }
        #expect(outcome(rig.fetch("a.txt", [(.range, "bytes=1-2"), (.ifRange, "\"v1\"")])) == "206 el")
        #expect(server.requests.count == 1)
    }

    // MARK: - Malformed answers (each ends the connection)

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello", "HTTP/1.1 200 OK\r\nContent-Length: 5,5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\nhello", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\nhello",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\nhello",
        "HTTP/1.1 101 Switching Protocols\r\n\r\n", "HTTP/1.1 200\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 99 OK\r\nContent-Length: 5\r\n\r\nhello", "HTTP/1.1 2000 OK\r\nContent-Length: 5\r\n\r\nhello",
        "ICY 200 OK\r\nContent-Length: 5\r\n\r\nhello", "HTTP/1.1 200 OK\nContent-Length: 5\n\nhello",
        "HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nA: b\0c\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nA: b\rc\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nA : b\r\nContent-Length: 5\r\n\r\nhello", "garbage\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA: " + String(repeating: "x", count: 70_000) + "\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\n" + String(repeating: "A: b\r\n", count: 2000) + "Content-Length: 5\r\n\r\nhello",
        String(repeating: "HTTP/1.1 103 Early Hints\r\n\r\n", count: 1000) + whole,
    ])
    func aMalformedHeadFails(_ answer: String) throws {
        let (rig, server) = try bench([[.send(answer), .close], [.send(answer), .close]])
        defer { server.stop() }
        #expect(outcome(rig.fetch("a.txt")) == "malformed_framing")
        #expect(server.requests.count == 1)
    }

    @Test(
        arguments: [
            ("HTTP/1.1 206 P\r\nContent-Length: 2\r\nContent-Range: bytes 1-2/5\r\n\r\nel", nil),
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Range: bytes 1-2/5\r\n\r\nel", nil),
            ("HTTP/1.1 206 P\r\nContent-Length: 2\r\nContent-Range: bytes 2-3/5\r\n\r\nll", "bytes=1-2"),
            ("HTTP/1.1 206 P\r\nContent-Length: 3\r\nContent-Range: bytes 1-2/5\r\n\r\nell", "bytes=1-2"),
            ("HTTP/1.1 206 P\r\nContent-Length: 2\r\n\r\nel", "bytes=1-2"),
        ] as [(String, String?)])
    func anotherPartThanAskedForFails(_ answer: String, _ range: String?) throws {
        #expect(try outcome([.send(answer)], range.map { [(.range, $0)] } ?? []) == "malformed_range")
    }

    @Test func anUnaskedConditionFails() throws {
        for answer in ["HTTP/1.1 304 X\r\n\r\n", "HTTP/1.1 412 X\r\nContent-Length: 0\r\n\r\n"] {
            #expect(try outcome([.send(answer)]) == "malformed_unasked_status")
        }
    }

    @Test func aTruncatedBodyNeverLooksWhole() throws {
        for fault in [ScriptedServer.Step.close, .reset] {
            let short = try outcome([
                .send("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello"), .pause(milliseconds: 30), fault,
            ])
            #expect(short == "200 hello disconnected" || short == "200 hello malformed")
            let chunks = try outcome([
                .send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"), .pause(milliseconds: 30),
                fault,
            ])
            #expect(chunks == "200 hello disconnected" || chunks == "200 hello malformed")
        }
    }

    @Test(arguments: [
        "xyz\r\nhello\r\n0\r\n\r\n", "5\r\nhelloXX0\r\n\r\n", "5\nhello\n0\n\n", "-5\r\nhello\r\n0\r\n\r\n",
    ])
    func brokenChunksFail(_ chunks: String) throws {
        let broken = try outcome([.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks), .close])
        #expect(broken.hasSuffix("malformed") || broken == "malformed_framing", "\(broken)")
    }

    @Test func wellFormedChunksPass() throws {
        let chunks = "5;a=b\r\nhello\r\n6\r\n world\r\n0\r\nx-amz-checksum-crc32: x\r\n\r\n"
        let answer = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nx-amz-meta-my_key: \u{FC}\r\n\r\n"
        let whole = try outcome([.send(answer + chunks)])
        #expect(whole == "200 hello world")
    }

    @Test func bytesBehindTheEndEndTheConnection() throws {
        let poison = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"
        let (rig, server) = try bench([[.send(Self.whole + poison)], [.send(Self.whole)]])
        defer { server.stop() }
        #expect(outcome(rig.fetch("a.txt")) == "200 hello")
        #expect(outcome(rig.fetch("b.txt")) == "200 hello")
        #expect(server.accepted == 2)
    }

    @Test func aBodyBehindHeadOrNotModifiedIsNotTakenForAnAnswer() throws {
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
        let (rig, server) = try bench([[.send(head)], [.send(Self.whole)]])
        defer { server.stop() }
        #expect(outcome(rig.fetch("a.txt", isHead: true)) == "200")
        rig.turn(until: { false }, MonotonicTime.now() + Nanoseconds.milliseconds(50))
        #expect(outcome(rig.fetch("a.txt")) == "200 hello")

        let unchanged = "HTTP/1.1 304 X\r\nETag: \"v1\"\r\nContent-Length: 5\r\n\r\nhello"
        let second = try bench([[.send(unchanged)], [.send(Self.whole)]])
        defer { second.server.stop() }
        #expect(outcome(second.rig.fetch("a.txt", [(.ifNoneMatch, "\"v1\"")])) == "304")
        second.rig.turn(until: { false }, MonotonicTime.now() + Nanoseconds.milliseconds(50))
        #expect(outcome(second.rig.fetch("a.txt")) == "200 hello")
    }

    @Test func interimAnswersArePassedOver() throws {
        #expect(
            try outcome([.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + Self.whole)]
            ) == "200 hello")
    }

    @Test func aSlowServerIsWaitedFor() throws {
        let slow: [ScriptedServer.Step] = Self.whole.map { .send(String($0)) }.flatMap {
            [$0, .pause(milliseconds: 1)]
        }
        #expect(try outcome(slow) == "200 hello")
    }
}
