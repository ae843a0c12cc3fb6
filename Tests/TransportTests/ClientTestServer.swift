import Bytes
import HTTP
import Posix
import Reactor
import TLS
import Testing
import Transport

/// A server on the client's own loop, which does with each request what a test tells it.
final class ClientTestServer: ReadinessHandler {
    let loop: EventLoop
    let address: SocketAddress
    let tls: TLSServerContext?
    private let listener: FileDescriptor
    private var registration: Registration?
    private let answer: (ClientTestPeer, String) -> Void
    private(set) var connections: [ClientTestPeer] = []
    private(set) var requests: [String] = []
    var onAccept: ((ClientTestPeer) -> Void)?

    init(
        _ loop: EventLoop, on address: String = "127.0.0.1:0", tls: TLSServerContext? = nil,
        answer: @escaping (ClientTestPeer, String) -> Void
    ) throws {
        self.loop = loop
        self.tls = tls
        self.answer = answer
        listener = try Socket.listen(on: SocketAddress(address)!)
        self.address = try listener.localAddress()
        registration = try loop.register(listener, self)
    }

    func endpoint(_ host: String? = nil) -> Endpoint {
        Endpoint(host: host ?? address.ip, port: Int(address.port!), isSecure: tls != nil)
    }

    func ready(_ readiness: Readiness) {
        while true {
            switch listener.accept() {
            case .connection(let socket, _):
                let peer = ClientTestPeer(socket, tls: tls.map { TLSSession(server: $0) }, server: self)
                connections.append(peer)
                onAccept?(peer)
            case .wouldBlock: return
            case .failed(let error):
                Issue.record(error)
                return
            }
        }
    }

    func deadlineReached() {}

    func received(_ request: String, from peer: ClientTestPeer) {
        requests.append(request)
        peer.requests += 1
        answer(peer, request)
    }

    func close() {
        registration?.cancel()
        for connection in connections { connection.close() }
        connections = []
    }
}

/// The server's end of one connection. Takes a request for whole at its empty line.
final class ClientTestPeer: ReadinessHandler {
    private(set) var socket: FileDescriptor?
    private let tls: TLSSession?
    unowned let server: ClientTestServer
    private var registration: Registration?
    private var input: [UInt8] = []
    private var output = ByteQueue()
    private(set) var clientClosed = false
    /// Output that the client has made no room for.
    var unsent: Int { output.count }
    var requests = 0

    init(_ socket: consuming FileDescriptor, tls: TLSSession?, server: ClientTestServer) {
        self.socket = consume socket
        self.tls = tls
        self.server = server
        self.socket!.setNoDelay()
        registration = try! server.loop.register(self.socket!, self)
    }

    func send(_ text: String) { send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) {
        output.append(bytes)
        flush()
    }

    func respond(_ body: String, status: String = "200 OK", fields: String = "") {
        send("HTTP/1.1 \(status)\r\ncontent-length: \(body.utf8.count)\r\n\(fields)\r\n\(body)")
    }

    func close() {
        registration?.cancel()
        registration = nil
        socket = nil
    }

    func reset() {
        socket?.resetOnClose()
        close()
    }

    func ready(_ readiness: Readiness) {
        read()
        flush()
    }

    func deadlineReached() {}

    private func read() {
        while socket != nil {
            var result = IOResult.wouldBlock
            var bytes: [UInt8] = []
            bytes.append(addingCapacity: 65536) { (out: inout OutputSpan<UInt8>) in
                result = socket!.receive(into: &out)
            }
            switch result {
            case .wouldBlock: return
            case .end, .failed:
                clientClosed = true
                return
            case .bytes: take(bytes)
            }
        }
    }

    private func take(_ bytes: [UInt8]) {
        if let tls {
            tls.receive(bytes.span)
            if case .done = tls.handshake() {
                input.append(addingCapacity: 65536) { (out: inout OutputSpan<UInt8>) in _ = tls.read(into: &out) }
            }
        } else {
            input += bytes
        }
        while true {
            let text = String(decoding: input, as: UTF8.self)
            guard let end = text.range(of: "\r\n\r\n") else { return }
            input = Array(text[end.upperBound...].utf8)
            server.received(String(text[..<end.upperBound]), from: self)
        }
    }

