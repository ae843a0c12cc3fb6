import HTTP
import Posix
import Reactor
import Testing
import Transport

/// Content that comes as a test lets it.
private final class ScriptedUpload: BodySource {
    let length: Int?
    weak var consumer: (any BodyConsumer)?
    var pieces: [[UInt8]]
    /// What is said behind the pieces.
    var last: BodyRead
    private(set) var taken = 0
    private(set) var isCancelled = false

    init(_ pieces: [String], length: Int? = nil, then last: BodyRead = .end) {
        self.pieces = pieces.map { Array($0.utf8) }
        self.length = length
        self.last = last
    }

    func read(into out: inout OutputSpan<UInt8>) -> BodyRead {
        #expect(!isCancelled)
        guard !pieces.isEmpty else { return last }
        let count = min(pieces[0].count, out.freeCapacity)
        for byte in pieces[0].prefix(count) { out.append(byte) }
        taken += count
        pieces[0].removeFirst(count)
        if pieces[0].isEmpty { pieces.removeFirst() }
        return .bytes
    }

    func cancel() { isCancelled = true }

    func goOn(_ more: [String], then last: BodyRead = .end) {
        pieces += more.map { Array($0.utf8) }
        self.last = last
        consumer?.bodyIsReady()
    }
}

@Suite struct ClientUploadTests {
    let bench: ClientTestBench
    private let handler = ClientTestHandler()

    init() throws {
        var limits = ClientLimits()
        limits.betweenBytesTime = .milliseconds(80)
        limits.firstByteTime = .milliseconds(150)
        bench = try ClientTestBench(limits: limits)
    }

    @discardableResult
    private func post(
        _ source: ScriptedUpload, _ server: ClientTestServer
    ) -> ClientCall {
        bench.client.send(
            ClientRequest(method: .post, target: "/", host: "a"), upload: source, to: server.endpoint(),
            handler: handler)
    }

    /// A server that answers once it has content that ends in an empty line.
    private func server(
        _ answer: @escaping (ClientTestPeer) -> Void = { $0.respond("done") }
    ) throws -> ClientTestServer {
        try ClientTestServer(bench.loop) { peer, _ in if peer.requests == 2 { answer(peer) } }
    }

    @Test func contentIsSentByItsLength() throws {
        let server = try server(), source = ScriptedUpload(["ab", "cd\r\n\r\n"], length: 8)
        post(source, server)
        bench.turn { handler.isDone }
        #expect(server.requests == ["POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 8\r\n\r\n", "abcd\r\n\r\n"])
        #expect(handler.text == "done" && !source.isCancelled)
        #expect(bench.client.connections.idle == 1)
    }

