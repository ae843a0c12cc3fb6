import Posix
import TLS
import Testing

@testable import Transport

/// Connections that begin with a PROXY header.
struct ServerProxyHeaderTests {
    static let line = "PROXY TCP4 192.0.2.7 10.0.0.1 12345 443\r\n"
    static let request = "GET /info HTTP/1.1\r\nHost: a\r\n\r\n"

    func server(tls: TLSServerContext? = nil, limits: ServerLimits = ServerLimits(), trusts: Bool = true) throws
        -> ServerHarness
    {
        let server = try ServerHarness(tls: tls, limits: limits)
        server.onLoop {
            $0.listener.expectsProxyHeader = true
            $0.server.isTrustedProxy = { _ in trusts }
        }
        return server
    }

    @Test func theClientIsTheOneThatTheHeaderNames() throws {
        let server = try server()
        let client = try RawClient(server.address)
        client.send(Self.line + Self.request + Self.request)
        #expect(client.response()?.text == "false - test 192.0.2.7")
        #expect(client.response()?.text == "false - test 192.0.2.7")
        #expect(server.records.map(\.peer) == ["192.0.2.7", "192.0.2.7"])
        server.stop()
    }

    @Test func headerAndRequestMayComeInSingleBytes() throws {
        let server = try server()
        for header in [Array(Self.line.utf8), ProxyHeaderTests.binary(0x21, ProxyHeaderTests.v6)] {
            let client = try RawClient(server.address)
            for byte in header + Array(Self.request.utf8) { client.send([byte]) }
            let expected = header[0] == 13 ? "2001:db8::9" : "192.0.2.7"
            #expect(client.response()?.text == "false - test \(expected)")
        }
        server.stop()
    }

    @Test func proxysOwnConnectionsKeepTheProxysAddress() throws {
        let server = try server()
        for header in [Array("PROXY UNKNOWN\r\n".utf8), ProxyHeaderTests.binary(0x20, 0, [])] {
            let client = try RawClient(server.address)
            client.send(header + Array(Self.request.utf8))
            #expect(client.response()?.text == "false - test 127.0.0.1")
        }
        server.stop()
    }

    @Test func tlsFollowsTheHeader() throws {
        let server = try server(tls: ServerCertificate.context)
        let client = try TLSClient(server.address, "docs.example.com", header: Array(Self.line.utf8))
        #expect(client.get("/info") == "true docs.example.com test 192.0.2.7")
        server.stop()
    }

    @Test func whoIsNotTrustedIsClosedUnread() throws {
        let server = try server(trusts: false)
        let client = try RawClient(server.address)
        client.send(Self.line + Self.request)
        #expect(client.readToEnd() != .timeout)
        #expect(client.received.isEmpty)
        #expect(server.eventually { server.closed(.proxy) == 1 })
        #expect(server.refusals == [0])
        #expect(server.isClean())
        server.stop()
    }

    @Test(arguments: ["GET /info HTTP/1.1\r\nHost: a\r\n\r\n", "PROXY TCP4 a b 1 2\r\n", "PROXY UNKNOWN"])
    func connectionWithoutHeaderThatHoldsIsClosed(_ text: String) throws {
        let server = try server()
        let client = try RawClient(server.address)
        client.send(text)
        client.finishSending()
        #expect(client.readToEnd() != .timeout)
        #expect(client.received.isEmpty)
        #expect(server.eventually { server.closed(.proxy) == 1 })
        #expect(server.isClean())
        server.stop()
    }

    @Test func headerHasAnAbsoluteTime() throws {
        var limits = ServerLimits()
        limits.headTime = .milliseconds(80)
        let server = try server(limits: limits)
        let client = try RawClient(server.address)
        let trickle = try Thread.spawn(name: "trickle") {
            for byte in Self.line.dropLast(2) {
                client.send(String(byte))
                Thread.sleep(.milliseconds(10))
            }
        }
        #expect(client.readToEnd() != .timeout)
        #expect(server.closed(.headTimeout) == 1)
        trickle.join()
        server.stop()
    }

    @Test func drainServesAConnectionBeforeItsHeader() throws {
        let server = try server()
        let client = try RawClient(server.address)
        let isSilent = try RawClient(server.address)
        #expect(server.eventually { server.connectionCount == 2 })
        let drained = Box<Bool>()
        server.onLoop { $0.server.drain(hardStopAfter: .seconds(5)) { drained.put(true) } }
        client.send(Self.line + "GET /text HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(client.response()?.status == 200)
        #expect(client.readToEnd() == .end)
        #expect(isSilent.readToEnd() != .timeout)
        #expect(drained.take())
        #expect(server.closed(.drain) == 2)
        server.executor.stop()
    }
}
