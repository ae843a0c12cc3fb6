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

    let pool: ClientPool
    let address: SocketAddress
    /// When it was last asked whether the host is still there.
    var addressChecked: MonotonicTime
    private let registration: Registration
    var stream: ClientStream
    private var phase: Phase
    var parser: HTTP1ResponseParser
    var output: [UInt8] = []
    var outputSent = 0
    /// What is still to come of an upload that is framed by its length; nil where chunked.
    var uploadRemaining: Int?
    /// How many requests it has taken.
    private var requests = 0
    private(set) var isBroken = false
    /// The socket takes no more for now: some of the output is here still, or in the TLS session.
    private(set) var isBlocked = false

    // The response under way.
    /// What came and was not read straight into a consumer's room; from `inputStart` on it is still of use.
    var input: [UInt8] = []
    var inputStart = 0
    private var hasInputBuffer = false
    private var responseHasBegun = false
    private var keepAlive = false
    /// Content at the front of `input` that the parser has passed, and the consumer has not got.
    var passed = 0
    /// What is still to come of content framed by its length; nil where chunked.
    var remaining: Int?
    /// The consumer was told to wait.
    var consumerWaits = false

    init(
        _ socket: consuming FileDescriptor, _ registration: Registration, _ address: SocketAddress, tls: TLSSession?,
        pool: ClientPool
    ) {
        self.pool = pool
        self.address = address
        addressChecked = pool.loop.now
        self.registration = registration
        stream = ClientStream(socket, tls: tls)
        parser = HTTP1ResponseParser(limits: pool.limits.http, takesUntilClose: pool.limits.takesUntilClose)
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
            sendMore(of: call)
            // That may have been the end of it.
            if case .waiting(let call) = phase { readHead(call) }
        case .body(let call):
            sendMore(of: call)
            guard case .body(let call) = phase else { return }
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
            framing: call.request.framing(call.upload), to: &output)
        output.append(contentsOf: call.request.body)
        stream.beginRequest()
        if let upload = call.upload {
            // The head goes out with what is there of the content, in the next turn.
            clearDeadline()
            uploadRemaining = upload.length
            upload.consumer = self
            return registration.again()
        }
        setDeadline(pool.limits.firstByteTime)
        send()
        if isBroken { registration.again() }
    }

    /// The call whose request or response is under way.
    var current: ClientCall? {
        switch phase {
        case .waiting(let call), .body(let call): call
        case .handshake, .idle, .closed: nil
        }
    }

    var isWaitingForHead: Bool { if case .waiting = phase { !responseHasBegun } else { false } }

    func send() {
        let bytes = output
        let result = stream.send(bytes.span, sent: &outputSent)
        isBlocked = result == .blocked
        guard result == .failed else { return }
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
        let mayRepeat = !call.uploadHasBegun && (call.request.isRepeatable || !stream.hasSent)
        let isStale = requests > 1 && !responseHasBegun && !call.needsNewConnection
        if isStale && mayRepeat {
            pool.repeatOnNew(call)
            close()
        } else {
            close()
            call.fail(.disconnected)
        }
    }

    // MARK: - The end

    /// The response is complete.
    func finish(_ call: ClientCall, isClean: Bool) {
        // A server that answers before it has all of the request may or may not read the rest.
        let isSent = call.upload == nil && !isBlocked && !isBroken
        call.state = .finished
        phase = .idle
        let isReusable = isClean && keepAlive && hasReadAll && isSent
        if hasInputBuffer, hasReadAll { returnInputBuffer() }
        if isReusable && isQuiet() {
            pool.release(self)
        } else {
            close()
        }
    }

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

    /// Does what `ready` does in the next turn.
    func again() { registration.again() }

    func clearDeadline() { registration.setDeadline(nil) }

    func setDeadline(_ time: Nanoseconds) { registration.setDeadline(pool.loop.now + time) }

    // MARK: - Input

    var hasReadAll: Bool { inputStart == input.count }

    func receive(limit: Int = .max) -> ClientStream.Input {
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

    func parse() -> (consumed: Int, event: HTTP1ResponseEvent) {
        let bytes = input
        return parser.next(bytes.span.extracting(inputStart..<bytes.count))
    }

    func consume(_ count: Int) {
        inputStart += count
        guard hasReadAll else { return }
        input.removeAll(keepingCapacity: true)
        inputStart = 0
    }

    func borrowInputBuffer() {
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
