import HTTP
import Posix
import Telemetry

/// HTTP/1 on one connection (RFC 9112): requests in, one at a time, and their responses out in order.
///
///     request -> handling -> writing -> (discarding) -> request ...
///
/// The next request is looked at only when the last response has been taken by the socket; until then what
/// the client pipelines stays where it is, mostly in the kernel. All work is done by `run`, which goes on until
/// it would have to wait. What a handler calls from within only leaves word, and `run` acts on it.
final class HTTP1Machine: ProtocolMachine {
    enum Phase {
        /// For a head, or more of it.
        case request
        /// For the handler's answer; its wish for the request's body is met meanwhile.
        case handling
        /// The response is on its way out.
        case writing
        /// The rest of a request's body is dropped, so that the next request can be read.
        case discarding
        /// Nothing more is done here.
        case over
    }

    /// What the deadline is for.
    private enum Wait {
        case nothing, head, idle, body, handler
    }

    let connection: Connection
    let server: Server
    var phase = Phase.request

    // The request
    var parser: HTTP1RequestParser
    /// What was read and not yet parsed. While the machine runs it is the server's scratch buffer, else no
    /// more than what was left over.
    var input: [UInt8] = []
    var position = 0
    var exchange: Exchange?
    var bodyIsComplete = true
    /// While somebody wants it.
    var body: RequestBody?
    /// How much of the input, from `position` on, is content that the parser has passed and nobody has got.
    var passed = 0
    var bodyReceived = 0
    var owesContinue = false

    // The response
    /// What is to be sent next. While the machine runs it is the server's scratch buffer, else empty.
    var output: [UInt8] = []
    var content = ResponseContent.nothing
    /// Why the connection ends after the response under way, where it does.
    var closesFor: CloseReason?

    /// How many steps are left in this turn.
    var budget = 0
    private(set) var isRunning = false
    private var requests = 0
    private var wait = Wait.nothing
    private var waitMark = -1
    private var bodyPace = ReadPace()

    /// How many steps (heads, responses, pieces of a body) one turn of the loop gives a connection.
    private static let stepsPerTurn = 128

    init(_ connection: Connection) {
        self.connection = connection
        server = connection.server
        parser = HTTP1RequestParser(limits: connection.limits.http1)
        updateDeadline()
    }

    // MARK: Events

    func proceed() {
        guard !isRunning, phase != .over else { return }
        enter()
        if phase == .handling || phase == .writing { body?.tell() }
        run()
        leave()
    }

    func drain() {
        guard phase == .request else { return }
        proceed()
        guard phase == .request, isSilent else { return }
        // There is less time for it now.
        wait = .nothing
        updateDeadline()
    }

    var isIdle: Bool { phase == .request && requests > 0 && !isRunning && isSilent }

    var isDraining: Bool { connection.isDraining }

    /// No byte of the next request is here.
    private var isSilent: Bool { input.isEmpty && parser.isIdle }

    func deadlineReached() {
        let expired = wait
        wait = .nothing
        if let exchange, server.loop.now >= exchange.startedAt + connection.limits.requestTime {
            connection.resetOnClose()
            return connection.close(.requestTimeout)
        }
        switch expired {
        case .nothing: updateDeadline()
        case .idle: isDraining ? connection.end(.drain, lingers: true) : connection.close(.idleTimeout)
        case .head:
            if isSilent { return connection.close(isDraining ? .drain : .headTimeout) }
            enter()
            refuse(status: 408, outcome: .requestTimeout, .headTimeout)
            leave()
        case .body:
            let reason: CloseReason =
                bodyPace.isTooSlow(at: server.loop.now, pause: connection.limits.bodyIdleTime)
                ? .minReadRate : .readTimeout
            guard let body else { return connection.close(reason) }
            act { failBody(body, .timedOut, reason) }
        case .handler:
            if phase == .writing { connection.resetOnClose() }
            connection.close(.stalled)
        }
    }

    func connectionClosed(_ reason: CloseReason) {
        phase = .over
        if !isRunning { input = [] }
        if case .source(let source, _) = content { source.cancel() }
        content = .nothing
        guard let exchange else { return }
        self.exchange = nil
        let body = body
        self.body = nil
        let abandoned = exchange.onAbandoned
        exchange.close()
        switch reason {
        case .origin: exchange.record.outcome = .originFailed
        case .requestTimeout: exchange.record.outcome = .limited
        case .stalled: exchange.record.outcome = exchange.record.status == 0 ? .internalError : .originTimeout
        case .drain, .drainTimeout: exchange.record.outcome = .draining
        default: exchange.record.outcome = .clientGone
        }
        abandoned?()
        body?.fail(reason == .readTimeout || reason == .minReadRate ? .timedOut : .disconnected)
        log(exchange)
    }

