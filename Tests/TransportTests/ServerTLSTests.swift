import Glibc
import HTTP
import Posix
import TLS
import Testing
import Transport

@Suite struct ServerTLSTests {
    @Test func requestsAreAnsweredOverTLS() throws {
        let server = try ServerHarness(tls: ServerCertificate.context)
        let client = try TLSClient(server.address, "docs.example.com")
        #expect(client.get("/info") == "true docs.example.com test 127.0.0.1")
        for index in 0..<10 { #expect(client.get("/text/\(index)") == "text for /text/\(index)") }
        #expect(server.onLoop { $0.server.counters.handshakes } == 1)
        server.stop()
    }

    @Test(arguments: [1, 16_384, 65_536, 70_000, 5_000_000])
    func bodiesArriveWholeOverTLS(size: Int) throws {
        let server = try ServerHarness(tls: ServerCertificate.context)
        let client = try TLSClient(server.address, "docs.example.com")
        let expected = PatternSource.bytes(size)
        for kind in ["sized", "chunked", "bytes"] {
            client.send("GET /\(kind)/\(size) HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(client.response()?.body == expected, "\(kind)")
        }
        server.stop()
    }

    @Test func pipelinedRequestsAndBodiesArriveOverTLS() throws {
        let server = try ServerHarness(tls: ServerCertificate.context)
        let client = try TLSClient(server.address, "docs.example.com")
        let body = String(repeating: "x", count: 40_000)
        client.send(
            "GET /later/20 HTTP/1.1\r\nHost: a\r\n\r\n"
                + "POST /echo/50000 HTTP/1.1\r\nHost: a\r\nContent-Length: 40000\r\n\r\n\(body)"
                + "GET /text HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        #expect(client.response()?.text == "later")
        #expect(client.response()?.text == body)
        #expect(client.response()?.text == "text for /text")
        #expect(client.readToEnd() == .closed)
        #expect(server.isClean())
        server.stop()
    }

    @Test func failingBodyEndsWithoutCloseNotify() throws {
        let server = try ServerHarness(tls: ServerCertificate.context)
        let client = try TLSClient(server.address, "docs.example.com")
        client.send("GET /failing/500/100 HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(client.readToEnd() != .closed)
        server.stop()
    }

    @Test func handshakeThatStallsIsCut() throws {
        var limits = ServerLimits()
        limits.handshakeTime = .milliseconds(60)
        let server = try ServerHarness(tls: ServerCertificate.context, limits: limits)
        for bytes: [UInt8] in [[], [0x16, 3, 1, 2, 0, 1]] {
            let client = try RawClient(server.address)
            client.send(bytes)
            #expect(client.readToEnd() != .timeout)
        }
        #expect(server.isClean())
        #expect(server.closed(.tlsHandshakeTimeout) == 2)
        server.stop()
    }

    @Test func plainTextOnATLSPortIsToldSo() throws {
        var limits = ServerLimits()
        limits.lingerTime = .milliseconds(50)
        let server = try ServerHarness(tls: ServerCertificate.context, limits: limits)
        let client = try RawClient(server.address)
        client.send("GET /text HTTP/1.1\r\nHost: a\r\n\r\n")
        let response = client.response()
        #expect(response?.status == 400)
        #expect(response?.text == "This port speaks HTTPS, not HTTP.\n")
        #expect(client.readToEnd() == .end)
        #expect(server.onLoop { $0.handler.targets }.isEmpty)
        #expect(server.eventually { server.closed(.tls) == 1 })
        server.stop()
    }

    @Test func noiseOnATLSPortIsClosed() throws {
        let server = try ServerHarness(tls: ServerCertificate.context)
        let client = try RawClient(server.address)
        client.send([UInt8](repeating: 0xFF, count: 1000))
        #expect(client.readToEnd() != .timeout)
        server.stop()
    }

    @Test func resetWithinTheHandshakeLeavesNothingBehind() throws {
        let server = try ServerHarness(tls: ServerCertificate.context)
        for bytes: [UInt8] in [[], [0x16], [0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC]] {
            let client = try RawClient(server.address)
            client.send(bytes)
            Thread.sleep(.milliseconds(5))
            client.reset()
        }
        #expect(server.isClean())
        server.stop()
    }

    @Test func exchangedCertificateServesNewConnections() throws {
        let server = try ServerHarness(tls: ServerCertificate.context)
        let old = try TLSClient(server.address, "docs.example.com")
        #expect(old.get("/text") == "text for /text")
        let other = try ServerCertificate.make("new.example.com")
        let context = try TLSServerContext(certificates: [other], alpn: ["http/1.1"])
        let trust = try TLSClientContext(caPEM: other.chainPEM, systemRoots: false)
        server.onLoop { $0.listener.tls = context }
        let new = try TLSClient(server.address, "new.example.com", context: trust)
        #expect(new.get("/text") == "text for /text")
        #expect(old.get("/text") == "text for /text")
        server.stop()
    }
}
