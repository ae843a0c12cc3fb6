import HTTP
import HTTP2
import Posix
import Telemetry

/// HTTP/2 on one connection (RFC 9113): as many requests at a time as the client has streams, each with an exchange
/// of its own.
///
/// The session knows frames, streams and windows; this machine moves bytes between it and the connection, keeps
/// the exchanges, and watches the clock. While the socket takes no output nothing is read, and each time that it does
/// again once; control frames go out before content. So nobody can make the session owe more than one read's worth of
/// frames, and nobody who is sent a lot has to take it all before a cancellation or another request is heard.
final class HTTP2Machine: ProtocolMachine {
    /// What the deadline is for.
    private enum Wait {
        case nothing, head, rest, idle, write, streams, shutdown
    }

    let connection: Connection
    let server: Server
    let session: HTTP2Session
    var streams: [Int32: HTTP2ServerStream] = [:]
    /// What streams hold of content for which the connection's window has been given back, in bytes.
    var heldContent = 0
    private(set) var isOver = false
    private var isRunning = false
    /// It goes on at the end of the turn.
    private var proceedsSoon = false
    /// Why no more requests are taken soon.
    private var shutdownReason: CloseReason?
    private var shutdownIsSeen = false
    private var requests = 0

    /// Borrowed from the server while the machine runs.
    private var input: [UInt8] = []
    private var output: [UInt8] = []
    /// What was read before this machine was.
    private var early: [UInt8]

    private var wait = Wait.nothing
    private var waitMark = -1
    /// When the connection ends if no request comes, and how many there had been when that was set.
    private var idleEnd = MonotonicTime.distantFuture
    private var idleMark = -1
    /// Nothing has happened since the session gave back what it could.
    private var isRested = false

    /// How many reads, or fillings of the output, one turn of the loop gives a connection.
    private static let stepsPerTurn = 16
    /// Where the output is full: four whole DATA frames, which the server's scratch buffer holds.
    private var outputSize: Int { connection.outputSize - (13 << 10) }
    /// After how long an idle connection gives its memory back: a page that is asked for again costs more than it is
    /// worth between two requests.
    private static let restTime = Nanoseconds.seconds(1)
    /// How long a client may take to show that it has heard of the shutdown.
    private static let shutdownTime = Nanoseconds.seconds(1)

    /// - Parameter received: what was read of the connection before it was known to be HTTP/2.
    init(_ connection: Connection, received: [UInt8] = []) {
        self.connection = connection
        server = connection.server
        var limits = connection.limits.http2
        limits.head = connection.limits.http1
        limits.discardedBytes = connection.limits.discardBytes
        limits.leastProgress = Self.leastProgress(connection.limits)
        session = HTTP2Session(limits: limits, now: connection.server.loop.now.nanoseconds)
        early = received
        updateDeadline()
    }

    private var now: UInt64 { server.loop.now.nanoseconds }

    // MARK: Events

    func proceed() {
        guard !isRunning, !isOver else { return }
        enter()
        run()
        leave()
    }

    func drain() {
        // Whoever has asked nothing yet may ask once, and hears of it then.
        if requests > 0 { return act { shutDown(.drain) } }
        proceed()
        wait = .nothing
        updateDeadline()
    }

    var isIdle: Bool { !isRunning && requests > 0 && streams.isEmpty && !session.isInHead }

    func deadlineReached() {
        let expired = wait
        wait = .nothing
        switch expired {
        case .nothing: break
        case .rest:
            session.rest()
            if streams.isEmpty { streams = [:] }
            isRested = true
            updateDeadline()
        case .idle: end(.idleTimeout, .none)
        case .head: end(connection.isDraining && !session.isInHead ? .drain : .headTimeout, .none)
        case .write: connection.close(.writeTimeout)
        case .shutdown: act { finishShutdown() }
        case .streams: act { checkStreams() }
        }
    }

    func connectionClosed(_ reason: CloseReason) {
        isOver = true
        let open = streams.values.sorted { $0.id < $1.id }
        for stream in open { stream.noteSent() }
        streams.removeAll()
        session.close()
        for stream in open {
            abandon(stream, Self.outcome(reason), .disconnected)
        }
    }