    // MARK: Running

    /// Borrows the server's scratch buffers.
    func enter() {
        isRunning = true
        let rest = input
        input = server.takeInput()
        if !rest.isEmpty { input.append(contentsOf: rest) }
        output = server.takeOutput()
    }

    func run() {
        budget = Self.stepsPerTurn
        while budget > 0 {
            guard phase != .over, !connection.isBlocked else { return }
            budget -= 1
            let goesOn =
                switch phase {
                case .request: readHead()
                case .handling: false
                case .writing: writeMore()
                case .discarding: discardBody()
                case .over: false
                }
            guard goesOn else { return }
        }
        connection.askAgain()
    }

    /// Sends what is left to send, gives the buffers back and sets the deadline for what is waited for now.
    func leave() {
        flush()
        var buffer: [UInt8] = []
        swap(&buffer, &output)
        server.giveBackOutput(buffer)
        buffer = []
        swap(&buffer, &input)
        if position < buffer.count, phase != .over { input = Array(buffer[position...]) }
        position = 0
        server.giveBackInput(buffer)
        isRunning = false
        updateDeadline()
    }

    /// Calls `body` where the buffers are there, and lets the machine go on afterwards.
    func act(_ body: () -> Void) {
        if isRunning { return body() }
        enter()
        body()
        run()
        leave()
    }

    /// Hands the output to the connection.
    func flush() {
        guard !output.isEmpty else { return }
        let bytes = output
        connection.write(bytes.span)
        output.removeAll(keepingCapacity: true)
    }

    // MARK: Heads

    /// One step: parses a head, or reads more of it. False where nothing can be done now.
    private func readHead() -> Bool {
        if position < input.count || !parser.isIdle {
            switch parse() {
            case .needMore: break
            case .head(let request):
                begin(request)
                return true
            case .failed(.http2Preface) where isHTTP2Preface:
                phase = .over
                connection.switchToHTTP2(received: Array(input[(position - Self.prefaceLine.count)...]))
                return false
            case .failed(let error):
                refuse(status: error.status, outcome: .badRequest, CloseReason(error))
                return false
            case .body, .end: preconditionFailure("content outside of a message")
            }
        }
        // Whoever waits for more has been told all that there was to say.
        flush()
        guard !connection.isBlocked, phase != .over else { return false }
        return read()
    }

    private static let prefaceLine = Array("PRI * HTTP/2.0\r\n".utf8)

    /// The line that the parser has refused last is the first of a client that speaks HTTP/2 without asking. Over TLS
    /// that is agreed in the handshake.
    private var isHTTP2Preface: Bool {
        requests == 0 && !connection.info.isSecure && position >= Self.prefaceLine.count
            && input[..<position].suffix(Self.prefaceLine.count).elementsEqual(Self.prefaceLine)
    }

    /// One step of the parser over what has been read. A body's range is one of `input`.
    func parse() -> HTTP1RequestEvent {
        precondition(passed == 0, "content lies before what is to be parsed")
        let bytes = input
        let start = position
        let (consumed, event) = parser.next(bytes.span.extracting(start..<bytes.count))
        position += consumed
        if case .body(let range) = event { return .body(range.lowerBound + start..<range.upperBound + start) }
        return event
    }

    /// Reads more input behind what is not yet parsed. False where there is none, or no connection any more.
    func read() -> Bool {
        if position > 0 {
            input.removeSubrange(0..<position)
            position = 0
        }
        switch connection.read(into: &input, upTo: Server.inputSize) {
        case .bytes: return true
        case .wait: return false
        case .end:
            if phase == .request, input.isEmpty, parser.isIdle {
                connection.end(.client, lingers: false)
            } else {
                connection.close(.reset)
            }
            return false
        case .failed:
            connection.close(phase == .request ? .client : .reset)
            return false
        }
    }

