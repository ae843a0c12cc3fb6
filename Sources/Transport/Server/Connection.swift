import Bytes
import Posix
import Reactor
import TLS
import Telemetry

/// A client's socket, its TLS session where there is one, and the protocol machine that speaks on it.
///
/// It moves bytes and knows how a connection begins and ends; what the bytes mean is the machine's. Output that
/// the socket refuses is held here, and while any is held the machine produces no more.
///
///     (proxyHeader) -> handshake -> open -> ending (the last output goes out) -> lingering -> closed
///
/// Every stage has one deadline; in `open` it is the machine's. Beside it the client has to keep its pace.
final class Connection: ReadinessHandler {
    enum Input {
        case bytes
        case wait
        /// The client sends no more.
        case end
        case failed
    }

    private enum Stage {
        case proxyHeader
        case handshake
        case open
        case ending(CloseReason, lingers: Bool)
        case lingering(CloseReason)
        case closed
    }

    let server: Server
    let limits: ServerLimits
    var info: ConnectionInfo
    /// Bytes handed to the kernel. Grows exactly when the client makes room.
    private(set) var sent = 0

    let listener: Listener
    /// Some output is held. Nothing more should be written until it is gone.
    private(set) var isBlocked = false {
        didSet { if isBlocked != oldValue { blockedChanged() } }
    }
    var pace = WritePace()
    var stageDeadline = MonotonicTime.distantFuture
    /// The census has it under its client's address.
    var isCounted = false

    private var socket: FileDescriptor?
    private(set) var registration: Registration?
    private var place = -1
    private var stage = Stage.open {
        didSet { if case .handshake = oldValue { server.handshakes.end(self) } }
    }
    let acceptedAt: MonotonicTime
    /// It waits for its share of the handshakes' time.
    private var isEnqueued = false
    private var tls: TLSSession?
    private var machine: (any ProtocolMachine)?
    /// Output that neither the socket nor the TLS session has taken.
    private var held = ByteQueue()
    /// How much to gather before it is written, in bytes.
    private(set) var outputSize = Server.outputSize
    /// What the last report said and no call has disproved.
    private var canRead = false
    /// The client has ended its half; reading goes on until the end is read.
    private(set) var peerHasEnded = false
    private var lingered = 0
    /// Something has come of the client.
    private var hasReceived = false

    private init(_ socket: consuming FileDescriptor, peer: SocketAddress, listener: Listener) {
        self.socket = consume socket
        self.listener = listener
        server = listener.server
        limits = listener.limits
        info = ConnectionInfo(peer: peer, listener: listener.name)
        acceptedAt = server.loop.now
    }

    /// Takes an accepted socket into service.
    static func open(_ socket: consuming FileDescriptor, peer: SocketAddress, listener: Listener) {
        let connection = Connection(socket, peer: peer, listener: listener)
        connection.place = listener.server.add(connection)
        connection.start()
    }

    private func start() {
        registration = try? server.loop.register(socket!, self)
        guard registration != nil else { return close(.descriptors) }
        if listener.expectsProxyHeader {
            guard server.isTrustedProxy(info.peer) else { return refuseProxy() }
            stage = .proxyHeader
            return setDeadline(server.loop.now + limits.headTime)
        }
        guard countByAddress() else { return close(.connectionsPerAddress) }
        begin()
        if isDraining { drain() }
    }

    /// The client's own bytes come now.
    func begin() {
        stage = .open
        if let context = listener.tls {
            tls = TLSSession(server: context, pool: server.tlsBuffers)
            stage = .handshake
            server.handshakes.begin(self, limit: limits.handshakes)
            setDeadline(server.loop.now + limits.handshakeTime)
        } else {
            machine = HTTP1Machine(self)
        }
        // Behind a PROXY header some of them may be here already.
        if canRead { askAgain() }
    }

    /// Who answers what is asked from now on.
    var handler: any RequestHandler { listener.handler }

    /// It is served to its next good end, and no further.
    var isDraining: Bool { server.isDraining || listener.isRetired }

    // MARK: Events

    func ready(_ readiness: Readiness) {
        if readiness.contains(.readable) { canRead = true }
        if readiness.contains(.peerClosed) { peerHasEnded = true }
        switch stage {
        case .proxyHeader: continueProxyHeader()
        case .handshake:
            guard !isEnqueued else { break }
            isEnqueued = true
            server.handshakes.enqueue(self)
        case .open:
            if readiness.contains(.failed) { return close(machine?.isIdle == true ? .client : .reset) }
            if isBlocked { flush() }
            machine?.proceed()
        case .ending: continueEnding()
        case .lingering: continueLingering()
        case .closed: break
        }
    }

    func stageDeadlineReached() {
        switch stage {
        case .proxyHeader: close(isDraining && !hasReceived ? .drain : .headTimeout)
        case .handshake: close(isDraining && !hasReceived ? .drain : .tlsHandshakeTimeout)
        case .open: machine?.deadlineReached()
        case .ending: close(.writeTimeout)
        case .lingering(let reason): close(reason)
        case .closed: break
        }
    }

