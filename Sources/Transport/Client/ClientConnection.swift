import HTTP
import Posix
import Reactor
import TLS

/// A connection to a server: one request at a time, and kept between them.
///
///     handshake -> idle -> waiting (for the head) -> body -> idle ... -> closed
///
/// It is kept only if the response ended where its framing said, the server did not ask to close, and nothing came
/// behind it: bytes left over would be taken for the next response's.
final class ClientConnection: ReadinessHandler {
    private enum Phase {
        case handshake
        case idle
        case waiting(ClientCall)
        case body(ClientCall)
        case closed
    }

    private let pool: ClientPool
    private let registration: Registration
    private var stream: ClientStream
    private var phase: Phase
    private var parser: HTTP1ResponseParser
    private var output: [UInt8] = []
    private var outputSent = 0
    /// How many requests it has taken.
    private var requests = 0
    private var isBroken = false

    // The response under way.
    /// What came and was not read straight into a consumer's room; from `inputStart` on it is still of use.
    private var input: [UInt8] = []
    private var inputStart = 0
    private var hasInputBuffer = false
    private var responseHasBegun = false
    private var keepAlive = false
    /// Content at the front of `input` that the parser has passed, and the consumer has not got.
    private var passed = 0
    /// What is still to come of content framed by its length; nil where chunked.
    private var remaining: Int?
    /// The consumer was told to wait.
    private var consumerWaits = false

    init(_ socket: consuming FileDescriptor, _ registration: Registration, tls: TLSSession?, pool: ClientPool) {
        self.pool = pool
        self.registration = registration
        stream = ClientStream(socket, tls: tls)
        parser = HTTP1ResponseParser(limits: pool.limits.http)
        phase = .handshake
        registration.handOver(to: self)
    }

    /// Connected: goes on to the handshake, or is of use at once.
    func start() {
        if stream.tls == nil { return enterService() }
        setDeadline(pool.limits.connectTime)
        continueHandshake()
    }

    // MARK: - Events

    func ready(_ readiness: Readiness) {
        if case .closed = phase { return }
        stream.note(readiness)
        switch phase {
        case .handshake: continueHandshake()
        case .idle: checkQuiet()
        case .waiting(let call):
            if outputSent < output.count { send() }
            readHead(call)
        case .body(let call):
            if outputSent < output.count { send() }
            guard consumerWaits, readiness.contains(.readable) || isBroken else { return }
            consumerWaits = false
            registration.setDeadline(nil)
            call.consumer?.bodyIsReady()
        case .closed: break
        }
    }

    func deadlineReached() {
        switch phase {
        case .handshake: failHandshake(.connectTimedOut)
        case .idle: closeIdle()
        case .waiting(let call):
            close()
            call.fail(.timedOut)
        case .body(let call):
            consumerWaits = false
            _ = failBody(call, .timedOut)
            call.consumer?.bodyIsReady()
        case .closed: break
        }
    }

    // MARK: - Handshake

    private func continueHandshake() {
        switch stream.handshake() {
        case .wait: return
        case .done: enterService()
        case .failed(let error): failHandshake(.tls(error))
        }
    }

    /// Whoever waits is told before the place becomes free: else it would be tried anew for the same request.
    private func failHandshake(_ error: ClientError) {
        pool.connectionFailed(error)
        close()
    }

    private func enterService() {
        phase = .idle
        registration.setDeadline(nil)
        pool.connectionOpened(self)
    }

    // MARK: - Idle

    /// Waits for a request, until `idleTime` has passed or the server says anything at all.
    func rest() { setDeadline(pool.limits.idleTime) }

    /// Something came without being asked for. Tickets of the TLS session are welcome; all else ends the connection.
    private func checkQuiet() {
        if !isQuiet() { closeIdle() }
    }

    private func isQuiet() -> Bool {
        if stream.isQuiet { return true }
        borrowInputBuffer()
        let isQuiet = receive(limit: 1) == .wait && hasReadAll
        returnInputBuffer()
        return isQuiet
    }

    func closeIdle() {
        pool.forgetIdle(self)
        close()
    }

