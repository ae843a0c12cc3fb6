import HTTP
import Posix
import Testing
import Transport

/// Responses that their connection's end ends.
@Suite struct ClientUntilCloseTests {
    private func fetch(_ text: String, takes: Bool = true, method: HTTP.Method = .get, resets: Bool = false) throws
        -> ClientTestHandler
    {
        var limits = ClientLimits()
        limits.takesUntilClose = takes
        let bench = try ClientTestBench(limits: limits)
        let handler = ClientTestHandler()
        let server = try ClientTestServer(bench.loop) { peer, _ in
            peer.send(text)
            if !resets { peer.close() }
        }
        _ = bench.get("/", server.endpoint(), method: method, handler)
        if resets {
            bench.turn { !handler.body.isEmpty }
            server.connections[0].reset()
        }
        bench.turn { handler.isDone }
        #expect(bench.client.connections.open == 0)
        return handler
    }

    @Test(arguments: [
        "HTTP/1.0 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n",
    ])
    func contentMayEndWithItsConnection(_ head: String) throws {
        let body = String(repeating: "content ", count: 50_000)
        let handler = try fetch(head + body)
        #expect(handler.end == .end && handler.text == body && handler.source?.length == nil)
        #expect(try fetch(head).end == .end)
    }

    @Test func onlyWhereThatIsAskedFor() throws {
        #expect(try fetch("HTTP/1.1 200 OK\r\n\r\nabc", takes: false).error == .malformed(.missingFraming))
    }

    @Test func aResetIsNoEnd() throws {
        #expect(try fetch("HTTP/1.1 200 OK\r\n\r\nabc", resets: true).end == .failed(.disconnected))
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    ])
    func whatIsFramedOtherwiseIsCutByIt(_ text: String) throws {
        let handler = try fetch(text)
        guard case .failed = handler.end else {
            Issue.record("\(String(describing: handler.end))")
            return
        }
    }
}
