import Glibc
import HTTP
import Posix
import Reactor
import Synchronization
import TLS
import Telemetry
import Testing
import Transport

/// A server on a thread of its own, with a handler that does what a request's path says.
final class ServerHarness: Sendable {
    let address: SocketAddress
    let executor: LoopExecutor
    private let thread: Thread
    private let world: LoopBound<World>

    /// What lives on the loop's thread.
    final class World {
        let loop: EventLoop
        let server: Server
        let handler: ScriptedHandler
        let listener: Listener

        init(_ address: SocketAddress, _ tls: TLSServerContext?, _ limits: ServerLimits) throws {
            loop = try EventLoop()
            server = Server(loop: loop)
            handler = ScriptedHandler(server)
            listener = try server.listen(
                on: Socket.listen(on: address), tls: tls, limits: limits, handler: handler, name: "test")
        }
    }

    private struct Started: Sendable {
        let address: SocketAddress
        let world: LoopBound<World>
    }

    init(
        _ address: String = "127.0.0.1:0", tls: TLSServerContext? = nil, limits: ServerLimits = ServerLimits()
    ) throws {
        let box = Box<Result<Started, any Error>>()
        let address = SocketAddress(address)!
        thread = try Thread.spawn(name: "server") {
            do {
                let world = try World(address, tls, limits)
                box.put(
                    .success(
                        Started(
                            address: world.listener.address!, world: LoopBound(world, to: world.loop.executor))))
                world.loop.run()
            } catch {
                box.put(.failure(error))
            }
        }
        let started = try box.take().get()
        self.address = started.address
        world = started.world
        executor = started.world.executor
    }

    /// Runs `body` on the loop's thread and waits for what it returns.
    func onLoop<Value: Sendable>(_ body: @escaping @Sendable (World) -> Value) -> Value {
        let box = Box<Value>()
        executor.execute { [world] in box.put(body(world.value)) }
        return box.take()
    }

    var connectionCount: Int { onLoop { $0.server.connectionCount } }
    var records: [AccessRecord] { onLoop { $0.handler.records } }
    var refusals: [Int] { onLoop { $0.handler.refusals } }
    var abandoned: Int { onLoop { $0.handler.abandoned } }
    func closed(_ reason: CloseReason) -> Int { onLoop { $0.server.counters.closed(reason) } }

    /// Waits until `condition` holds, at most five seconds.
    func eventually(_ condition: () -> Bool) -> Bool {
        for _ in 0..<1000 {
            if condition() { return true }
            Thread.sleep(.milliseconds(5))
        }
        return false
    }

    /// Everything that was made is gone: connections, exchanges, names, body sources.
    func isClean() -> Bool {
        eventually {
            onLoop {
                $0.server.connectionCount == 0 && $0.listener.connectionCount == 0 && $0.server.exchanges.count == 0
                    && $0.handler.liveExchanges == 0 && PatternSource.live(of: $0.handler) == 0
            }
        }
    }

    func stop() {
        onLoop { $0.server.drain(hardStopAfter: .zero) {} }
        executor.stop()
        thread.join()
    }
}

/// A value that one thread waits for and another brings.
final class Box<Value: Sendable>: Sendable {
    private let value = Mutex<Value?>(nil)

    func put(_ value: Value) { self.value.withLock { $0 = value } }

    func take() -> Value {
        while true {
            if let value = value.withLock({ $0 }) { return value }
            usleep(200)
        }
    }
}

final class ScriptedHandler: RequestHandler {
    private struct Weak { weak var exchange: Exchange? }

    private unowned let server: Server
    private(set) var records: [AccessRecord] = []
    private(set) var refusals: [Int] = []
    private(set) var abandoned = 0
    private(set) var bodyFailures: [BodyFailure] = []
    private(set) var targets: [String] = []
    private var seen: [Weak] = []
    var sources = 0
    var cancelled = 0
    var bytesRead = 0
    var waiting: [PatternSource] = []
    /// Bodies that `/pull` has opened, and nobody reads but the test.
    var pulled: [RequestBody] = []
    var keepsTargets = true
    /// What `/never` left unanswered.
    var parked: [ExchangeID] = []

    init(_ server: Server) { self.server = server }

    var liveExchanges: Int { seen.count { $0.exchange != nil } }