    @Test func contentOfUnknownLengthIsSentInChunksAsItComes() throws {
        let server = try server(), source = ScriptedUpload(["ab"], then: .wait)
        post(source, server)
        bench.turn { server.requests.count == 1 }
        bench.turn(times: 20)
        #expect(handler.error == nil, "whoever waits for the client is not in a hurry")
        source.goOn(["0123456789abcdef01"])
        bench.turn { handler.isDone }
        #expect(
            server.requests == [
                "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n",
                "0002\r\nab\r\n0012\r\n0123456789abcdef01\r\n0\r\n\r\n",
            ])
        #expect(handler.head?.status == 200 && bench.client.connections.idle == 1)
    }

    @Test(arguments: [BodyFailure.timedOut, .tooLarge, .malformed, .disconnected])
    func contentThatFailsEndsTheConnection(_ failure: BodyFailure) throws {
        let server = try server(), source = ScriptedUpload(["ab"], then: .wait)
        post(source, server)
        bench.turn { server.requests.count == 1 }
        source.goOn([], then: .failed(failure))
        bench.turn { handler.isDone && server.connections[0].clientClosed }
        #expect(handler.error == .upload(failure) && bench.client.connections.open == 0)
    }

    /// The rest of it would be the next request's beginning, or the next request its rest.
    @Test(arguments: [["abc"], ["a"]])
    func contentThatIsNotAsLongAsAnnouncedEndsTheConnection(_ pieces: [String]) throws {
        let server = try server()
        post(ScriptedUpload(pieces, length: 2), server)
        bench.turn { handler.isDone }
        #expect(handler.error == .upload(.malformed) && bench.client.connections.open == 0)
    }

    @Test func answerBeforeTheEndCancelsTheRestAndEndsTheConnection() throws {
        let server = try ClientTestServer(bench.loop) { peer, _ in peer.respond("no", status: "413 Too Large") }
        let source = ScriptedUpload(["ab"], length: 100, then: .wait)
        post(source, server)
        bench.turn { handler.isDone }
        #expect(handler.head?.status == 413 && handler.text == "no" && handler.error == nil)
        #expect(source.isCancelled && bench.client.connections.open == 0)
    }

    @Test func answerOfAServerThatClosesMeanwhileIsHeard() throws {
        let server = try ClientTestServer(bench.loop) { peer, _ in
            peer.respond("no", status: "413 Too Large", fields: "connection: close\r\n")
            peer.close()
        }
        let source = ScriptedUpload([String(repeating: "x", count: 100_000)], length: 1 << 30, then: .wait)
        post(source, server)
        bench.turn { handler.isDone }
        #expect(handler.head?.status == 413 && source.isCancelled)
    }

    @Test func bothGoOnAtOnce() throws {
        let server = try ClientTestServer(bench.loop) { peer, text in
            peer.send(peer.requests == 1 ? "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nab" : "cd")
        }
        let source = ScriptedUpload(["x"], length: 5, then: .wait)
        post(source, server)
        bench.turn { handler.text == "ab" }
        #expect(!source.isCancelled)
        source.goOn(["\r\n\r\n"])
        bench.turn { handler.isDone }
        #expect(handler.text == "abcd" && handler.end == .end && bench.client.connections.idle == 1)
    }

    @Test func contentThatFailsWithinTheAnswerBreaksIt() throws {
        let server = try ClientTestServer(bench.loop) { peer, _ in
            peer.send("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nab")
        }
        let source = ScriptedUpload(["x"], length: 5, then: .wait)
        post(source, server)
        bench.turn { handler.text == "ab" }
        source.goOn([], then: .failed(.timedOut))
        #expect(handler.end == .failed(.timedOut))
    }

    @Test func serverThatTakesNothingTimesOutAndNoMoreIsRead() throws {
        let listener = try Socket.listen(on: SocketAddress("127.0.0.1:0")!)
        let port = Int(try listener.localAddress().port!)
        let source = ScriptedUpload([String(repeating: "x", count: 64 << 20)], length: 64 << 20)
        bench.client.send(
            ClientRequest(method: .post, target: "/", host: "a"), upload: source,
            to: Endpoint(host: "127.0.0.1", port: port, isSecure: false), handler: handler)
        bench.turn { handler.isDone }
        #expect(handler.error == .timedOut && source.isCancelled)
        // As much as the kernel holds.
        #expect(source.taken < 16 << 20)
    }

    @Test func serverThatSaysNothingAfterAllOfItTimesOut() throws {
        let server = try server { _ in }
        post(ScriptedUpload(["ab\r\n\r\n"], length: 6), server)
        bench.turn { handler.isDone }
        #expect(handler.error == .timedOut && server.requests.count == 2)
    }

    @Test func requestWhoseContentHasBegunIsNotSentTwice() throws {
        var serves = true
        let server = try ClientTestServer(bench.loop) { peer, _ in
            serves ? peer.respond("kept") : peer.requests == 2 ? peer.reset() : ()
        }
        #expect(bench.whole("/", server.endpoint()).text == "kept")
        serves = false
        post(ScriptedUpload(["ab"], then: .wait), server)
        bench.turn { handler.isDone }
        #expect(handler.error == .disconnected && bench.client.statistics.repeats == 0)
    }

    @Test(arguments: [false, true])
    func whoCancelsCancelsTheContent(_ isConnected: Bool) throws {
        let server = try server(), source = ScriptedUpload(["ab"], then: .wait)
        let call = post(source, server)
        if isConnected { bench.turn { server.requests.count == 1 } }
        call.cancel()
        #expect(source.isCancelled)
        bench.turn(times: 3)
        source.goOn(["cd"])
        #expect(handler.head == nil && handler.error == nil)
    }
}
