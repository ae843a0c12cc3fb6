import HTTP
import Posix
import Reactor
import Synchronization
import Testing
import Transport

// MARK: - Requests and responses

@Test func requestIsSentByteForByte() throws {
    let bench = try ClientTestBench()
    let server = try ClientTestServer(bench.loop) { peer, _ in peer.respond("hello") }
    let handler = ClientTestHandler()
    let request = ClientRequest(
        method: .post, target: "/a%20b?c=d", host: "example.com:81", fields: [.accept: "*/*"], body: Array("x=1".utf8))
    bench.client.send(request, to: server.endpoint(), handler: handler)
    bench.turn { handler.isDone }
    #expect(
        server.requests == [
            "POST /a%20b?c=d HTTP/1.1\r\nhost: example.com:81\r\naccept: */*\r\ncontent-length: 3\r\n\r\n"
        ])
    #expect(handler.head?.status == 200)
    #expect(handler.source?.length == 5)
    #expect(handler.text == "hello")
    #expect(handler.end == .end)
}

@Test func handlerHearsNothingBeforeSendHasReturned() throws {
    let bench = try ClientTestBench(lookUp: { .failure(NameLookup.Failure(host: $0, reason: "none")) })
    let closed = try Socket.listen(on: SocketAddress("127.0.0.1:0")!).localAddress()
    let refused = ClientTestHandler()
    _ = bench.get("/", Endpoint(host: "127.0.0.1", port: Int(closed.port!), isSecure: false), refused)
    let secure = ClientTestHandler()
    _ = bench.get("/", Endpoint(host: "127.0.0.1", port: Int(closed.port!), isSecure: true), secure)
    let unknown = ClientTestHandler()
    _ = bench.get("/", Endpoint(host: "a.test", port: 1, isSecure: false), unknown)
    #expect(refused.error == nil && secure.error == nil && unknown.error == nil)
    bench.turn { refused.isDone && secure.isDone && unknown.isDone }
    #expect(refused.error == .unreachable(SystemError(errno: 111, call: "connect")))
    #expect(unknown.error == .unresolved(NameLookup.Failure(host: "a.test", reason: "none")))
    #expect(unknown.error?.isSafeToRetry == true)
    #expect(bench.client.connections.open == 0)
}