    func didFinish(_ exchange: Exchange) { if keepsTargets { records.append(exchange.record) } }
    func didRefuse(_ record: AccessRecord, on connection: ConnectionInfo) { refusals.append(record.status) }

    func handle(_ exchange: Exchange) {
        if keepsTargets {
            targets.append(exchange.request.target)
            seen.append(Weak(exchange: exchange))
        }
        exchange.onAbandoned = { [self] in abandoned += 1 }
        let parts = exchange.request.target.dropFirst().split(separator: "/").map(String.init)
        func number(_ index: Int) -> Int { parts.indices.contains(index) ? Int(parts[index]) ?? 0 : 0 }
        func source(_ length: Int?, _ size: Int, _ end: PatternSource.End = .whole, waits: Bool = false) {
            let source = PatternSource(self, length: length, size: size, end: end, waits: waits)
            if waits { waiting.append(source) }
            exchange.respond(Response(status: 200), body: .source(source))
        }
        switch parts.first ?? "" {
        case "text":
            exchange.respond(
                Response(status: 200, fields: [.contentType: "text/plain"]),
                body: .bytes(Array("text for \(exchange.request.target)".utf8)))
        case "bytes": exchange.respond(Response(status: 200), body: .bytes(PatternSource.bytes(number(1))))
        case "sized": source(number(1), number(1))
        case "chunked": source(nil, number(1))
        case "failing": source(number(1), number(2), .failure)
        case "failing-chunked": source(nil, number(1), .failure)
        case "announced": source(number(1), number(2))
        case "waiting": source(number(1), number(1), waits: true)
        case "status":
            exchange.respond(Response(status: number(1)), body: .empty)
        case "omitted":
            exchange.respond(Response(status: 304), body: .omitted(length: number(1)))
        case "later":
            let id = exchange.id
            server.loop.schedule(after: .milliseconds(Int64(number(1)))) { [server] in
                server.exchanges[id]?.respond(Response(status: 200), body: .bytes(Array("later".utf8)))
            }
        case "never": parked.append(exchange.id)
        case "echo":
            exchange.readBody(limit: number(1)) { [self] result in
                switch result {
                case .success(let bytes): exchange.respond(Response(status: 200), body: .bytes(bytes))
                case .failure(let failure):
                    bodyFailures.append(failure)
                    let status = failure == .tooLarge ? 413 : failure == .timedOut ? 408 : 400
                    exchange.respond(Response(status: status), body: .empty)
                }
            }
        case "pull": pulled.append(exchange.openBody(limit: number(1)))
        case "info":
            let info = exchange.connection
            let text = "\(info.isSecure) \(info.serverName ?? "-") \(info.listener) \(info.peerText)"
            exchange.respond(Response(status: 200), body: .bytes(Array(text.utf8)))
        default: exchange.respond(Response(status: 404), body: .empty)
        }
    }
}

/// A body of a known pattern that keeps to what it announced, or does not.
final class PatternSource: BodySource {
    enum End { case whole, failure }

    let length: Int?
    weak var consumer: (any BodyConsumer)?
    private let handler: ScriptedHandler
    private let size: Int
    private let end: End
    private var position = 0
    private var waits: Bool

    init(_ handler: ScriptedHandler, length: Int?, size: Int, end: End, waits: Bool) {
        self.handler = handler
        self.length = length
        self.size = size
        self.end = end
        self.waits = waits
        handler.sources += 1
    }

    deinit { handler.sources -= 1 }

    static func live(of handler: ScriptedHandler) -> Int { handler.sources }
    static func byte(_ position: Int) -> UInt8 { UInt8(truncatingIfNeeded: position &* 31 &+ position >> 8) }
    static func bytes(_ count: Int) -> [UInt8] { (0..<count).map(byte) }

    func read(into out: inout OutputSpan<UInt8>) -> BodyRead {
        if waits { return .wait }
        let count = min(size - position, out.freeCapacity)
        for offset in 0..<count { out.append(Self.byte(position + offset)) }
        position += count
        handler.bytesRead += count
        if position < size { return .bytes }
        return end == .failure ? .failed(.disconnected) : .end
    }

    func cancel() {
        handler.cancelled += 1
        handler.waiting.removeAll { $0 === self }
    }

    func goOn() {
        waits = false
        handler.waiting.removeAll { $0 === self }
        consumer?.bodyIsReady()
    }
}

