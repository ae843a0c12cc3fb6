import HTTP
import Posix
import Reactor
import Synchronization
import Testing
import Transport

/// A loop with a client and a server on it, on a thread of its own.
private final class World: Sendable {
    let executor: LoopExecutor
    let client: LoopBound<HTTPClient>
    let endpoint: Endpoint
    private let thread: Thread

    private struct Parts: Sendable {
        let client: LoopBound<HTTPClient>
        let endpoint: Endpoint
    }

    init(_ answer: @escaping @Sendable (ClientTestPeer, String) -> Void) throws {
        let parts = Handover<Parts>()
        thread = try Thread.spawn(name: "loop") {
            let loop = try! EventLoop()
            let server = try! ClientTestServer(loop, answer: answer)
            let client = HTTPClient(loop: loop, resolver: Resolver(loop: loop))
            parts.give(Parts(client: LoopBound(client, to: loop.executor), endpoint: server.endpoint()))
            loop.run()
            client.closeIdle()
            server.close()
        }
        let taken = parts.take()
        client = taken.client
        endpoint = taken.endpoint
        executor = taken.client.executor
    }

    deinit {
        executor.stop()
        thread.join()
    }
}

private final class Handover<Value: Sendable>: Sendable {
    private let value = Mutex<Value?>(nil)
    func give(_ given: Value) { value.withLock { $0 = given } }
    func take() -> Value {
        while true {
            if let taken = value.withLock({ $0 }) { return taken }
            Thread.sleep(.milliseconds(1))
        }
    }
}

private actor Caller {
    private let world: World

    init(_ world: World) { self.world = world }

    nonisolated var unownedExecutor: UnownedSerialExecutor { world.executor.asUnownedSerialExecutor() }

    func fetch(
        _ target: String, method: HTTP.Method = .get, body: [UInt8] = [], maxBody: Int = 1000,
        timeout: Nanoseconds = .seconds(10)
    ) async throws(ClientError) -> (status: Int, text: String, isOnLoop: Bool) {
        let request = ClientRequest(method: method, target: target, host: "test", body: body)
        let response = try await world.client.value.fetch(
            request, to: world.endpoint, maxBody: maxBody, timeout: timeout)
        return (response.status, String(decoding: response.body, as: UTF8.self), world.executor.isOnLoop)
    }
}

@Test func fetchComesBackToTheActorsThread() async throws {
    let caller = Caller(try World { peer, request in peer.respond(request, status: "404 Not Found") })
    for number in 0..<100 {
        let (status, text, isOnLoop) = try await caller.fetch("/\(number)")
        #expect(status == 404)
        #expect(text.hasPrefix("GET /\(number) "))
        #expect(isOnLoop)
    }
}

@Test func fetchesRunBesideEachOther() async throws {
    let caller = Caller(try World { peer, request in peer.respond(String(request.prefix(7))) })
    let texts = try await withThrowingTaskGroup(of: String.self) { group in
        for number in 10..<60 { group.addTask { try await caller.fetch("/\(number)").text } }
        return try await group.reduce(into: Set()) { $0.insert($1) }
    }
    #expect(texts == Set((10..<60).map { "GET /\($0)" }))
}

@Test func fetchTakesABodyUpToItsLimitAndNotBeyond() async throws {
    let caller = Caller(
        try World { peer, request in
            let text = String(repeating: "a", count: 50_000)
            if request.hasPrefix("GET /chunked") {
                peer.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nc350\r\n\(text)\r\n0\r\n\r\n")
            } else {
                peer.respond(text)
            }
        })
    for target in ["/length", "/chunked"] {
        #expect(try await caller.fetch(target, maxBody: 50_000).text.utf8.count == 50_000)
        await #expect(throws: ClientError.tooLarge) { try await caller.fetch(target, maxBody: 49_999) }
    }
}

@Test func fetchEndsInTime() async throws {
    let caller = Caller(
        try World { peer, request in
            if request.hasPrefix("GET /head") { return }
            peer.send("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab")
        })
    for target in ["/head", "/body"] {
        await #expect(throws: ClientError.timedOut) {
            try await caller.fetch(target, timeout: Nanoseconds.milliseconds(30))
        }
    }
}

@Test func fetchFailsWithTheReason() async throws {
    let caller = Caller(
        try World { peer, request in
            if request.hasPrefix("GET /none") { return peer.reset() }
            peer.send("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab")
            peer.close()
        })
    await #expect(throws: ClientError.disconnected) { try await caller.fetch("/none") }
    await #expect(throws: ClientError.incomplete(.disconnected)) { try await caller.fetch("/part") }
}

@Test func fetchSendsABody() async throws {
    let caller = Caller(try World { peer, request in peer.respond(request) })
    let text = try await caller.fetch("/token", method: .post, body: Array("a=b".utf8)).text
    #expect(text == "POST /token HTTP/1.1\r\nhost: test\r\ncontent-length: 3\r\n\r\n")
}
