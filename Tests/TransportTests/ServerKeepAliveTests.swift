import HTTP
import Posix
import Testing
import Transport

@Suite struct ServerKeepAliveTests {
    @Test func oneConnectionCarriesManyRequests() throws {
        let server = try ServerHarness()
        let client = try RawClient(server.address)
        for index in 0..<20 {
            let response = client.get("/text/\(index)")
            #expect(response?.status == 200)
            #expect(response?.text == "text for /text/\(index)")
            #expect(response?.fields[.date]?.hasSuffix(" GMT") == true)
            #expect(response?.fields[.connection] == nil)
        }
        #expect(server.connectionCount == 1)
        #expect(server.records.count == 20)
        #expect(server.records.allSatisfy { $0.status == 200 && $0.bytes > 0 && $0.peer == "127.0.0.1" })
        server.stop()
    }

    @Test func clientThatAsksForTheEndGetsIt() throws {
        let server = try ServerHarness()
        let client = try RawClient(server.address)
        let response = client.get("/text", fields: "Connection: close\r\n")
        #expect(response?.fields[.connection] == "close")
        #expect(client.readToEnd() == .end)
        #expect(server.isClean())
        server.stop()
    }

    @Test func pipelinedRequestsAreAnsweredInOrderWhateverTheirTime() throws {
        let server = try ServerHarness()
        let client = try RawClient(server.address)
        let targets = ["/later/30", "/text/1", "/sized/100000", "/later/1", "/text/2", "/chunked/70000", "/text/3"]
        client.send(targets.map { "GET \($0) HTTP/1.1\r\nHost: a\r\n\r\n" }.joined())
        #expect(client.response()?.text == "later")
        #expect(client.response()?.text == "text for /text/1")
        #expect(client.response()?.body == PatternSource.bytes(100000))
        #expect(client.response()?.text == "later")
        #expect(client.response()?.text == "text for /text/2")
        #expect(client.response()?.body == PatternSource.bytes(70000))
        #expect(client.response()?.text == "text for /text/3")
        server.stop()
    }

    @Test func nextRequestIsNotLookedAtBeforeTheLastResponseIsOut() throws {
        let server = try ServerHarness()
        let client = try RawClient(server.address)
        client.send("GET /never HTTP/1.1\r\nHost: a\r\n\r\nGET /text HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(server.eventually { server.onLoop { $0.handler.targets } == ["/never"] })
        Thread.sleep(.milliseconds(20))
        #expect(server.onLoop { $0.handler.targets } == ["/never"])
        server.onLoop { world in
            world.server.exchanges[world.handler.parked[0]]!.respond(Response(status: 200), body: .empty)
        }
        #expect(client.response()?.status == 200)
        #expect(client.response()?.text == "text for /text")
        server.stop()
    }

    @Test func tenThousandPipelinedRequestsAreAllAnswered() throws {
        let server = try ServerHarness()
        let client = try RawClient(server.address)
        let count = 10_000
        let sender = try Thread.spawn(name: "sender") {
            let one = Array("GET /text HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
            var all: [UInt8] = []
            for _ in 0..<count { all += one }
            client.send(all)
        }
        let whole = "text for /text"
        var answered = 0
        while answered < count {
            guard client.read() == .bytes else { break }
            // Counted without a parser for the sake of time; the body's text occurs once in a response.
            answered = client.count(of: whole)
        }
        sender.join()
        #expect(answered == count)
        #expect(server.eventually { server.records.count == count })
        server.stop()
    }

    @Test(arguments: [
        "GET /text HTTP/1.1\r\nHost: a.test\r\nX-A: b\r\n\r\n",
        "POST /echo/100 HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nhello world",
        "POST /echo/100 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
    ])
    func requestMayArriveSplitAnywhere(request: String) throws {
        let server = try ServerHarness()
        let client = try RawClient(server.address)
        let bytes = Array(request.utf8)
        for split in 1..<bytes.count {
            client.send(Array(bytes[..<split]))
            // Lets the server see the first part alone in most cases; the loop must have turned.
            _ = server.onLoop { _ in 0 }
            client.send(Array(bytes[split...]))
            let response = client.response()
            #expect(response?.status == 200, "split at \(split)")
            #expect(response?.text == (request.hasPrefix("GET") ? "text for /text" : "hello world"))
        }
        server.stop()
    }

    @Test func requestMayArriveByteByByte() throws {
        let server = try ServerHarness()
        let client = try RawClient(server.address)
        for byte in "POST /echo/9 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello".utf8 {
            client.send([byte])
            _ = server.onLoop { _ in 0 }
        }
        #expect(client.response()?.text == "hello")
        server.stop()
    }

    @Test func lastRequestOfAConnectionSaysSo() throws {
        var limits = ServerLimits()
        limits.requestsPerConnection = 2
        let server = try ServerHarness(limits: limits)
        let client = try RawClient(server.address)
        #expect(client.get("/text")?.fields[.connection] == nil)
        #expect(client.get("/text")?.fields[.connection] == "close")
        #expect(client.readToEnd() == .end)
        server.stop()
    }

    @Test func clientMayLeaveBetweenRequests() throws {
        let server = try ServerHarness()
        do {
            let client = try RawClient(server.address)
            #expect(client.get("/text")?.status == 200)
        }
        #expect(server.isClean())
        #expect(server.closed(.client) == 1)
        server.stop()
    }

    @Test func http10IsAnsweredAndClosed() throws {
        let server = try ServerHarness()
        let client = try RawClient(server.address)
        client.send("GET /text HTTP/1.0\r\nHost: a\r\n\r\n")
        #expect(client.readToEnd() == .end)
        let text = String(decoding: client.received, as: UTF8.self)
        #expect(text.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(text.contains("connection: close\r\n"))
        #expect(text.hasSuffix("\r\n\r\ntext for /text"))
        #expect(server.records.first?.version == "1.0")
        server.stop()
    }
}
