import Bytes
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
    /// While somebody wants the request's content.
    private var body: RequestBody?
    /// Content that nobody has taken. The stream's window bounds it.
    private var pending = ByteQueue()
    /// How much of it the connection's window has been given back for.
    private var credited = 0
    /// Somebody who waited for content is being told.
    private var isTelling = false
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

    func open(_ body: RequestBody) {
        if body.isTooLarge {
            countLimit(.bodySize)
            return body.fail(.tooLarge)
        }
        guard body.take(pending.count) else {
            countLimit(.bodySize)
            dropPending()
            return body.fail(.tooLarge)
        }
        self.body = body
        credit()
    }

    func readBody(_ body: RequestBody, into out: inout OutputSpan<UInt8>) -> BodyRead {
        let count = min(pending.count, out.freeCapacity)
        if count > 0 {
            pending.withSpan { bytes in for index in 0..<count { out.append(bytes[index]) } }
            pending.consume(count)
            giveBack(count)
        }
        guard pending.isEmpty else { return .bytes }
        pending.release()
        if bodyIsComplete {
            self.body = nil
            return .end
        }
        if count > 0 { return .bytes }
        let now = machine.server.loop.now
        if owesContinue, bodyReceived == 0 {
            session.sendContinue(on: id)
            machine.proceedSoon()
        }
        owesContinue = false
        body.isAwaited = true
        if !isTelling {
            progressAt = now
            bodyPace.begin(at: now, received: bodyReceived)
        }
        return .wait
    }

    func closeBody() {
        body = nil
        if hasResponded { dropPending() }
    }

    func receive(_ bytes: ArraySlice<UInt8>) {
        bodyReceived += bytes.count
        progressAt = machine.server.loop.now
        if let body {
            guard body.take(bytes.count) else {
                session.consumed(bytes.count, of: id)
                countLimit(.bodySize)
                return failBody(.tooLarge)
            }
        } else if hasResponded {
            return session.consumed(bytes.count, of: id)
        }
        pending.append(bytes.span)
        guard body != nil else { return }
        credit()
        tell()
    }

    func bodyEnded() {
        bodyIsComplete = true
        tell()
    }

    private func tell() {
        isTelling = true
        body?.tell()
        isTelling = false
    }

    func bodyTimedOut() {
        let now = machine.server.loop.now
        countLimit(
            bodyPace.isTooSlow(at: now, pause: machine.connection.limits.bodyIdleTime) ? .minReadRate : .readTimeout)
        progressAt = now
        failBody(.timedOut)
    }

    private func countLimit(_ limit: CloseReason) { machine.connection.listener.counters.countLimit(limit) }

    func failBody(_ failure: BodyFailure) {
        let body = body
        self.body = nil
        dropPending()
        body?.fail(failure)
    }

    /// Content that waits for whoever wants it keeps its own stream's window shut, but not the connection's, as long as
    /// the streams together hold no more than a limit: others go on meanwhile.
    private func credit() {
        let count = min(pending.count - credited, machine.connection.limits.http2.heldContent - machine.heldContent)
        guard count > 0 else { return }
        credited += count
        machine.heldContent += count
        session.consumedByConnection(count)
        machine.proceedSoon()
    }

    /// So much of what was pending is done with.
    private func giveBack(_ count: Int) {
        let held = min(count, credited)
        credited -= held
        machine.heldContent -= held
        session.consumedByConnection(count - held)
        session.consumedByStream(count, id)
        machine.proceedSoon()
    }

    // MARK: The response

    func respond(to exchange: Exchange, _ response: Response, body: ResponseBody) {
        precondition(exchange === self.exchange && !hasResponded)
        precondition(response.status >= 200 && response.status <= 599, "a final status")
        hasResponded = true
        if self.body == nil { dropPending() }
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
        exchange = nil
        failBody(.disconnected)
    }

    private func dropPending() {
        guard !pending.isEmpty else { return }
        giveBack(pending.count)
        pending.release()
    }

    /// What the stream waits for, and since when.
    var waiting: (Wait, since: MonotonicTime) {
        if body?.isAwaited == true { return (.body, progressAt) }
        guard hasResponded else { return (.handler, progressAt) }
        let progress = session.progress(of: id)
        let since = max(progressAt, MonotonicTime(nanoseconds: progress.at))
        return (progress.waitsForSource ? .handler : .window, since)
    }
}