    // MARK: - Request

    /// Sends `call`'s request. Calls nobody back before it has returned.
    func begin(_ call: ClientCall) {
        phase = .waiting(call)
        call.state = .sent(self)
        requests += 1
        responseHasBegun = false
        parser.begin(requestMethod: call.request.method)
        output.removeAll(keepingCapacity: true)
        outputSent = 0
        let target = call.request.target
        HTTP1Serializer.appendRequest(
            method: call.request.method, target: target.span, host: call.request.host, fields: call.request.fields,
            framing: call.request.framing, to: &output)
        output.append(contentsOf: call.request.body)
        stream.beginRequest()
        setDeadline(pool.limits.firstByteTime)
        send()
        if isBroken { registration.again() }
    }

    private func send() {
        let bytes = output
        guard stream.send(bytes.span, sent: &outputSent) == .failed else { return }
        // The server may have answered before it closed: reading tells.
        isBroken = true
        outputSent = output.count
        stream.note([.readable, .peerClosed])
    }

    // MARK: - Head

    private func readHead(_ call: ClientCall) {
        borrowInputBuffer()
        while true {
            switch receive() {
            case .bytes: responseHasBegun = true
            case .wait:
                if responseHasBegun { setDeadline(pool.limits.betweenBytesTime) } else { returnInputBuffer() }
                return
            case .end, .failed: return lost(call)
            }
            while true {
                let (consumed, event) = parse()
                consume(consumed)
                switch event {
                case .interim: continue
                case .head(let head): return begin(head, of: call)
                case .failed(let error):
                    close()
                    return call.fail(.malformed(error))
                case .needMore: break
                case .body, .end: preconditionFailure("content before a head")
                }
                break
            }
        }
    }

    private func begin(_ head: ResponseHead, of call: ClientCall) {
        registration.setDeadline(nil)
        keepAlive = head.keepAlive
        passed = 0
        consumerWaits = false
        let hasContent = call.request.method != .head && head.status != 204 && head.status != 304
        remaining = hasContent ? head.length : 0
        call.length = remaining
        let handler = call.handler
        call.handler = nil
        if remaining == 0 {
            _ = parser.next(Span())
            finish(call, isClean: true)
        } else {
            phase = .body(call)
            call.state = .receiving(self)
        }
        handler?.clientCall(call, received: head, body: call)
    }

    /// The connection is gone and no head has come. Where it had been kept from an earlier request, the server may
    /// have ended it before this one arrived: then a request that does no harm twice is sent again, once.
    private func lost(_ call: ClientCall) {
        let mayRepeat = call.request.isRepeatable || !stream.hasSent
        let isStale = requests > 1 && !responseHasBegun && !call.needsFresh
        if isStale && mayRepeat {
            pool.repeatOnFresh(call)
            close()
        } else {
            close()
            call.fail(.disconnected)
        }
    }

    // MARK: - Body

    /// Moves content to the consumer: straight from the socket where it is framed by its length and nothing is
    /// buffered.
    func readBody(into out: inout OutputSpan<UInt8>, for call: ClientCall) -> BodyRead {
        precondition(out.freeCapacity > 0, "no room to read into")
        let before = out.count
        consumerWaits = false
        while true {
            if passed > 0 { deliver(&out) }
            if passed == 0, remaining == nil || !hasReadAll {
                let (consumed, event) = parse()
                switch event {
                case .body(let range):
                    consume(range.lowerBound)
                    passed = range.count
                    if let remaining { self.remaining = remaining - range.count }
                    if out.freeCapacity > 0 { continue }
                case .end:
                    consume(consumed)
                    finish(call, isClean: true)
                    return .end
                case .needMore: consume(consumed)
                case .failed: return failBody(call, .malformed)
                case .interim, .head: preconditionFailure("a head within content")
                }
            }
            if passed == 0, remaining == 0 {
                // Its end follows from the length, whatever else is there.
                _ = parser.next(Span())
                finish(call, isClean: true)
                return .end
            }
            if out.freeCapacity == 0 { return .bytes }
            switch receiveBody(into: &out) {
            case .bytes: continue
            case .extra:
                finish(call, isClean: false)
                return .end
            case .wait:
                if out.count > before { return .bytes }
                consumerWaits = true
                setDeadline(pool.limits.betweenBytesTime)
                return .wait
            case .ended:
                // What has been read before is delivered first; the next read comes here again.
                return out.count > before ? .bytes : failBody(call, .disconnected)
            }
        }
    }