    /// The server goes down, or the listener does. A client that has begun to speak is served; one that has said nothing yet may, for a
    /// while.
    func drain() {
        switch stage {
        case .proxyHeader, .handshake:
            if !hasReceived { setDeadline(min(stageDeadline, server.loop.now + limits.drainIdleTime)) }
        case .open:
            // What came since the last report is still to be seen.
            canRead = true
            machine?.drain()
        case .ending, .lingering, .closed: break
        }
    }

    var isIdle: Bool {
        if case .open = stage { machine?.isIdle == true } else { false }
    }

    /// What began as HTTP/1 turns out to be HTTP/2, spoken with prior knowledge (RFC 9113 section 3.3).
    func switchToHTTP2(received: [UInt8]) {
        guard case .open = stage else { return }
        machine = HTTP2Machine(self, received: received)
        askAgain()
    }

    /// The machine has more to do than one turn allows.
    func askAgain() { registration?.again() }

    // MARK: Handshake

    var isInHandshake: Bool {
        if case .handshake = stage { true } else { false }
    }

    func continueHandshake() {
        isEnqueued = false
        guard isInHandshake, let tls else { return }
        while true {
            switch tls.handshake() {
            case .done: return finishHandshake(tls)
            case .failed(let error):
                handler.handshakeFailed(error, on: info)
                if error.kind == .notTLS {
                    answerPlainText()
                } else {
                    end(error.isCertificateFault ? .certificate : .tls, lingers: true)
                }
                return
            case .wait: flush()
            }
            if case .closed = stage { return }
            switch receiveCiphertext(tls) {
            case .bytes: continue
            case .wait: return
            case .end, .failed: return close(.tls)
            }
        }
    }

    private func finishHandshake(_ tls: TLSSession) {
        listener.counters.countHandshake(
            version: tls.versionName, cipher: tls.cipherName, wasResumed: tls.wasResumed)
        info = ConnectionInfo(
            peer: info.peer, isSecure: true, serverName: tls.serverName, tlsVersion: tls.versionName,
            listener: info.listener)
        stage = .open
        machine = tls.negotiatedProtocol == "h2" ? HTTP2Machine(self) : HTTP1Machine(self)
        flush()
        machine?.proceed()
    }

    /// A client that speaks no TLS is told so in the one way that it may understand.
    private func answerPlainText() {
        tls = nil
        var answer: [UInt8] = []
        HTTP1Machine.append(
            status: 400, text: "This port speaks HTTPS, not HTTP.\n", date: server.date, to: &answer)
        write(answer.span)
        end(.tls, lingers: true)
    }

    // MARK: Input

    /// Appends what the client has sent to `buffer`, up to `capacity` bytes.
    func read(into buffer: inout [UInt8], upTo capacity: Int) -> Input {
        guard let tls else {
            guard canRead else { return .wait }
            var result = IOResult.wouldBlock
            buffer.append(addingCapacity: capacity) { (out: inout OutputSpan<UInt8>) in
                result = socket!.receive(into: &out, limit: capacity)
            }
            return note(result, of: capacity)
        }
        while true {
            var result = TLSRead.wait
            buffer.append(addingCapacity: capacity) { (out: inout OutputSpan<UInt8>) in
                result = tls.read(into: &out)
            }
            switch result {
            case .bytes: return .bytes
            case .closed: return .end
            case .failed: return .failed
            case .wait: break
            }
            switch receiveCiphertext(tls) {
            case .bytes: continue
            case .wait:
                // The session may have had to answer something itself.
                if tls.hasOutput { flush() }
                return .wait
            case .end: tls.endOfInput()
            case .failed: return .failed
            }
        }
    }

    /// What has come, without taking it.
    func peek(into out: inout OutputSpan<UInt8>) -> IOResult { socket?.peek(into: &out) ?? .end }

    /// Takes and drops what `peek` has shown.
    func skip(_ count: Int) {
        var rest = count
        var scratch = [UInt8](repeating: 0, count: 0)
        while rest > 0 {
            var result = IOResult.wouldBlock
            scratch.append(addingCapacity: rest) { (out: inout OutputSpan<UInt8>) in
                result = socket?.receive(into: &out, limit: rest) ?? .end
            }
            guard case .bytes(let count) = result else { return }
            rest -= count
        }
    }

    /// Bytes sent that the client's machine has not acknowledged.
    var unacknowledged: Int { socket?.unacknowledged() ?? 0 }

    private func receiveCiphertext(_ tls: TLSSession) -> Input {
        guard canRead else { return .wait }
        var result = IOResult.wouldBlock
        var room = 0
        tls.receive(upTo: TLSSession.recordSize) { (out: inout OutputSpan<UInt8>) in
            room = out.freeCapacity
            result = socket!.receive(into: &out)
        }
        return note(result, of: room)
    }

