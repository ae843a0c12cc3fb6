import Glibc
import HTTP
import Posix
import Testing
import Transport

@Suite struct ServerLifecycleTests {
    // MARK: What is no request

    @Test(arguments: [
        ("GET /text HTTP/1.1\r\n\r\n", 400), ("NONSENSE\r\n\r\n", 400), ("GET /text HTTP/3.0\r\nHost: a\r\n\r\n", 505),
        ("GET /text HTTP/1.1\r\nHost: a\r\nX: " + String(repeating: "y", count: 40_000) + "\r\n\r\n", 431),
        ("GET /" + String(repeating: "y", count: 9000) + " HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        ("POST /text HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        ("POST /text HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
    ])
    func whatIsNoRequestIsAnsweredOnceAndEnds(request: String, status: Int) throws {
        let server = try ServerHarness()
        for before in ["", "GET /text HTTP/1.1\r\nHost: a\r\n\r\n"] {
            let client = try RawClient(server.address)
            client.send(before + request + "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
            if !before.isEmpty { #expect(client.response()?.status == 200) }
            let response = client.response()
            #expect(response?.status == status)
            #expect(response?.fields[.connection] == "close")
            #expect(client.readToEnd() == .end)
            #expect(client.received.isEmpty)
        }
        #expect(server.isClean())
        #expect(server.refusals == [status, status])
        #expect(server.onLoop { $0.handler.targets } == ["/text"])
        server.stop()
    }

    @Test func refusalReachesAClientThatStillSends() throws {
        let server = try ServerHarness()
        let client = try RawClient(server.address)
        client.send("NONSENSE\r\n")
        client.send([UInt8](repeating: 0x61, count: 500_000))
        #expect(client.response()?.status == 400)
        server.stop()
    }

    // MARK: The client leaves

    @Test func halfClosedClientStillGetsItsAnswer() throws {
        let server = try ServerHarness()
        for target in ["/text", "/later/30", "/sized/3000000"] {
            let client = try RawClient(server.address)
            client.send("GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n")
            client.finishSending()
            #expect(client.response()?.status == 200)
            #expect(client.readToEnd() == .end)
        }
        #expect(server.isClean())
        #expect(server.abandoned == 0)
        server.stop()
    }

    @Test func halfCloseWithinARequestEndsTheConnection() throws {
        let server = try ServerHarness()
        let client = try RawClient(server.address)
        client.send("GET /text HTTP/1.1\r\nHos")
        client.finishSending()
        #expect(client.readToEnd() == .end)
        #expect(server.isClean())
        server.stop()
    }

    @Test(arguments: [
        "", "GE", "GET /text HTTP/1.1\r\nHo", "POST /echo/9 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe",
        "GET /never HTTP/1.1\r\nHost: a\r\n\r\n", "GET /waiting/10 HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /sized/50000000 HTTP/1.1\r\nHost: a\r\n\r\n", "GET /chunked/50000000 HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /bytes/9000000 HTTP/1.1\r\nHost: a\r\n\r\n", "NONSENSE\r\n\r\n",
        "POST /text HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\nhe",
    ])
    func resetAtAnyPhaseLeavesNothingBehind(sent: String) throws {
        let server = try ServerHarness()
        for _ in 0..<3 {
            let client = try RawClient(server.address)
            client.send(sent)
            #expect(server.eventually { server.onLoop { $0.server.counters.accepted } > 0 })
            if sent.contains("sized") { client.read(upTo: 1000) }
            Thread.sleep(.milliseconds(5))
            client.reset()
        }
        #expect(server.isClean())
        let client = try RawClient(server.address)
        #expect(client.get("/text")?.status == 200)
        let begun = server.onLoop { $0.handler.targets.count }
        #expect(server.records.count == begun)
        if sent.contains("/never") || sent.contains("/waiting") || sent.contains("50000000") {
            #expect(server.abandoned == 3)
        }
        if sent.contains("/waiting") || sent.contains("50000000") {
            #expect(server.onLoop { $0.handler.cancelled } == 3)
        }
        server.stop()
    }

    // MARK: Deadlines

    private func shortLimits() -> ServerLimits {
        var limits = ServerLimits()
        limits.headTime = .milliseconds(80)
        limits.idleTime = .milliseconds(80)
        limits.writeIdleTime = .milliseconds(80)
        limits.handlerTime = .milliseconds(80)
        limits.lingerTime = .milliseconds(80)
        return limits
    }

    @Test func silentClientIsClosed() throws {
        let server = try ServerHarness(limits: shortLimits())
        let client = try RawClient(server.address)
        #expect(client.readToEnd() == .end)
        #expect(client.received.isEmpty)
        #expect(server.closed(.headTimeout) == 1)
        server.stop()
    }

    @Test func tricklingHeadIsCutAtAnAbsoluteTime() throws {
        let server = try ServerHarness(limits: shortLimits())
        for first in [false, true] {
            let client = try RawClient(server.address)
            if !first { #expect(client.get("/text")?.status == 200) }
            let start = MonotonicTime.now()
            let trickle = try Thread.spawn(name: "trickle") {
                for byte in "GET /text HTTP/1.1\r\nX-Slow: aaaaaaaaaaaaaaaaaaaaaa" {
                    client.send(String(byte))
                    Thread.sleep(.milliseconds(10))
                }
            }
            #expect(client.response()?.status == 408)
            #expect(MonotonicTime.now() - start < .milliseconds(300))
            trickle.join()
        }
        #expect(server.refusals == [408, 408])
        server.stop()
    }

    @Test func idleConnectionIsClosed() throws {
        let server = try ServerHarness(limits: shortLimits())
        let client = try RawClient(server.address)
        for _ in 0..<3 {
            #expect(client.get("/text")?.status == 200)
            Thread.sleep(.milliseconds(40))
        }
        let start = MonotonicTime.now()
        #expect(client.readToEnd() == .end)
        #expect(MonotonicTime.now() - start > .milliseconds(20))
        #expect(server.closed(.idleTimeout) == 1)
        server.stop()
    }

    @Test func clientThatDoesNotReadIsCut() throws {
        let server = try ServerHarness(limits: shortLimits())
        let client = try RawClient(server.address, receiveBuffer: 4096)
        client.send("GET /sized/50000000 HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(server.isClean())
        #expect(server.closed(.writeTimeout) == 1)
        #expect(server.onLoop { $0.handler.cancelled } == 1)
        #expect(server.records.map(\.outcome) == [.clientGone])
        _ = client
        server.stop()
    }

    @Test func handlerThatGoesOnTakingItsRequestIsNotCut() throws {
        var limits = ServerLimits()
        limits.handlerTime = .milliseconds(250)
        let server = try ServerHarness(limits: limits)
        let client = try RawClient(server.address)
        client.send("POST /pull/100000 HTTP/1.1\r\nHost: a\r\nContent-Length: 50000\r\n\r\n")
        client.send([UInt8](repeating: 0x61, count: 50_000))
        #expect(server.eventually { server.onLoop { $0.handler.pulled.count } == 1 })
        for _ in 0..<5 {
            Thread.sleep(.milliseconds(80))
            server.onLoop { world in
                var bytes: [UInt8] = []
                bytes.append(addingCapacity: 5000) { (out: inout OutputSpan<UInt8>) in
                    #expect(world.handler.pulled[0].read(into: &out) == .bytes)
                }
            }
        }
        #expect(server.closed(.stalled) == 0 && server.abandoned == 0)
        server.stop()
    }

    @Test func handlerThatNeverAnswersIsCut() throws {
        let server = try ServerHarness(limits: shortLimits())
        for target in ["/never", "/waiting/10"] {
            let client = try RawClient(server.address)
            client.send("GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = client.readToEnd()
        }
        #expect(server.isClean())
        #expect(server.closed(.stalled) == 2)
        #expect(server.abandoned == 2)
        server.stop()
    }

    @Test func endedConnectionLingersForAWhileOnly() throws {
        let server = try ServerHarness(limits: shortLimits())
        let client = try RawClient(server.address)
        client.send("NONSENSE\r\n\r\n")
        #expect(client.response()?.status == 400)
        #expect(server.connectionCount == 1)
        #expect(server.isClean())
        server.stop()
    }

    // MARK: Going down

    @Test func drainClosesIdleConnectionsAndFinishesWhatRuns() throws {
        var limits = ServerLimits()
        limits.drainIdleTime = .milliseconds(20)
        let server = try ServerHarness(limits: limits)
        let idle = try RawClient(server.address)
        #expect(idle.get("/text")?.status == 200)
        let running = try RawClient(server.address)
        running.send("GET /later/100 HTTP/1.1\r\nHost: a\r\n\r\nGET /text HTTP/1.1\r\nHost: a\r\n\r\n")
        let streaming = try RawClient(server.address)
        streaming.send("GET /waiting/10 HTTP/1.1\r\nHost: a\r\n\r\n")
        _ = streaming.takeHead()
        #expect(server.eventually { server.onLoop { $0.handler.targets.count } == 3 })
        let drained = Box<Bool>()
        server.onLoop { $0.server.drain(hardStopAfter: .seconds(20)) { drained.put(true) } }
        #expect(idle.readToEnd() == .end)
        #expect(throws: SystemError.self) {
            let socket = try Socket.connect(to: server.address)
            usleep(10_000)
            if let error = socket.connectionError() { throw error }
        }
        let last = running.response()
        #expect(last?.text == "later")
        #expect(last?.fields[.connection] == "close")
        #expect(running.readToEnd() == .end)
        server.onLoop { $0.handler.waiting[0].goOn() }
        while streaming.received.count < 10, streaming.read() == .bytes {}
        #expect(streaming.readToEnd() == .end)
        #expect(drained.take())
        #expect(server.connectionCount == 0)
        server.executor.stop()
    }

    @Test func drainAnswersWhatHasArrived() throws {
        let server = try ServerHarness()
        let client = try RawClient(server.address)
        #expect(client.get("/text")?.status == 200)
        server.onLoop { world in
            client.send("GET /text HTTP/1.1\r\nHost: a\r\n\r\n")
            usleep(5000)
            world.server.drain(hardStopAfter: .seconds(20)) {}
        }
        let response = client.response()
        #expect(response?.text == "text for /text")
        #expect(response?.fields[.connection] == "close")
        server.executor.stop()
    }

    @Test func drainAnswersOneMoreRequestOfAnIdleConnection() throws {
        let server = try ServerHarness()
        let asks = try RawClient(server.address)
        let isSilent = try RawClient(server.address)
        #expect(asks.get("/text")?.status == 200)
        #expect(isSilent.get("/text")?.status == 200)
        server.onLoop { $0.server.drain(hardStopAfter: .seconds(20)) {} }
        Thread.sleep(.milliseconds(100))
        let response = asks.get("/text")
        #expect(response?.text == "text for /text")
        #expect(response?.fields[.connection] == "close")
        #expect(asks.readToEnd() == .end)
        let start = MonotonicTime.now()
        #expect(isSilent.readToEnd() == .end)
        #expect(MonotonicTime.now() - start > .seconds(1))
        isSilent.reset()
        #expect(server.eventually { server.closed(.drain) == 2 })
        server.executor.stop()
    }

    @Test func aResponseThatBeganBeforeTheDrainIsNotTheLastOfItsConnection() throws {
        let server = try ServerHarness()
        let client = try RawClient(server.address)
        client.send("GET /waiting/10 HTTP/1.1\r\nHost: a\r\n\r\n")
        let head = client.takeHead()
        #expect(head.hasPrefix("HTTP/1.1 200") && !head.contains("close"))
        server.onLoop { world in
            world.server.drain(hardStopAfter: .seconds(20)) {}
            world.handler.waiting[0].goOn()
        }
        while client.received.count < 10, client.read() == .bytes {}
        client.drop()
        let response = client.get("/text")
        #expect(response?.text == "text for /text")
        #expect(response?.fields[.connection] == "close")
        #expect(client.readToEnd() == .end)
        server.executor.stop()
    }

    @Test func drainServesWhoWaitsToBeAccepted() throws {
        let server = try ServerHarness()
        let clients = server.onLoop { world in
            let clients = (0..<5).map { _ in try! RawClient(server.address) }
            world.server.drain(hardStopAfter: .seconds(20)) {}
            return clients
        }
        for client in clients.dropLast() {
            let response = client.get("/text")
            #expect(response?.text == "text for /text")
            #expect(response?.fields[.connection] == "close")
        }
        // Who says nothing does not hold it up for long.
        let start = MonotonicTime.now()
        #expect(clients.last!.readToEnd() == .end)
        #expect(MonotonicTime.now() - start < .seconds(4))
        server.executor.stop()
    }

    @Test func drainEndsAtTheHardStop() throws {
        let server = try ServerHarness()
        let client = try RawClient(server.address)
        client.send("GET /never HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(server.eventually { server.onLoop { $0.handler.targets.count } == 1 })
        let drained = Box<Bool>()
        server.onLoop { $0.server.drain(hardStopAfter: .milliseconds(50)) { drained.put(true) } }
        #expect(drained.take())
        #expect(server.abandoned == 1)
        #expect(server.records.map(\.outcome) == [.draining])
        _ = client.readToEnd()
        server.executor.stop()
    }

    // MARK: Limits of connections

    @Test func connectionsBeyondTheLimitAreClosedAtOnce() throws {
        var limits = ServerLimits()
        limits.connections = 3
        let server = try ServerHarness(limits: limits)
        var busy: [RawClient] = []
        for _ in 0..<3 {
            let client = try RawClient(server.address)
            client.send("GET /never HTTP/1.1\r\nHost: a\r\n\r\n")
            busy.append(client)
        }
        #expect(server.eventually { server.onLoop { $0.handler.targets.count } == 3 })
        let refused = try RawClient(server.address)
        #expect(refused.readToEnd() != .timeout)
        #expect(server.closed(.connections) == 1)
        busy.removeLast()
        busy[0].reset()
        #expect(server.eventually { server.connectionCount < 3 })
        let client = try RawClient(server.address)
        #expect(client.get("/text")?.status == 200)
        server.stop()
    }

    @Test func idleConnectionMakesRoomForANewOne() throws {
        var limits = ServerLimits()
        limits.connections = 2
        let server = try ServerHarness(limits: limits)
        let busy = try RawClient(server.address)
        busy.send("GET /never HTTP/1.1\r\nHost: a\r\n\r\n")
        let idle = try RawClient(server.address)
        #expect(idle.get("/text")?.status == 200)
        #expect(server.eventually { server.onLoop { $0.handler.targets.count } == 2 })
        let client = try RawClient(server.address)
        #expect(client.get("/text")?.status == 200)
        #expect(idle.readToEnd() == .end)
        #expect(server.closed(.displaced) == 1)
        server.stop()
    }

    // MARK: Addresses

    @Test func ipv6IsServed() throws {
        let server = try ServerHarness("[::1]:0")
        let client = try RawClient(server.address)
        #expect(client.get("/info")?.text == "false - test ::1")
        server.stop()
    }

    @Test func unixSocketIsServed() throws {
        let path = "/tmp/postern-\(getpid())-\(UInt32.random(in: 0 ... .max)).sock"
        defer { unlink(path) }
        let server = try ServerHarness("unix:\(path)")
        let client = try RawClient(SocketAddress("unix:\(path)")!)
        #expect(client.get("/info")?.text == "false - test unix")
        #expect(client.get("/sized/5000000")?.body == PatternSource.bytes(5_000_000))
        client.send("GET /never HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(server.eventually { server.onLoop { $0.handler.parked.count } == 1 })
        client.reset()
        #expect(server.isClean())
        #expect(server.abandoned == 1)
        server.stop()
    }

    @Test func listenersOfOneUnixSocketShareIt() throws {
        let path = "/tmp/postern-\(getpid())-\(UInt32.random(in: 0 ... .max)).sock"
        defer { unlink(path) }
        let server = try ServerHarness("unix:\(path)")
        server.onLoop { world in
            let copy = try! world.listener.duplicateSocket()
            try! world.server.listen(on: copy, handler: world.handler, name: "second")
        }
        for _ in 0..<20 {
            let client = try RawClient(server.address)
            #expect(client.get("/text")?.status == 200)
        }
        server.stop()
    }
}