    private enum Received {
        case bytes, extra, wait, ended
    }

    private func receiveBody(into out: inout OutputSpan<UInt8>) -> Received {
        guard let remaining else {
            borrowInputBuffer()
            switch receive() {
            case .bytes: return .bytes
            case .wait: return .wait
            case .end, .failed: return .ended
            }
        }
        let start = out.count
        // One byte more than is due: then a read that is not filled says also that nothing follows.
        switch stream.receive(into: &out, limit: remaining + 1) {
        case .bytes: break
        case .wait: return .wait
        case .end, .failed: return .ended
        }
        let isExtra = out.count - start > remaining
        if isExtra { out.removeLast(out.count - start - remaining) }
        _ = parser.next(out.span.extracting(start..<out.count))
        self.remaining = remaining - (out.count - start)
        return isExtra ? .extra : .bytes
    }

    private func deliver(_ out: inout OutputSpan<UInt8>) {
        let count = min(passed, out.freeCapacity)
        let bytes = input
        Self.copy(bytes.span.extracting(inputStart..<inputStart + count), to: &out)
        consume(count)
        passed -= count
    }

    /// In this shape the compiler makes it a copy of whole blocks.
    private static func copy(_ bytes: Span<UInt8>, to out: inout OutputSpan<UInt8>) {
        for index in bytes.indices { out.append(bytes[index]) }
    }

    private func failBody(_ call: ClientCall, _ failure: BodyFailure) -> BodyRead {
        close()
        call.state = .failed(failure)
        return .failed(failure)
    }

    /// The response is complete.
    private func finish(_ call: ClientCall, isClean: Bool) {
        call.state = .finished
        phase = .idle
        let isReusable = isClean && keepAlive && hasReadAll && outputSent == output.count && !isBroken
        if hasInputBuffer, hasReadAll { returnInputBuffer() }
        if isReusable && isQuiet() {
            pool.release(self)
        } else {
            close()
        }
    }

    // MARK: - The end

    /// Nobody wants the response any more.
    func abandon() { close() }

    func close() {
        if case .closed = phase { return }
        phase = .closed
        registration.cancel()
        stream.close()
        returnInputBuffer()
        pool.connectionClosed()
    }

    // MARK: - Private

    private func setDeadline(_ time: Nanoseconds) { registration.setDeadline(pool.loop.now + time) }

    // MARK: - Input

    private var hasReadAll: Bool { inputStart == input.count }

    private func receive(limit: Int = .max) -> ClientStream.Input {
        if inputStart > 0 {
            // What is left is the start of a line.
            input.removeFirst(inputStart)
            inputStart = 0
        }
        var result = ClientStream.Input.wait
        input.append(addingCapacity: ClientPool.inputSize) { (out: inout OutputSpan<UInt8>) in
            result = stream.receive(into: &out, limit: limit)
        }
        return result
    }

    private func parse() -> (consumed: Int, event: HTTP1ResponseEvent) {
        let bytes = input
        return parser.next(bytes.span.extracting(inputStart..<bytes.count))
    }

    private func consume(_ count: Int) {
        inputStart += count
        guard hasReadAll else { return }
        input.removeAll(keepingCapacity: true)
        inputStart = 0
    }

    private func borrowInputBuffer() {
        if hasInputBuffer { return }
        input = pool.client.takeBuffer()
        hasInputBuffer = true
    }

    private func returnInputBuffer() {
        guard hasInputBuffer else { return }
        hasInputBuffer = false
        inputStart = 0
        var buffer: [UInt8] = []
        swap(&buffer, &input)
        pool.client.giveBack(buffer)
    }
}