/// A blocking client that speaks bytes.
final class RawClient: @unchecked Sendable {
    private let descriptor: Int32
    fileprivate(set) var received: [UInt8] = []
    private var scanned = 0
    private var found = 0

    /// - Parameter receiveBuffer: the kernel's, in bytes, where it matters.
    init(_ address: SocketAddress, receiveBuffer: Int32? = nil) throws {
        let socket = try Socket.connect(to: address)
        if let receiveBuffer { try socket.setBuffers(receive: receiveBuffer) }
        descriptor = socket.take()
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) & ~O_NONBLOCK)
        var time = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, 4)
    }

    deinit { close(descriptor) }

    func send(_ text: String) { send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { pointer in
                Glibc.send(
                    descriptor, pointer.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { return }
            sent += count
        }
    }

    func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Resets the connection.
    func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        dup2(open("/dev/null", O_RDONLY | O_CLOEXEC), descriptor)
    }

    enum Ending: Equatable { case bytes, end, reset, timeout }

    /// One read from the socket.
    @discardableResult
    func read(upTo count: Int = 65536) -> Ending {
        var buffer = [UInt8](repeating: 0, count: count)
        let got = recv(descriptor, &buffer, count, 0)
        if got > 0 {
            received.append(contentsOf: buffer[..<got])
            return .bytes
        }
        if got == 0 { return .end }
        return errno == ECONNRESET ? .reset : .timeout
    }

    /// Reads until the server ends the connection.
    func readToEnd() -> Ending {
        while true {
            let ending = read()
            if ending != .bytes { return ending }
        }
    }

    /// Takes the next response off, or nil where none came whole.
    func response(toHead: Bool = false) -> ReceivedResponse? {
        var parser = HTTP1ResponseParser()
        parser.begin(requestMethod: toHead ? .head : .get)
        var response: ReceivedResponse?
        var isAtEnd = false
        while true {
            let bytes = received
            let (consumed, event) = isAtEnd ? (0, parser.endOfInput()) : parser.next(bytes.span)
            switch event {
            case .interim(let status): response = ReceivedResponse(interim: status, after: response)
            case .head(let head):
                response = ReceivedResponse(
                    status: head.status, fields: head.fields, length: head.length, interim: response?.interim ?? [])
            case .body(let range): response!.body.append(contentsOf: bytes[range])
            case .end:
                received.removeFirst(consumed)
                return response
            case .failed: return nil
            case .needMore:
                received.removeFirst(consumed)
                if isAtEnd { return nil }
                switch read() {
                case .bytes: break
                case .end: isAtEnd = true
                case .reset, .timeout: return nil
                }
                continue
            }
            received.removeFirst(consumed)
        }
    }

    func get(_ target: String, fields: String = "") -> ReceivedResponse? {
        send("GET \(target) HTTP/1.1\r\nHost: a.test\r\n\(fields)\r\n")
        return response()
    }
}

struct ReceivedResponse {
    var status = 0
    var fields = Fields()
    var length: Int?
    var interim: [Int] = []
    var body: [UInt8] = []

    init(status: Int, fields: Fields, length: Int?, interim: [Int]) {
        self.status = status
        self.fields = fields
        self.length = length
        self.interim = interim
    }

    init(interim status: Int, after earlier: ReceivedResponse?) {
        interim = (earlier?.interim ?? []) + [status]
    }

    var text: String { String(decoding: body, as: UTF8.self) }
}

extension RawClient {
    /// The next head as text, taken off what was received.
    func takeHead() -> String {
        while true {
            if let end = received.indices.first(where: { received[$0...].starts(with: [13, 10, 13, 10]) }) {
                let head = String(decoding: received[..<(end + 2)], as: UTF8.self)
                received.removeFirst(end + 4)
                return head
            }
            if read() != .bytes { return "" }
        }
    }

    /// Forgets what was received.
    func drop() { received.removeAll(keepingCapacity: true) }

    /// What was taken too early.
    func putBack(_ bytes: [UInt8]) { received = bytes + received }

    /// How often `text` has come.
    func count(of text: String) -> Int {
        let wanted = Array(text.utf8)
        while scanned + wanted.count <= received.count {
            if received[scanned] == wanted[0], received[scanned...].starts(with: wanted) {
                found += 1
                scanned += wanted.count
            } else {
                scanned += 1
            }
        }
        return found
    }
}