    /// How requests end that a connection takes with it; nil for what their records have already.
    private static func outcome(_ reason: CloseReason) -> Outcome? {
        switch reason {
        case .drain, .drainTimeout: .draining
        case .origin, .stalled: nil
        default: reason.isExcess ? .limited : .clientGone
        }
    }

    // MARK: Running

    private func enter() {
        isRunning = true
        isRested = false
        input = server.takeInput()
        output = server.takeOutput()
    }

    private func run() {
        // Once before more is produced: whoever takes a long answer has something to say all the while.
        if !isOver, !connection.isBlocked { _ = read() }
        for _ in 0..<Self.stepsPerTurn {
            guard !isOver, !connection.isBlocked else { return }
            session.produce(into: &output, upTo: outputSize, now: now)
            let isFull = output.count >= outputSize
            flush()
            takeEvents()
            guard !isOver, !connection.isBlocked else { return }
            if session.isOver { return finish() }
            if isFull { continue }
            if !read() {
                // What was taken from the session may have let it go on.
                if session.hasOutput, !isOver { continue }
                return
            }
        }
        connection.askAgain()
    }

    private func leave() {
        flush()
        var buffer: [UInt8] = []
        swap(&buffer, &output)
        server.giveBackOutput(buffer)
        buffer = []
        swap(&buffer, &input)
        server.giveBackInput(buffer)
        isRunning = false
        updateDeadline()
    }

    /// Calls `body` and lets the machine go on afterwards.
    func act(_ body: () -> Void) {
        if isRunning || isOver { return body() }
        enter()
        body()
        run()
        leave()
    }

    /// Goes on at the end of the loop's turn: what several streams have to say by then goes out together, in one TLS
    /// record and one call of the kernel.
    func proceedSoon() {
        guard !isRunning, !isOver, !proceedsSoon else { return }
        proceedsSoon = true
        server.loop.defer { [self] in
            proceedsSoon = false
            proceed()
        }
    }

    private func flush() {
        guard !output.isEmpty else { return }
        // Whatever `write` leads to finds an empty output, and the buffer stays one.
        var bytes: [UInt8] = []
        swap(&bytes, &output)
        connection.write(bytes.span)
        bytes.removeAll(keepingCapacity: true)
        if output.isEmpty { swap(&bytes, &output) }
    }

    /// False where there is nothing, or no connection any more.
    private func read() -> Bool {
        input.removeAll(keepingCapacity: true)
        if !early.isEmpty {
            input.append(contentsOf: early)
            early = []
            take()
            return true
        }
        switch connection.read(into: &input, upTo: Server.inputSize) {
        case .bytes:
            take()
            return true
        case .wait: return false
        case .end, .failed:
            connection.close(streams.isEmpty ? .client : .reset)
            return false
        }
    }

    private func take() {
        let bytes = input
        session.receive(bytes.span, now: now)
        takeEvents()
    }

    /// What `minWriteRate` asks of a stream within `writeIdleTime`.
    private static func leastProgress(_ limits: ServerLimits) -> Int {
        let bytes = Double(limits.minWriteRate) * Double(limits.writeIdleTime.count) / 1e9
        return max(1, Int(min(bytes, 1e9)))
    }

    // MARK: What the session tells

    private func takeEvents() {
        while let event = session.nextEvent() {
            guard !isOver else { return }
            switch event {
            case .request(let id, let request, let hasContent, let expectsContinue):
                begin(id, request, hasContent: hasContent, expectsContinue: expectsContinue)
            case .refused(let id, let error): refuse(id, error)
            case .body(let id, let range):
                guard let stream = streams[id] else {
                    session.consumed(range.count, of: id)
                    break
                }
                stream.receive(input[range])
            case .end(let id): streams[id]?.bodyEnded()
            case .sent(let id, let bytes): finish(id, bytes)
            case .reset(let id, let reason, let bytes): reset(id, reason, bytes)
            case .limited(let limit): connection.listener.counters.countLimit(CloseReason(limit))
            case .shutdownSeen: if shutdownReason != nil { finishShutdown() }
            }
        }
    }