@Test func connectionIsUsedAgain() throws {
    let bench = try ClientTestBench()
    let server = try ClientTestServer(bench.loop) { peer, request in peer.respond(String(request.prefix(6))) }
    for number in 1...5 { #expect(bench.whole("/\(number)", server.endpoint()).text == "GET /\(number)") }
    #expect(server.connections.count == 1)
    #expect(bench.client.statistics == ClientStatistics.of(requests: 5, reuses: 4, connects: 1))
    #expect(bench.client.connections.idle == 1)
}

@Test func requestsAtOnceGetConnectionsOfTheirOwn() throws {
    let bench = try ClientTestBench()
    let server = try ClientTestServer(bench.loop) { peer, request in peer.respond(request) }
    let handlers = (0..<10).map { bench.get("/\($0)", server.endpoint()).0 }
    bench.turn { handlers.allSatisfy(\.isDone) }
    for (number, handler) in handlers.enumerated() { #expect(handler.text.hasPrefix("GET /\(number) ")) }
    #expect(server.connections.count == 10)
    #expect(bench.client.connections.idle == 10)
    bench.client.closeIdle()
    #expect(bench.client.connections.open == 0)
}

@Test func requestsBeyondTheLimitOfConnectionsWaitInLine() throws {
    var limits = ClientLimits()
    limits.connections = 2
    // Three and a half of them.
    limits.queueSize = ClientRequest(method: .get, target: "/0", host: "test").size * 7 / 2
    let bench = try ClientTestBench(limits: limits)
    var held: [(ClientTestPeer, String)] = []
    let server = try ClientTestServer(bench.loop) { peer, request in held.append((peer, request)) }
    let handlers = (0..<2).map { bench.get("/\($0)", server.endpoint()).0 }
    bench.turn { held.count == 2 }
    let waiting = (2..<5).map { bench.get("/\($0)", server.endpoint()).0 }
    let tooMany = bench.get("/5", server.endpoint()).0
    bench.turn { tooMany.isDone }
    #expect(tooMany.error == .overloaded)
    while !(handlers + waiting).allSatisfy(\.isDone) {
        bench.turn { !held.isEmpty }
        let (peer, request) = held.removeFirst()
        peer.respond(request)
        bench.turn()
    }
    #expect(server.requests.map { String($0.prefix(6)) }.sorted() == (0..<5).map { "GET /\($0)" })
    #expect(server.connections.count == 2)
}

@Test func whatIsHeldForTheSakeOfARequestCountsForTheLine() throws {
    var limits = ClientLimits()
    limits.connections = 1
    limits.queueSize = 100_000
    let bench = try ClientTestBench(limits: limits)
    let server = try ClientTestServer(bench.loop) { _, _ in }
    _ = bench.get("/", server.endpoint())
    bench.turn { server.requests.count == 1 }
    let handlers = (0..<4).map { _ in
        var request = ClientRequest(method: .get, target: "/", host: "test")
        request.heldBytes = 30_000
        let handler = ClientTestHandler()
        bench.client.send(request, to: server.endpoint(), handler: handler)
        return handler
    }
    bench.turn { handlers[3].isDone }
    #expect(handlers[3].error == .overloaded)
    #expect(handlers[..<3].allSatisfy { !$0.isDone })
}

@Test(arguments: [1, 2, 3, 7, 1000]) func whoeverLeavesTheLineLeavesTheOthersInOrder(_ step: Int) throws {
    var limits = ClientLimits()
    limits.connections = 1
    let bench = try ClientTestBench(limits: limits)
    var held: [(ClientTestPeer, String)] = []
    let server = try ClientTestServer(bench.loop) { peer, request in held.append((peer, request)) }
    _ = bench.get("/first", server.endpoint())
    bench.turn { held.count == 1 }
    let waiting = (0..<1000).map { bench.get("/\($0)", server.endpoint()) }
    for (number, one) in waiting.enumerated() where number % step != 0 { one.1.cancel() }
    let late = bench.get("/late", server.endpoint())
    while !late.0.isDone {
        bench.turn { !held.isEmpty }
        let (peer, request) = held.removeFirst()
        peer.respond(request)
        bench.turn()
    }
    let numbers = stride(from: 0, to: 1000, by: step).map(String.init)
    let order = server.requests.map { $0.prefix { $0 != "\r" }.split(separator: " ")[1].dropFirst() }.map(String.init)
    #expect(order == ["first"] + numbers + ["late"])
}

@Test func requestThatWaitsTooLongInLineFails() throws {
    var limits = ClientLimits()
    limits.connections = 1
    limits.queueTime = .milliseconds(20)
    let bench = try ClientTestBench(limits: limits)
    let server = try ClientTestServer(bench.loop) { _, _ in }
    _ = bench.get("/", server.endpoint())
    bench.turn { server.requests.count == 1 }
    let waiting = bench.get("/", server.endpoint()).0
    bench.turn { waiting.isDone }
    #expect(waiting.error == .overloaded)
}

@Test(arguments: [("HEAD", "200 OK"), ("GET", "204 No Content"), ("GET", "304 Not Modified")])
func responseWithoutContentEndsWithItsHead(_ method: String, _ status: String) throws {
    let bench = try ClientTestBench()
    let server = try ClientTestServer(bench.loop) { peer, _ in
        peer.send("HTTP/1.1 \(status)\r\n\(status.hasPrefix("204") ? "" : "content-length: 10\r\n")\r\n")
    }
    for _ in 0..<2 {
        let handler = bench.whole("/", server.endpoint(), method: HTTP.Method(method))
        #expect(handler.end == .end && handler.body.isEmpty)
        #expect(handler.source?.length == 0)
        #expect(handler.head?.length == (status.hasPrefix("204") ? nil : 10))
    }
    #expect(server.connections.count == 1)
}

@Test(arguments: [1, 2, 3, 7, 100, 65536]) func chunkedBodyIsPutTogetherInRoomOfAnySize(_ step: Int) throws {
    let bench = try ClientTestBench()
    let server = try ClientTestServer(bench.loop) { peer, _ in
        peer.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n7;a=b\r\n, world\r\n0\r\n\r\n")
    }
    for _ in 0..<2 {
        let handler = ClientTestHandler()
        handler.step = step
        _ = bench.get("/", server.endpoint(), handler)
        bench.turn { handler.isDone }
        #expect(handler.text == "hello, world")
        #expect(handler.source?.length == nil)
    }
    #expect(server.connections.count == 1)
}

@Test(arguments: [1, 3, 1000, 65536]) func bodyOfKnownLengthFitsRoomOfAnySize(_ step: Int) throws {
    let bench = try ClientTestBench()
    let content = String(repeating: "0123456789", count: step == 1 ? 200 : 50_000)
    let server = try ClientTestServer(bench.loop) { peer, _ in peer.respond(content) }
    for _ in 0..<2 {
        let handler = ClientTestHandler()
        handler.step = step
        _ = bench.get("/", server.endpoint(), handler)
        bench.turn { handler.isDone }
        #expect(handler.text == content)
    }
    #expect(server.connections.count == 1)
}

@Test func responseSplitAtEveryByteIsTheSame() throws {
    let bench = try ClientTestBench()
    let response = Array(
        "HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\nhello, world".utf8)
    var cut = 0
    let server = try ClientTestServer(bench.loop) { peer, _ in
        peer.send(Array(response[..<cut]))
        peer.server.loop.schedule(after: .milliseconds(Int64(1))) { peer.send(Array(response[cut...])) }
    }
    while cut <= response.count {
        let handler = bench.whole("/", server.endpoint())
        #expect(handler.text == "hello, world", "cut at \(cut)")
        cut += 1
    }
    #expect(server.connections.count == 1)
}

// MARK: - Failures

@Test func deadKeptConnectionIsReplacedUnseen() throws {
    let bench = try ClientTestBench()
    let server = try ClientTestServer(bench.loop) { peer, _ in
        // The second request on a connection finds it dead: it was sent, and is answered by a reset.
        if peer.requests > 1 { peer.reset() } else { peer.respond("fresh") }
    }
    for method in [HTTP.Method.get, .get, .head] {
        #expect(bench.whole("/", server.endpoint(), method: method).head?.status == 200)
    }
    #expect(server.connections.count == 3)
    #expect(bench.client.statistics.repeats == 2)
}

@Test func requestThatMayDoHarmTwiceIsNotRepeated() throws {
    let bench = try ClientTestBench()
    let server = try ClientTestServer(bench.loop) { peer, _ in
        if peer.requests > 1 { peer.reset() } else { peer.respond("fresh") }
    }
    #expect(bench.whole("/", server.endpoint()).text == "fresh")
    let handler = bench.whole("/", server.endpoint(), method: .post, body: [1])
    #expect(handler.error == .disconnected)
    #expect(handler.error?.isSafeToRetry == false)
    #expect(server.connections.count == 1)
}

@Test func requestThatNeedsANewConnectionGetsOne() throws {
    let bench = try ClientTestBench()
    let server = try ClientTestServer(bench.loop) { peer, _ in
        if peer.requests > 1 { peer.reset() } else { peer.respond("fresh") }
    }
    #expect(bench.whole("/", server.endpoint()).text == "fresh")
    for count in 2...3 {
        #expect(bench.whole("/", server.endpoint(), method: .post, body: [1], onNew: true).text == "fresh")
        #expect(server.connections.count == count)
    }
    #expect(bench.client.statistics.reuses == 0)
}

@Test func aKeptConnectionMakesRoomForANewOne() throws {
    var limits = ClientLimits()
    limits.connections = 1
    let bench = try ClientTestBench(limits: limits)
    let server = try ClientTestServer(bench.loop) { peer, _ in peer.respond("ok") }
    for count in 1...3 {
        #expect(bench.whole("/", server.endpoint(), onNew: true).text == "ok")
        #expect(server.connections.count == count)
    }
    // Two at a time: the second waits for the first's connection to end, not to be free.
    let both = (0..<2).map { _ in bench.get("/", server.endpoint(), onNew: true).0 }
    bench.turn { both.allSatisfy { $0.isDone } }
    #expect(both.map { $0.text } == ["ok", "ok"] && server.connections.count == 5)
    #expect(bench.whole("/", server.endpoint()).text == "ok")
    #expect(server.connections.count == 5)
}

@Test func requestIsRepeatedOnlyOnce() throws {
    let bench = try ClientTestBench()
    let server = try ClientTestServer(bench.loop) { peer, request in
        if request.hasPrefix("GET /first") { peer.respond("first") } else { peer.reset() }
    }
    #expect(bench.whole("/first", server.endpoint()).text == "first")
    #expect(bench.whole("/second", server.endpoint()).error == .disconnected)
    #expect(server.requests.count == 3)
}

@Test func freshConnectionThatDiesIsAFailure() throws {
    let bench = try ClientTestBench()
    let server = try ClientTestServer(bench.loop) { peer, _ in peer.close() }
    #expect(bench.whole("/", server.endpoint()).error == .disconnected)
    #expect(server.connections.count == 1)
}

@Test func responseThatBeganIsNeverRepeated() throws {
    let bench = try ClientTestBench()
    let server = try ClientTestServer(bench.loop) { peer, _ in
        if peer.requests == 1 { return peer.respond("first") }
        peer.send("HTTP/1.1 200 OK\r\n")
        peer.close()
    }
    #expect(bench.whole("/", server.endpoint()).text == "first")
    #expect(bench.whole("/", server.endpoint()).error == .disconnected)
    #expect(server.connections.count == 1)
}

@Test func connectionThatTheServerClosesWhileItIsKeptIsNotUsed() throws {
    let bench = try ClientTestBench()
    let server = try ClientTestServer(bench.loop) { peer, _ in peer.respond("ok") }
    #expect(bench.whole("/", server.endpoint()).text == "ok")
    server.connections[0].close()
    bench.turn { bench.client.connections.open == 0 }
    #expect(bench.whole("/", server.endpoint()).text == "ok")
    #expect(bench.client.statistics.repeats == 0)
}

@Test(arguments: ["content-length: 10", "transfer-encoding: chunked"])
func truncatedBodyFails(_ framing: String) throws {
    let bench = try ClientTestBench()
    let server = try ClientTestServer(bench.loop) { peer, _ in
        peer.send("HTTP/1.1 200 OK\r\n\(framing)\r\n\r\n5\r\nhel")
        peer.close()
    }
    let handler = bench.whole("/", server.endpoint())
    #expect(handler.end == .failed(.disconnected))
    #expect(handler.text == (framing.hasPrefix("content") ? "5\r\nhel" : "hel"))
    #expect(bench.client.connections.open == 0)
}

@Test func malformedResponseIsAFailure() throws {
    let bench = try ClientTestBench()
    let server = try ClientTestServer(bench.loop) { peer, request in
        if request.hasPrefix("GET /head") {
            peer.send("HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n")
        } else {
            peer.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nx\r\n")
        }
    }
    #expect(bench.whole("/head", server.endpoint()).error == .malformed(.contentLength))
    #expect(bench.whole("/body", server.endpoint()).end == .failed(.malformed))
    #expect(bench.client.connections.open == 0)
}

@Test(arguments: [
    "content-length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil",
    "transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil",
    "connection: close\r\ncontent-length: 5\r\n\r\nhello",
])
func connectionWithBytesLeftOverOrToBeClosedIsDiscarded(_ response: String) throws {
    let bench = try ClientTestBench()
    let server = try ClientTestServer(bench.loop) { peer, _ in peer.send("HTTP/1.1 200 OK\r\n\(response)") }
    for _ in 0..<2 { #expect(bench.whole("/", server.endpoint()).text == "hello") }
    #expect(server.connections.count == 2)
    #expect(bench.client.connections.open == 0)
}

@Test(arguments: [1, 999, 1000, 1001, 65536]) func extraByteBehindALargeBodyIsSeen(_ step: Int) throws {
    let bench = try ClientTestBench()
    let content = String(repeating: "a", count: step == 1 ? 20_000 : 100_000)
    let server = try ClientTestServer(bench.loop) { peer, _ in
        peer.send("HTTP/1.1 200 OK\r\ncontent-length: \(content.utf8.count)\r\n\r\n\(content)!")
    }
    let handler = ClientTestHandler()
    handler.step = step
    _ = bench.get("/", server.endpoint(), handler)
    bench.turn { handler.isDone }
    #expect(handler.text == content)
    #expect(bench.client.connections.open == 0)
}

@Test func bytesOutOfTurnEndAKeptConnection() throws {
    let bench = try ClientTestBench()
    let server = try ClientTestServer(bench.loop) { peer, _ in peer.respond("ok") }
    #expect(bench.whole("/", server.endpoint()).text == "ok")
    #expect(bench.client.connections.idle == 1)
    server.connections[0].respond("unasked")
    bench.turn { bench.client.connections.open == 0 }
}

@Test func answerBeforeTheRequestIsWholeIsTaken() throws {
    let bench = try ClientTestBench()
    let server = try ClientTestServer(bench.loop) { peer, _ in
        peer.respond("too large", status: "413 Content Too Large", fields: "connection: close\r\n")
    }
    server.onAccept = { peer in try? peer.socket?.setBuffers(receive: 4096) }
    let handler = bench.whole("/", server.endpoint(), method: .put, body: [UInt8](repeating: 0, count: 50_000))
    #expect(handler.head?.status == 413)
    #expect(handler.text == "too large")
}

// MARK: - Time

@Test func silentServerTimesOut() throws {
    var limits = ClientLimits()
    limits.firstByteTime = .milliseconds(30)
    let bench = try ClientTestBench(limits: limits)
    let server = try ClientTestServer(bench.loop) { _, _ in }
    #expect(bench.whole("/", server.endpoint()).error == .timedOut)
    #expect(bench.client.connections.open == 0)
}

@Test func bodyThatStopsTimesOutOnceSomebodyWaits() throws {
    var limits = ClientLimits()
    limits.betweenBytesTime = .milliseconds(30)
    let bench = try ClientTestBench(limits: limits)
    let server = try ClientTestServer(bench.loop) { peer, _ in
        peer.send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello")
    }
    let handler = ClientTestHandler()
    handler.readsAtOnce = false
    _ = bench.get("/", server.endpoint(), handler)
    bench.turn { handler.head != nil }
    let end = MonotonicTime.now() + Nanoseconds.milliseconds(60)
    while MonotonicTime.now() < end { bench.turn() }
    #expect(handler.readOnce() == .bytes)
    #expect(handler.readOnce() == .wait)
    bench.turn { handler.isDone }
    #expect(handler.end == .failed(.timedOut))
    #expect(handler.text == "hello")
}

@Test func keptConnectionEndsAfterItsTime() throws {
    var limits = ClientLimits()
    limits.idleTime = .milliseconds(20)
    let bench = try ClientTestBench(limits: limits)
    let server = try ClientTestServer(bench.loop) { peer, _ in peer.respond("ok") }
    #expect(bench.whole("/", server.endpoint()).text == "ok")
    bench.turn { bench.client.connections.open == 0 }
    bench.turn { server.connections[0].clientClosed }
}

@Test func requestsOnAKeptConnectionAddNoTimers() throws {
    let bench = try ClientTestBench()
    let server = try ClientTestServer(bench.loop) { peer, _ in peer.respond("ok") }
    #expect(bench.whole("/", server.endpoint()).text == "ok")
    let entries = bench.loop.timerEntries
    for _ in 0..<100 { #expect(bench.whole("/", server.endpoint()).text == "ok") }
    #expect(bench.loop.timerEntries == entries)
}

// MARK: - Addresses

@Test func nextAddressIsTriedWhenOneFails() throws {
    let bench = try ClientTestBench(lookUp: { _ in
        .success([SocketAddress("127.0.0.9:0")!, SocketAddress("[::1]:0")!, SocketAddress("127.0.0.1:0")!])
    })
    let server = try ClientTestServer(bench.loop) { peer, _ in peer.respond("ok") }
    #expect(bench.whole("/", server.endpoint("a.test")).text == "ok")
    #expect(bench.client.statistics.connectFailures == 0)
}

@Test func silentAddressDelaysOnlyALittle() throws {
    var limits = ClientLimits()
    limits.nextAddressTime = .milliseconds(20)
    let bench = try ClientTestBench(
        limits: limits,
        lookUp: { _ in
            .success([SocketAddress("127.0.0.9:0")!, SocketAddress("127.0.0.1:0")!])
        })
    let server = try ClientTestServer(bench.loop) { peer, _ in peer.respond("ok") }
    let silent = try SilentListener(port: server.address.port!)
    #expect(bench.whole("/", server.endpoint("a.test")).text == "ok")
    #expect(silent.port == server.address.port!)
}

@Test func addressesThatAreAllSilentTimeOut() throws {
    var limits = ClientLimits()
    limits.connectTime = .milliseconds(50)
    let bench = try ClientTestBench(limits: limits, lookUp: { _ in .success([SocketAddress("127.0.0.9:0")!]) })
    let silent = try SilentListener(port: 0)
    let handler = bench.whole("/", Endpoint(host: "a.test", port: Int(silent.port), isSecure: false))
    #expect(handler.error == .connectTimedOut)
}

@Test func anAddressThatDidNotAnswerIsTriedLastForAWhile() throws {
    var limits = ClientLimits()
    limits.nextAddressTime = .milliseconds(100)
    limits.idleConnections = 0
    let bench = try ClientTestBench(
        limits: limits,
        lookUp: { _ in .success([SocketAddress("127.0.0.9:0")!, SocketAddress("127.0.0.1:0")!]) })
    let server = try ClientTestServer(bench.loop) { peer, _ in peer.respond("ok") }
    let silent = try SilentListener(port: server.address.port!)
    #expect(bench.whole("/", server.endpoint("a.test")).text == "ok")
    let start = MonotonicTime.now()
    for _ in 0..<5 { #expect(bench.whole("/", server.endpoint("a.test")).text == "ok") }
    #expect((MonotonicTime.now() - start).milliseconds < 100)
    #expect(server.connections.count == 6 && silent.port != 0)
}

@Test func connectionsToWhereTheHostIsNoLongerEndWithTheirRequest() throws {
    var times = Resolver.Times()
    times.fresh = .milliseconds(1)
    times.gone = .milliseconds(500)
    let moved = Mutex(false)
    let bench = try ClientTestBench(times: times) { _ in
        .success([SocketAddress(moved.withLock { $0 } ? "127.0.0.9:0" : "127.0.0.1:0")!])
    }
    let old = try ClientTestServer(bench.loop) { peer, _ in peer.respond("old") }
    let new = try ClientTestServer(bench.loop, on: "127.0.0.9:\(old.address.port!)") { peer, _ in peer.respond("new") }
    #expect(bench.whole("/", old.endpoint("a.test")).text == "old")
    moved.withLock { $0 = true }
    let deadline = MonotonicTime.now() + .seconds(10)
    var answers: [String] = []
    while answers.last != "new", MonotonicTime.now() < deadline {
        answers.append(bench.whole("/", old.endpoint("a.test")).text)
        bench.loop.turn(waitAtMost: .milliseconds(20))
    }
    #expect(answers.last == "new" && Set(answers) == ["old", "new"])
    #expect(old.connections.count == 1 && new.connections.count == 1)
}

/// Listens on 127.0.0.9 with its backlog full: further connections get no answer.
private final class SilentListener {
    let listener: FileDescriptor
    let filling: [Waiting]
    let port: UInt16

    final class Waiting {
        let socket: FileDescriptor
        init(_ socket: consuming FileDescriptor) { self.socket = socket }
    }

    init(port: UInt16) throws {
        listener = try Socket.listen(on: SocketAddress("127.0.0.9:\(port)")!, backlog: 0)
        let address = try listener.localAddress()
        self.port = address.port!
        filling = try (0..<4).map { _ in Waiting(try Socket.connect(to: address)) }
    }
}

// MARK: - Backpressure

@Test func consumerThatDoesNotReadStopsTheServer() throws {
    let bench = try ClientTestBench()
    let content = [UInt8](repeating: 7, count: 64 << 20)
    let server = try ClientTestServer(bench.loop) { peer, _ in
        peer.send("HTTP/1.1 200 OK\r\ncontent-length: \(content.count)\r\n\r\n")
        peer.send(content)
    }
    let handler = ClientTestHandler()
    handler.readsAtOnce = false
    _ = bench.get("/", server.endpoint(), handler)
    bench.turn { handler.head != nil }
    var unsent = [server.connections[0].unsent]
    repeat {
        bench.turn(times: 20)
        unsent.append(server.connections[0].unsent)
    } while unsent[unsent.count - 1] != unsent[unsent.count - 2]
    #expect(unsent.last! > 32 << 20)
    bench.turn(times: 20)
    #expect(server.connections[0].unsent == unsent.last!)
    handler.bodyIsReady()
    bench.turn { handler.isDone }
    #expect(handler.end == .end)
    #expect(handler.body == content)
    #expect(bench.client.connections.idle == 1)
}

// MARK: - Cancelling

@Test func cancellingWithinTheBodyClosesTheConnection() throws {
    let bench = try ClientTestBench()
    let server = try ClientTestServer(bench.loop) { peer, _ in
        peer.send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello")
    }
    let (handler, call) = bench.get("/", server.endpoint())
    bench.turn { handler.text == "hello" }
    call.cancel()
    call.cancel()
    #expect(bench.client.connections.open == 0)
    bench.turn { server.connections[0].clientClosed }
    #expect(handler.end == nil)
    #expect(handler.readOnce() == .failed(.disconnected))
}

@Test func cancelledRequestIsNotHeardOf() throws {
    let bench = try ClientTestBench()
    let server = try ClientTestServer(bench.loop) { peer, _ in peer.respond("ok") }
    let (waiting, first) = bench.get("/", server.endpoint())
    first.cancel()
    let (sent, second) = bench.get("/", server.endpoint())
    bench.turn { server.requests.count == 1 }
    second.cancel()
    bench.turn(times: 10)
    #expect(waiting.head == nil && waiting.error == nil && sent.head == nil && sent.error == nil)
    let inHead = ClientTestHandler()
    inHead.readsAtOnce = false
    inHead.onHead = { inHead.source?.cancel() }
    _ = bench.get("/", server.endpoint(), inHead)
    bench.turn { inHead.head != nil }
    #expect(inHead.readOnce() == .failed(.disconnected))
}

@Test func finishedCallIsNotCancelled() throws {
    let bench = try ClientTestBench()
    let server = try ClientTestServer(bench.loop) { peer, _ in peer.respond("ok") }
    let (handler, call) = bench.get("/", server.endpoint())
    bench.turn { handler.isDone }
    call.cancel()
    #expect(bench.client.connections.idle == 1)
    #expect(handler.readOnce() == .end)
}

@Test func handlerMaySendTheNextRequestAtOnce() throws {
    let bench = try ClientTestBench()
    let server = try ClientTestServer(bench.loop) { peer, request in peer.respond(String(request.prefix(6))) }
    let first = ClientTestHandler(), second = ClientTestHandler()
    first.onHead = {
        first.bodyIsReady()
        _ = bench.get("/2", server.endpoint(), second)
    }
    _ = bench.get("/1", server.endpoint(), first)
    bench.turn { second.isDone }
    #expect(first.text == "GET /1" && second.text == "GET /2")
    #expect(server.connections.count == 1)
}

@Test func clientThatNobodyUsesGoesOnceItsConnectionsDo() throws {
    let loop = try EventLoop()
    let server = try ClientTestServer(loop) { peer, _ in peer.respond("ok") }
    weak var gone: HTTPClient?
    let handler = ClientTestHandler()
    do {
        var limits = ClientLimits()
        limits.idleTime = .milliseconds(20)
        let client = HTTPClient(loop: loop, resolver: Resolver(loop: loop), limits: limits)
        gone = client
        client.send(ClientRequest(method: .get, target: "/", host: "test"), to: server.endpoint(), handler: handler)
    }
    while !handler.isDone { loop.turn(waitAtMost: nil) }
    #expect(handler.text == "ok")
    handler.source = nil
    while gone != nil, !server.connections[0].clientClosed { loop.turn(waitAtMost: nil) }
    loop.turn()
    #expect(gone == nil)
}

@Test func lookUpThatNeverEndsIsNoAnswer() throws {
    var limits = ClientLimits()
    limits.queueTime = .milliseconds(20)
    let bench = try ClientTestBench(
        limits: limits,
        lookUp: { host in
            Thread.sleep(.milliseconds(300))
            return .failure(NameLookup.Failure(host: host, reason: "none"))
        })
    #expect(bench.whole("/", Endpoint(host: "a.test", port: 1, isSecure: false)).error == .connectTimedOut)
    bench.turn { bench.client.statistics.connectFailures == 1 }
}

extension ClientStatistics {
    static func of(requests: Int, reuses: Int, connects: Int) -> ClientStatistics {
        var statistics = ClientStatistics()
        statistics.requests = requests
        statistics.reuses = reuses
        statistics.connects = connects
        return statistics
    }
}
