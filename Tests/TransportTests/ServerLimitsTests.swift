import Posix
import Testing

@testable import Transport

/// Limits that the connections of all workers share, and how slow a client may be.
struct ServerLimitsTests {
    func server(_ limits: ServerLimits = ServerLimits(), census: ConnectionCensus) throws -> ServerHarness {
        let server = try ServerHarness(limits: limits)
        server.onLoop { $0.server.census = census }
        return server
    }

    @Test func connectionsOfOneAddressBeyondItsLimitAreClosedAtOnce() throws {
        let census = ConnectionCensus(limit: 100, limitPerAddress: 2)
        let server = try server(census: census)
        let clients = try (0..<2).map { _ in try RawClient(server.address) }
        for client in clients { #expect(client.get("/text")?.status == 200) }
        let third = try RawClient(server.address)
        #expect(third.readToEnd() != .timeout)
        #expect(server.closed(.connectionsPerAddress) == 1)
        clients[0].reset()
        #expect(server.eventually { server.connectionCount == 1 })
        #expect(try RawClient(server.address).get("/text")?.status == 200)
        _ = clients
        server.stop()
        #expect(census.count == 0 && census.addressCount == 0)
    }

    @Test func clientsBehindProxyHeadersHaveTheirOwnLimits() throws {
        let census = ConnectionCensus(limit: 100, limitPerAddress: 1) { $0.isLoopback }
        let server = try server(census: census)
        server.onLoop {
            $0.listener.expectsProxyHeader = true
            $0.server.isTrustedProxy = { _ in true }
        }
        func open(_ client: String) throws -> RawClient {
            let one = try RawClient(server.address)
            one.send("PROXY TCP4 \(client) 10.0.0.1 1 1\r\nGET /text HTTP/1.1\r\nHost: a\r\n\r\n")
            return one
        }
        let first = try open("192.0.2.1")
        #expect(first.response()?.status == 200)
        #expect(try open("192.0.2.2").response()?.status == 200)
        let again = try open("192.0.2.1")
        #expect(again.readToEnd() != .timeout)
        #expect(again.received.isEmpty)
        #expect(server.closed(.connectionsPerAddress) == 1)
        first.reset()
        #expect(server.eventually { census.addressCount == 0 })
        server.stop()
        #expect(census.count == 0)
    }

    @Test func listenersShareOneSum() throws {
        let census = ConnectionCensus(limit: 2, limitPerAddress: 100)
        let one = try server(census: census), other = try server(census: census)
        let busy = try RawClient(one.address)
        busy.send("GET /never HTTP/1.1\r\nHost: a\r\n\r\n")
        let idle = try RawClient(other.address)
        #expect(idle.get("/text")?.status == 200)
        #expect(one.eventually { census.count == 2 })
        #expect(try RawClient(one.address).readToEnd() != .timeout, "nobody idle here who could make room")
        #expect(one.closed(.connections) == 1)
        #expect(try RawClient(other.address).get("/text")?.status == 200, "the idle one makes room")
        #expect(other.closed(.displaced) == 1)
        one.stop()
        other.stop()
        #expect(census.count == 0 && census.addressCount == 0)
    }

    // MARK: Pace

    func slow(_ rate: Int) -> ServerLimits {
        var limits = ServerLimits()
        limits.writeIdleTime = .milliseconds(200)
        limits.minWriteRate = rate
        return limits
    }

    @Test func readerThatKeepsThePaceGetsItAll() throws {
        let server = try ServerHarness(limits: slow(20_000))
        let client = try RawClient(server.address, receiveBuffer: 65536)
        client.send("GET /sized/3000000 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        var count = 0
        for _ in 0..<60 {
            #expect(client.read(upTo: 16384) == .bytes)
            count += client.received.count
            client.drop()
            Thread.sleep(.milliseconds(20))
        }
        while client.read() == .bytes {
            count += client.received.count
            client.drop()
        }
        #expect(count > 3_000_000)
        #expect(server.isClean())
        #expect(server.closed(.minWriteRate) == 0 && server.closed(.writeTimeout) == 0)
        server.stop()
    }

    @Test func readerBelowThePaceIsCutAlthoughItNeverStops() throws {
        let server = try ServerHarness(limits: slow(20_000_000))
        let client = try RawClient(server.address, receiveBuffer: 65536)
        client.send("GET /sized/90000000 HTTP/1.1\r\nHost: a\r\n\r\n")
        let start = MonotonicTime.now()
        while client.read(upTo: 16384) == .bytes {
            client.drop()
            Thread.sleep(.milliseconds(10))
            guard MonotonicTime.now() - start < .seconds(5), server.connectionCount > 0 else { break }
        }
        #expect(server.isClean())
        #expect(server.closed(.minWriteRate) == 1)
        server.stop()
    }

    @Test func bodyThatTricklesIsCutAlthoughItNeverStops() throws {
        var limits = ServerLimits()
        limits.bodyIdleTime = .milliseconds(100)
        limits.minReadRate = 10_000
        let server = try ServerHarness(limits: limits)
        let client = try RawClient(server.address)
        client.send("POST /echo/1000 HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n")
        let start = MonotonicTime.now()
        let trickle = try Thread.spawn(name: "trickle") {
            for _ in 0..<60 {
                client.send("x")
                Thread.sleep(.milliseconds(20))
            }
        }
        #expect(client.response()?.status == 408)
        #expect(MonotonicTime.now() - start < .milliseconds(700))
        trickle.join()
        server.stop()
    }

    // MARK: A whole request

    @Test func requestThatTakesTooLongIsCut() throws {
        var limits = ServerLimits()
        limits.requestTime = .milliseconds(150)
        let server = try ServerHarness(limits: limits)
        for (index, target) in ["/never", "/waiting/100", "/sized/50000000"].enumerated() {
            let client = try RawClient(server.address, receiveBuffer: 4096)
            client.send("GET /text HTTP/1.1\r\nHost: a\r\n\r\nGET \(target) HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(client.response()?.status == 200)
            #expect(server.eventually { server.closed(.requestTimeout) == index + 1 }, "\(target)")
            #expect(server.records.last?.outcome == .limited)
        }
        #expect(server.isClean())
        server.stop()
    }

    @Test func keptConnectionHasATimeForEachRequest() throws {
        var limits = ServerLimits()
        limits.requestTime = .milliseconds(150)
        let server = try ServerHarness(limits: limits)
        let client = try RawClient(server.address)
        for _ in 0..<5 {
            #expect(client.get("/later/60")?.status == 200)
        }
        #expect(server.closed(.requestTimeout) == 0)
        server.stop()
    }
}