    private func flush() {
        guard socket != nil else { return }
        if let tls {
            while true {
                tls.withOutput { bytes in
                    if case .bytes(let count) = socket!.send(bytes) { return count }
                    return 0
                }
                if tls.hasOutput || output.isEmpty || !tls.isEstablished { return }
                output.consume(output.withSpan { tls.write($0) })
            }
        }
        while !output.isEmpty, case .bytes(let count) = output.withSpan({ socket!.send($0) }) {
            output.consume(count)
        }
    }
}

extension String {
    fileprivate func range(of text: String) -> Range<String.Index>? {
        let bytes = Array(utf8), wanted = Array(text.utf8)
        guard bytes.count >= wanted.count else { return nil }
        for start in 0...(bytes.count - wanted.count) where Array(bytes[start..<start + wanted.count]) == wanted {
            let lower = utf8.index(startIndex, offsetBy: start)
            return lower..<utf8.index(lower, offsetBy: wanted.count)
        }
        return nil
    }
}

/// Takes a response, and reads its body as soon as it comes unless told not to.
final class ClientTestHandler: ClientResponseHandler, BodyConsumer {
    var head: ResponseHead?
    var source: (any BodySource)?
    var body: [UInt8] = []
    var end: BodyRead?
    var error: ClientError?
    /// How many bytes to ask for at a time.
    var step = 65536
    var readsAtOnce = true
    var onHead: (() -> Void)?

    var isDone: Bool { end != nil || error != nil }
    var text: String { String(decoding: body, as: UTF8.self) }

    func clientCall(_ call: ClientCall, received head: ResponseHead, body: any BodySource) {
        #expect(self.head == nil && error == nil)
        self.head = head
        source = body
        body.consumer = self
        onHead?()
        if readsAtOnce { bodyIsReady() }
    }

    func clientCall(_ call: ClientCall, failed error: ClientError) {
        #expect(head == nil && self.error == nil)
        self.error = error
    }

    func bodyIsReady() {
        while end == nil, readOnce() != .wait {}
    }

    @discardableResult
    func readOnce() -> BodyRead {
        var result = BodyRead.wait
        let before = body.count
        body.append(addingCapacity: step) { (out: inout OutputSpan<UInt8>) in
            result = source!.read(into: &out)
        }
        switch result {
        case .bytes: #expect(body.count > before)
        case .wait: #expect(body.count == before)
        case .end, .failed: end = result
        }
        return result
    }
}

/// A loop, a client and a server, turned until something is true.
struct ClientTestBench {
    let loop: EventLoop
    let client: HTTPClient

    /// - Parameter lookUp: answers for names, if the test needs any.
    init(
        limits: ClientLimits = ClientLimits(), tls: TLSClientContext? = nil, times: Resolver.Times = .init(),
        lookUp: @escaping @Sendable (String) -> Resolver.Answer = Resolver.system
    ) throws {
        loop = try EventLoop()
        client = HTTPClient(
            loop: loop, resolver: Resolver(loop: loop, times: times, lookUp: lookUp), tls: tls, limits: limits)
    }

    func get(
        _ target: String = "/", _ endpoint: Endpoint, method: HTTP.Method = .get, body: [UInt8] = [],
        onNew: Bool = false, _ handler: ClientTestHandler = ClientTestHandler()
    ) -> (ClientTestHandler, ClientCall) {
        var request = ClientRequest(method: method, target: target, host: "test", body: body)
        request.needsNewConnection = onNew
        return (handler, client.send(request, to: endpoint, handler: handler))
    }

    func whole(
        _ target: String = "/", _ endpoint: Endpoint, method: HTTP.Method = .get, body: [UInt8] = [],
        onNew: Bool = false
    ) -> ClientTestHandler {
        let (handler, _) = get(target, endpoint, method: method, body: body, onNew: onNew)
        turn { handler.isDone }
        return handler
    }

    /// Turns until `isTrue`, five seconds at most.
    func turn(until isTrue: () -> Bool) {
        let end = MonotonicTime.now() + Nanoseconds.seconds(5)
        while !isTrue() {
            if MonotonicTime.now() > end {
                Issue.record("it did not happen")
                return
            }
            loop.turn(waitAtMost: .milliseconds(10))
        }
    }

    func turn(times: Int = 5) {
        for _ in 0..<times { loop.turn(waitAtMost: .milliseconds(1)) }
    }
}