    /// A read that was not filled has emptied the socket (epoll(7)), unless the end is behind it.
    private func note(_ result: IOResult, of room: Int) -> Input {
        switch result {
        case .bytes(let count):
            hasReceived = true
            if count < room, !peerHasEnded { canRead = false }
            return .bytes
        case .wouldBlock:
            canRead = false
            return .wait
        case .end: return .end
        case .failed: return .failed
        }
    }

    // MARK: Output

    /// Sends `bytes`. What the socket refuses is held, and `isBlocked` is true until it is gone.
    func write(_ bytes: Span<UInt8>) {
        if case .closed = stage { return }
        if isBlocked { return held.append(bytes) }
        var rest = bytes
        if let tls {
            while !rest.isEmpty {
                rest = rest.extracting(tls.write(rest)..<rest.count)
                guard sendCiphertext(tls) else { return }
                if tls.hasOutput { break }
            }
        } else {
            while !rest.isEmpty {
                let count = send(rest)
                guard count >= 0 else { return }
                if count == 0 { break }
                rest = rest.extracting(count..<rest.count)
            }
        }
        if !rest.isEmpty { held.append(rest) }
        isBlocked = !rest.isEmpty || tls?.hasOutput == true
        if isBlocked {
            outputSize = Server.outputSize
        } else if bytes.count >= Server.outputSize / 2 {
            outputSize = Server.largeOutputSize
        }
    }

    /// Sends what is held.
    private func flush() {
        if case .closed = stage { return }
        if let tls {
            guard sendCiphertext(tls) else { return }
            while !held.isEmpty, !tls.hasOutput {
                held.consume(held.withSpan { tls.write($0) })
                guard sendCiphertext(tls) else { return }
            }
        } else {
            while !held.isEmpty {
                let count = held.withSpan { send($0) }
                guard count >= 0 else { return }
                if count == 0 { break }
                held.consume(count)
            }
        }
        isBlocked = !held.isEmpty || tls?.hasOutput == true
        if held.isEmpty { held.release() }
    }

    /// False where the connection is gone.
    private func sendCiphertext(_ tls: TLSSession) -> Bool {
        var isAlive = true
        while tls.hasOutput {
            var count = 0
            tls.withOutput { bytes in
                count = send(bytes)
                return max(0, count)
            }
            if count < 0 { isAlive = false }
            if count <= 0 { break }
        }
        return isAlive
    }

    /// How many bytes the socket took: 0 where it takes none now, -1 where it is dead and the connection closed.
    private func send(_ bytes: Span<UInt8>) -> Int {
        guard socket != nil else { return -1 }
        switch socket!.send(bytes) {
        case .bytes(let count):
            sent += count
            return count
        case .wouldBlock, .end:
            return 0
        case .failed:
            close(.reset)
            return -1
        }
    }

    // MARK: The end

    /// Ends the connection once the output has gone out.
    ///
    /// - Parameter lingers: the client may be sending. To close at once would reset the connection, and the reset
    ///   could overtake what was sent last (RFC 9112 section 9.6): so what comes is read and dropped for a while.
    func end(_ reason: CloseReason, lingers: Bool) {
        switch stage {
        case .proxyHeader, .handshake, .open: break
        case .ending, .lingering, .closed: return
        }
        stageDeadline = .distantFuture
        let machine = machine
        self.machine = nil
        stage = .ending(reason, lingers: lingers)
        machine?.connectionClosed(reason)
        tls?.close()
        continueEnding()
    }

    private func continueEnding() {
        flush()
        guard case .ending(let reason, let lingers) = stage else { return }
        // The pace alone says how long.
        if isBlocked { return applyDeadline() }
        guard lingers else { return close(reason) }
        socket?.shutdownWriting()
        tls = nil
        stage = .lingering(reason)
        setDeadline(server.loop.now + (isDraining ? min(limits.lingerTime, .seconds(1)) : limits.lingerTime))
        if canRead { askAgain() }
    }

    private func continueLingering() {
        guard case .lingering(let reason) = stage else { return }
        var scratch = server.takeInput()
        defer { server.giveBackInput(scratch) }
        while canRead {
            scratch.removeAll(keepingCapacity: true)
            switch read(into: &scratch, upTo: Server.inputSize) {
            case .bytes:
                lingered += scratch.count
                if lingered > limits.lingerBytes { return close(reason) }
            case .wait: return
            case .end, .failed: return close(reason)
            }
        }
    }

    /// What the client has not got by now it will not get, and it will see a reset.
    func resetOnClose() { socket?.resetOnClose() }

    func close(_ reason: CloseReason) {
        if case .closed = stage { return }
        stage = .closed
        registration?.cancel()
        registration = nil
        socket = nil
        tls = nil
        held.release()
        isBlocked = false
        let machine = machine
        self.machine = nil
        if isCounted { server.census?.leave(from: info.peer) }
        listener.connectionClosed(reason, info.peer)
        server.remove(place)
        machine?.connectionClosed(reason)
    }
}