    private func begin(_ request: Request) {
        requests += 1
        connection.listener.counters.requests += 1
        bodyReceived = 0
        passed = 0
        bodyIsComplete = request.framing == .none || request.framing == .length(0)
        if bodyIsComplete { _ = parse() }
        owesContinue = parser.expectsContinue && request.version == .http11
        closesFor =
            isDraining
            ? .drain
            : !parser.keepAlive
                ? .finished
                : requests >= connection.limits.requestsPerConnection ? .requestsPerConnection : nil
        let info = connection.info
        var record = AccessRecord(
            startedAt: WallClock.microseconds(), method: request.method.description, path: request.target,
            version: request.version == .http11 ? "1.1" : "1.0", peer: info.peerText)
        record.host = request.authority
        let exchange = Exchange(
            request: request, connection: info, record: record, startedAt: .now(), table: server.exchanges,
            owner: self, handler: connection.handler)
        self.exchange = exchange
        phase = .handling
        exchange.handler.handle(exchange)
    }

    /// Answers what is no request, with a status and no more, and ends the connection: where the message ends
    /// is not known (RFC 9112 section 2.2).
    private func refuse(status: Int, outcome: Outcome, _ reason: CloseReason) {
        var record = AccessRecord(startedAt: WallClock.microseconds(), peer: connection.info.peerText)
        record.status = status
        record.outcome = outcome
        record.reference = Reference.make()
        let text = "\(status) \(HTTP1Serializer.reasonPhrase(status))\nReference \(record.reference)\n"
        record.bytes = Int64(text.utf8.count)
        Self.append(status: status, text: text, date: server.date, to: &output)
        phase = .over
        flush()
        connection.handler.didRefuse(record, on: connection.info)
        connection.end(reason, lingers: true)
    }

    /// A whole response in plain text, the last of its connection.
    static func append(status: Int, text: String, date: String, to out: inout [UInt8]) {
        HTTP1Serializer.appendResponse(
            Response(status: status, fields: [.contentType: "text/plain; charset=utf-8", .cacheControl: "no-store"]),
            framing: .length(text.utf8.count), date: date, connection: .close, to: &out)
        out.append(contentsOf: text.utf8)
    }

    // MARK: The end of an exchange

    /// The response has been handed over whole.
    func finishExchange() {
        guard let exchange else { preconditionFailure("no exchange to finish") }
        self.exchange = nil
        content = .nothing
        exchange.close()
        let body = body
        self.body = nil
        body?.fail(.disconnected)
        log(exchange)
        if let reason = closesFor {
            // A client that asked for the end sends no more; any other may be about to.
            let isAsked = !parser.keepAlive && bodyIsComplete && position == input.count
            phase = .over
            flush()
            connection.end(reason, lingers: !isAsked)
        } else {
            phase = bodyIsComplete ? .request : .discarding
        }
    }

    func log(_ exchange: Exchange) {
        exchange.record.duration = (MonotonicTime.now() - exchange.startedAt).microseconds
        connection.listener.counters.bodyBytesSent += Int(exchange.record.bytes)
        exchange.handler.didFinish(exchange)
    }

    // MARK: The deadline

    /// A deadline is set when what is waited for changes, and moved when that has come a step nearer.
    private func updateDeadline() {
        let limits = connection.limits
        let wait: Wait, mark: Int, time: Nanoseconds
        if phase == .over {
            return
        } else if connection.isBlocked {
            // For the client, whose pace the connection minds.
            (wait, mark, time) = (.nothing, requests, limits.requestTime)
        } else if phase == .request {
            let isIdle = isSilent && requests > 0
            let usual = isIdle ? limits.idleTime : limits.headTime
            time = isDraining && isSilent ? min(usual, limits.drainIdleTime) : usual
            (wait, mark) = (isIdle ? .idle : .head, requests)
        } else if phase == .discarding || body?.isAwaited == true {
            (wait, mark, time) = (.body, bodyReceived, limits.bodyIdleTime)
        } else {
            // Who takes the request's content goes on, too.
            (wait, mark, time) = (.handler, connection.sent &+ bodyReceived &- passed, limits.handlerTime)
        }
        if wait == self.wait, mark == waitMark { return }
        let now = server.loop.now
        var deadline = now + time
        if wait == .body {
            if self.wait != .body { bodyPace.begin(at: now, received: bodyReceived) }
            deadline = bodyPace.deadline(at: now, received: bodyReceived, pause: time, rate: limits.minReadRate)
        }
        if let exchange { deadline = min(deadline, exchange.startedAt + limits.requestTime) }
        self.wait = wait
        waitMark = mark
        connection.setDeadline(deadline)
    }
}