    private func begin(_ id: Int32, _ request: Request, hasContent: Bool, expectsContinue: Bool) {
        requests += 1
        connection.listener.counters.requests += 1
        let info = connection.info
        var record = AccessRecord(
            startedAt: WallClock.microseconds(), method: request.method.description, path: request.target,
            version: "2", peer: info.peerText)
        record.host = request.authority
        guard session.isOpen(id) else {
            // The client has taken it back before anybody looked at it.
            record.outcome = .clientGone
            return connection.handler.didRefuse(record, on: info)
        }
        let stream = HTTP2ServerStream(
            id, self, hasContent: hasContent, owesContinue: expectsContinue, now: server.loop.now)
        streams[id] = stream
        let exchange = Exchange(
            request: request, connection: info, record: record, startedAt: .now(), table: server.exchanges,
            owner: stream, handler: connection.handler)
        stream.exchange = exchange
        exchange.handler.handle(exchange)
        if connection.isDraining {
            shutDown(.drain)
        } else if requests >= connection.limits.requestsPerConnection {
            shutDown(.requestsPerConnection)
        }
    }

    /// Answers what is no request, with a status and no more. Other streams go on.
    private func refuse(_ id: Int32, _ error: HTTP1Error) {
        var record = AccessRecord(startedAt: WallClock.microseconds(), version: "2", peer: connection.info.peerText)
        record.status = error.status
        record.outcome = .badRequest
        let reason = CloseReason(error)
        if reason.isLimit { connection.listener.counters.countLimit(reason) }
        let text = "\(error.status) \(HTTP1Serializer.reasonPhrase(error.status))\n"
        record.bytes = Int64(text.utf8.count)
        session.respond(
            on: id,
            Response(
                status: error.status, fields: [.contentType: "text/plain; charset=utf-8", .cacheControl: "no-store"]),
            length: text.utf8.count, date: server.date, content: .bytes(Array(text.utf8)))
        connection.handler.didRefuse(record, on: connection.info)
    }

    private func finish(_ id: Int32, _ sent: Int) {
        guard let stream = streams.removeValue(forKey: id), let exchange = stream.exchange else { return }
        exchange.close()
        stream.close()
        exchange.record.bytes = Int64(sent)
        log(exchange)
    }

    private func reset(_ id: Int32, _ reason: StreamReset, _ sent: Int) {
        guard let stream = streams.removeValue(forKey: id) else {
            guard case .malformed = reason else { return }
            var record = AccessRecord(
                startedAt: WallClock.microseconds(), version: "2", peer: connection.info.peerText)
            record.outcome = .badRequest
            return connection.handler.didRefuse(record, on: connection.info)
        }
        stream.exchange?.record.bytes = Int64(sent)
        switch reason {
        case .client: abandon(stream, .clientGone, .disconnected)
        case .malformed: abandon(stream, .badRequest, .malformed)
        case .contentFailed: abandon(stream, .originFailed, .disconnected)
        }
    }

    /// The stream is over, and its exchange is not.
    func abandon(_ stream: HTTP2ServerStream, _ outcome: Outcome?, _ failure: BodyFailure) {
        guard let exchange = stream.exchange else { return }
        stream.exchange = nil
        let abandoned = exchange.onAbandoned
        exchange.close()
        if let outcome { exchange.record.outcome = outcome }
        abandoned?()
        stream.failBody(failure)
        stream.close()
        log(exchange)
    }

    private func log(_ exchange: Exchange) {
        exchange.record.duration = (MonotonicTime.now() - exchange.startedAt).microseconds
        connection.listener.counters.bodyBytesSent += Int(exchange.record.bytes)
        exchange.handler.didFinish(exchange)
    }

    // MARK: The end

    /// The session has nothing more to say or to hear.
    private func finish() {
        isOver = true
        let reason: CloseReason =
            switch session.ending {
            case .protocolError: .malformed
            case .overLimit(let limit): CloseReason(limit)
            case .finished, nil: shutdownReason ?? .finished
            }
        connection.end(reason, lingers: true)
    }

