import HTTP
import Posix
import Testing
import Transport

@Suite struct ServerRequestBodyTests {
    private func post(_ target: String, _ body: String, fields: String = "") -> String {
        "POST \(target) HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.utf8.count)\r\n\(fields)\r\n\(body)"
    }

    private func chunks(_ target: String, _ body: String) -> String {
        "POST \(target) HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            + body.map { "1\r\n\($0)\r\n" }.joined() + "0\r\n\r\n"
    }

    @Test func bodyIsReadUpToItsLimit() throws {
        let server = try ServerHarness()
        let client = try RawClient(server.address)
        for request in [post("/echo/5", "hello"), chunks("/echo/5", "hello")] {
            client.send(request)
            #expect(client.response()?.text == "hello")
        }
        client.send("POST /echo/5 HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(client.response()?.text == "")
        #expect(server.connectionCount == 1)
        server.stop()
    }

    @Test func bodyBeyondTheLimitIsRefused() throws {
        let server = try ServerHarness()
        do {
            let client = try RawClient(server.address)
            // Announced and small: dropped, and the connection kept.
            client.send(post("/echo/4", "hello"))
            #expect(client.response()?.status == 413)
            client.send(chunks("/echo/4", "hello"))
            let response = client.response()
            #expect(response?.status == 413)
            #expect(response?.fields[.connection] == "close")
            #expect(client.readToEnd() == .end)
        }
        #expect(server.isClean())
        #expect(server.onLoop { $0.handler.bodyFailures } == [.tooLarge, .tooLarge])
        server.stop()
    }

    @Test func smallBodyThatNobodyWantsIsSkipped() throws {
        let server = try ServerHarness()
        let client = try RawClient(server.address)
        client.send(post("/text", "hello") + post("/text", String(repeating: "x", count: 60_000)))
        for _ in 0..<2 {
            let response = client.response()
            #expect(response?.text == "text for /text")
            #expect(response?.fields[.connection] == nil)
        }
        #expect(client.get("/text")?.status == 200)
        server.stop()
    }

    @Test func largeOrChunkedBodyThatNobodyWantsEndsTheConnection() throws {
        let server = try ServerHarness()
        for request in [post("/text", String(repeating: "x", count: 300_000)), chunks("/text", "hello")] {
            let client = try RawClient(server.address)
            client.send(request + "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
            let response = client.response()
            #expect(response?.text == "text for /text")
            #expect(response?.fields[.connection] == "close")
            #expect(client.readToEnd() == .end)
        }
        #expect(server.onLoop { $0.handler.targets } == ["/text", "/text"])
        #expect(server.isClean())
        server.stop()
    }

    @Test func clientIsToldToGoOnOnlyWhenItsBodyIsWanted() throws {
        let server = try ServerHarness()
        let client = try RawClient(server.address)
        let expects = "POST /echo/10 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
        client.send(expects)
        #expect(client.takeHead() == "HTTP/1.1 100 Continue\r\n")
        client.send("hello")
        #expect(client.response()?.text == "hello")
        // A client that does not wait need not be told.
        client.send(expects + "hello")
        let second = client.response()
        #expect(second?.text == "hello")
        #expect(second?.interim == [])
        // A final answer without a 100: whether the body will come cannot be known.
        client.send(expects.replacing("/echo/10", with: "/echo/2"))
        let third = client.response()
        #expect(third?.status == 413)
        #expect(third?.interim == [])
        #expect(third?.fields[.connection] == "close")
        #expect(client.readToEnd() == .end)
        server.stop()
    }

    @Test func otherExpectationsAreRefused() throws {
        let server = try ServerHarness()
        let client = try RawClient(server.address)
        client.send("GET /text HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n")
        #expect(client.response()?.status == 417)
        #expect(server.refusals == [417])
        server.stop()
    }

    @Test func malformedChunksEndInARefusal() throws {
        let server = try ServerHarness()
        let client = try RawClient(server.address)
        client.send("POST /echo/10 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
        let response = client.response()
        #expect(response?.status == 400)
        #expect(response?.fields[.connection] == "close")
        #expect(client.readToEnd() == .end)
        #expect(server.onLoop { $0.handler.bodyFailures } == [.malformed])
        server.stop()
    }

    @Test func bodyThatBreaksOffIsAbandoned() throws {
        let server = try ServerHarness()
        do {
            let client = try RawClient(server.address)
            client.send("POST /echo/10 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe")
            #expect(server.eventually { server.onLoop { $0.handler.targets.count } == 1 })
        }
        #expect(server.isClean())
        #expect(server.onLoop { $0.handler.bodyFailures } == [.disconnected])
        #expect(server.abandoned == 1)
        #expect(server.records.map(\.outcome) == [.clientGone])
        server.stop()
    }

    @Test func bodyThatStallsTimesOut() throws {
        var limits = ServerLimits()
        limits.bodyIdleTime = .milliseconds(60)
        let server = try ServerHarness(limits: limits)
        let client = try RawClient(server.address)
        client.send("POST /echo/10 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n")
        for byte in "hel" {
            client.send(String(byte))
            Thread.sleep(.milliseconds(30))
        }
        #expect(client.response()?.status == 408)
        #expect(client.readToEnd() == .end)
        #expect(server.onLoop { $0.handler.bodyFailures } == [.timedOut])
        server.stop()
    }
}
