import HTTP
import HTTP2
import Posix
import Telemetry

/// One stream's exchange: what was asked, what of the request's content has come, and how the response goes out.
final class HTTP2ServerStream: ExchangeOwner, BodyConsumer {
    /// What the stream waits for.
    enum Wait {
        /// The client's content.
        case body
        /// The client's window.
        case window
        /// The handler, or its source.
        case handler
    }

    let id: Int32
    var exchange: Exchange?
    private let machine: HTTP2Machine
    private var bodyIsComplete: Bool
    private var owesContinue: Bool
    private var reader: RequestBodyReader?
    /// Content that came before it was asked for. The client's window bounds it.
    private var pending: [UInt8] = []
    private var hasResponded = false
    private var progressAt: MonotonicTime
    private var bodyPace = ReadPace()
    private var bodyReceived = 0
    let startedAt: MonotonicTime

    init(_ id: Int32, _ machine: HTTP2Machine, hasContent: Bool, owesContinue: Bool, now: MonotonicTime) {
        self.id = id
        self.machine = machine
        self.owesContinue = owesContinue
        bodyIsComplete = !hasContent
        progressAt = now
        startedAt = now
    }

    private var session: HTTP2Session { machine.session }

    // MARK: The request's content

    func readBody(of exchange: Exchange, limit: Int, _ done: @escaping (Result<[UInt8], BodyFailure>) -> Void) {
        precondition(exchange === self.exchange)
        if case .length(let length) = exchange.request.framing, length > limit {
            countLimit(.bodySize)
            return done(.failure(.tooLarge))
        }
        machine.act {
            var reader = RequestBodyReader(limit: limit, done: done)
            let bytes = pending
            pending = []
            session.consumed(bytes.count, of: id)
            guard reader.append(bytes[...]) else {
                countLimit(.bodySize)
                return done(.failure(.tooLarge))
            }
            if bodyIsComplete { return done(.success(reader.bytes)) }
            self.reader = reader
            progressAt = machine.server.loop.now
            bodyPace.begin(at: progressAt, received: bodyReceived)
            if owesContinue, bytes.isEmpty { session.sendContinue(on: id) }
            owesContinue = false
        }
    }

    func receive(_ bytes: ArraySlice<UInt8>) {
        bodyReceived += bytes.count
        progressAt = machine.server.loop.now
        if reader != nil {
            session.consumed(bytes.count, of: id)
            if !reader!.append(bytes) {
                countLimit(.bodySize)
                finishBody(.failure(.tooLarge))
            }
        } else if hasResponded {
            session.consumed(bytes.count, of: id)
        } else {
            pending.append(contentsOf: bytes)
        }
    }

    func bodyEnded() {
        bodyIsComplete = true
        if let reader { finishBody(.success(reader.bytes)) }
    }

    func bodyTimedOut() {
        let now = machine.server.loop.now
        countLimit(
            bodyPace.isTooSlow(at: now, pause: machine.connection.limits.bodyIdleTime) ? .minReadRate : .readTimeout)
        progressAt = now
        finishBody(.failure(.timedOut))
    }

    private func countLimit(_ limit: CloseReason) { machine.connection.listener.counters.countLimit(limit) }

    private func finishBody(_ result: Result<[UInt8], BodyFailure>) {
        takeReader()?.done(result)
    }

    func takeReader() -> RequestBodyReader? {
        let reader = reader
        self.reader = nil
        return reader
    }

    // MARK: The response

    func respond(to exchange: Exchange, _ response: Response, body: ResponseBody) {
        precondition(exchange === self.exchange && !hasResponded)
        precondition(response.status >= 200 && response.status <= 599, "a final status")
        hasResponded = true
        reader = nil
        dropPending()
        exchange.record.status = response.status
        progressAt = machine.server.loop.now
        let (length, content) = frame(response.status, body, exchange.request.method)
        session.respond(on: id, response, length: length, date: machine.server.date, content: content)
        machine.proceedSoon()
    }

    /// Which length to announce and what to send, as in HTTP/1 (RFC 9110 section 6.4.1).
    private func frame(_ status: Int, _ body: ResponseBody, _ method: Method) -> (Int?, HTTP2Content) {
        let isBare = status == 204 || status == 304
        let hasContent = !isBare && method != .head
        switch body {
        case .empty: return (isBare ? nil : 0, .none)
        case .omitted(let length):
            precondition(!hasContent, "an answer with content was left without it")
            return (status == 204 ? nil : length, .none)
        case .bytes(let bytes): return (isBare ? nil : bytes.count, hasContent ? .bytes(bytes) : .none)
        case .source(let source):
            let length = source.length
            guard hasContent else {
                source.cancel()
                return (status == 204 ? nil : length, .none)
            }
            source.consumer = self
            return (length, .source(source, length: length))
        }
    }

    func bodyIsReady() {
        guard exchange != nil else { return }
        session.resume(id)
        machine.proceedSoon()
    }

    /// When the client's content is too late.
    func bodyDeadline(_ limits: ServerLimits) -> MonotonicTime {
        bodyPace.deadline(at: progressAt, received: bodyReceived, pause: limits.bodyIdleTime, rate: limits.minReadRate)
    }

    // MARK: The end

    /// Takes over into the record what has gone out.
    func noteSent() { exchange?.record.bytes = Int64(session.progress(of: id).sent) }

    /// The stream is over: gives back what it holds.
    func close() {
        reader = nil
        dropPending()
    }

    private func dropPending() {
        session.consumed(pending.count, of: id)
        pending = []
    }

    /// What the stream waits for, and since when.
    var waiting: (Wait, since: MonotonicTime) {
        if reader != nil { return (.body, progressAt) }
        guard hasResponded else { return (.handler, progressAt) }
        let progress = session.progress(of: id)
        let since = max(progressAt, MonotonicTime(nanoseconds: progress.at))
        return (progress.waitsForSource ? .handler : .window, since)
    }
}