    /// Ends the connection, and tells the client where there is still a way to.
    private func end(_ reason: CloseReason, _ error: ErrorCode) {
        if connection.isBlocked { return connection.close(reason) }
        session.terminate(error)
        enter()
        session.produce(into: &output, upTo: outputSize, now: now)
        isOver = true
        leave()
        connection.end(reason, lingers: false)
    }

    private func shutDown(_ reason: CloseReason) {
        guard shutdownReason == nil else { return }
        shutdownReason = reason
        session.announceShutdown()
    }

    private func finishShutdown() {
        guard !shutdownIsSeen else { return }
        shutdownIsSeen = true
        session.finishShutdown()
    }

    // MARK: The deadline

    /// Streams have limits of their own, and share the connection's deadline: it is set for the earliest that could
    /// pass, and whatever has not passed by then gives the next.
    private func checkStreams() {
        let now = server.loop.now
        var next = now + shortestStreamTime
        var stalled: [HTTP2ServerStream] = []
        for stream in streams.values.sorted(by: { $0.id < $1.id }) {
            let end = stream.startedAt + connection.limits.requestTime
            guard end > now else {
                cut(stream, .cancel, .limited, .requestTimeout)
                continue
            }
            next = min(next, end)
            let (wait, since) = stream.waiting
            let deadline =
                wait == .body ? stream.bodyDeadline(connection.limits) : since + time(for: wait)
            guard deadline <= now else {
                next = min(next, deadline)
                continue
            }
            switch wait {
            case .body: stream.bodyTimedOut()
            case .window: stalled.append(stream)
            case .handler: cut(stream, .internalError, nil, nil)
            }
        }
        if !stalled.isEmpty, stalled.count == streams.count {
            // Nobody takes anything of this connection.
            session.terminate(.enhanceYourCalm)
            session.produce(into: &output, upTo: outputSize, now: self.now)
            flush()
            return connection.end(.writeTimeout, lingers: false)
        }
        for stream in stalled { cut(stream, .cancel, .clientGone, .writeTimeout) }
        wait = .streams
        waitMark = 0
        connection.setDeadline(next)
    }

    private func cut(
        _ stream: HTTP2ServerStream, _ error: ErrorCode, _ outcome: Outcome?, _ limit: CloseReason?
    ) {
        if let limit { connection.listener.counters.countLimit(limit) }
        streams[stream.id] = nil
        stream.noteSent()
        session.reset(stream.id, error)
        abandon(stream, outcome, .timedOut)
    }

    private func time(for wait: HTTP2ServerStream.Wait) -> Nanoseconds {
        let limits = connection.limits
        return switch wait {
        case .body: limits.bodyIdleTime
        case .window: limits.writeIdleTime
        case .handler: limits.handlerTime
        }
    }

    private var shortestStreamTime: Nanoseconds {
        let limits = connection.limits
        return min(limits.bodyIdleTime, limits.writeIdleTime, limits.handlerTime, limits.requestTime)
    }

    private func updateDeadline() {
        guard !isOver else { return }
        let limits = connection.limits
        let now = server.loop.now
        let wait: Wait, mark: Int, end: MonotonicTime
        if connection.isBlocked {
            // For the client, whose pace the connection minds.
            (wait, mark, end) = (.write, 0, .distantFuture)
        } else if session.isInHead || !session.hasPreface || session.headsBegun == 0 {
            let isSilent = connection.isDraining && !session.isInHead
            let time = isSilent ? min(limits.headTime, limits.drainIdleTime) : limits.headTime
            (wait, mark, end) = (.head, session.headsBegun, now + time)
        } else if shutdownReason != nil, !shutdownIsSeen {
            (wait, mark, end) = (.shutdown, 0, now + Self.shutdownTime)
        } else if streams.isEmpty {
            if idleMark != requests {
                idleMark = requests
                idleEnd = now + limits.idleTime
            }
            let rest = now + Self.restTime
            (wait, mark, end) = isRested || rest >= idleEnd ? (.idle, requests, idleEnd) : (.rest, requests, rest)
        } else {
            idleMark = -1
            (wait, mark, end) = (.streams, 0, now + shortestStreamTime)
        }
        if wait == self.wait, mark == waitMark { return }
        self.wait = wait
        waitMark = mark
        connection.setDeadline(end)
    }
}
