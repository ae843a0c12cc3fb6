import HTTP
import Posix
import Reactor
import Transport

/// One object on its way from a bucket: the question, perhaps asked again, up to its one answer.
///
/// It is asked again where that can help and does no harm (all there is are GET and HEAD), before anything has gone to
/// the client, and within the origin's budget: of another endpoint, if there is one, at once, else once more of the same
/// after a pause. It keeps itself alive while it has something under way.
final class S3Fetch: OriginCall, ClientResponseHandler {
    /// A question is put so often at most.
    static let attempts = 4

    private let origin: S3Origin
    private let request: OriginRequest
    /// Whether a body that breaks off may be gone on with.
    private let mayResume: Bool
    private var receiver: ((OriginResponse) -> Void)?
    private var query: S3Query
    /// Those of the client's query that the bucket is told, canonical.
    private var parameters: [UInt8] = []
    private var state = State.idle
    /// The endpoint that is asked, by its number, and those that were before.
    private var endpoint: Int
    private var tried: [Int] = []
    private var asked = 0
    private var hasPaused = false
    /// What the signature said the time was.
    private var signed: Int64 = 0
    private var hasCorrectedClock = false

    private enum State {
        case idle
        case asked(ClientCall)
        /// Reading an error's body.
        case collecting(BodyCollector)
        case pausing(TimerToken)
    }

    /// What a fault tells of the endpoint, and what may help.
    private enum Fault {
        /// It cannot be reached: another one may, and this one as well, if the connection was only lost.
        case gone(mayPass: Bool)
        /// It answers, and not well.
        case error(mayPass: Bool)
    }

    init(
        origin: S3Origin, request: OriginRequest, mayResume: Bool = true, receiver: @escaping (OriginResponse) -> Void
    ) {
        self.origin = origin
        self.request = request
        self.mayResume = mayResume
        self.receiver = receiver
        query = S3Query(request)
        endpoint = origin.order.first(now: origin.loop.now)
    }

    /// Whether the answer is still to come.
    func start() -> Bool {
        ask()
        return receiver != nil
    }

    /// Asks after the pause that lies before every further attempt.
    func startAfterPause() { pause() }

    func cancel() {
        guard receiver != nil else { return }
        receiver = nil
        switch state {
        case .idle: break
        case .asked(let call): call.cancel()
        case .collecting(let collector): collector.cancel()
        case .pausing(let timer): origin.loop.cancel(timer)
        }
        state = .idle
    }

    // MARK: - Asking

    private func ask() {
        let configuration = origin.endpoints[endpoint].configuration
        guard let path = configuration.path(forKey: request.key) else { return answer(.notFound) }
        signed = origin.time(of: endpoint)
        parameters = configuration.query(for: request.query)
        guard
            var message = origin.message(query, path: path, parameters: parameters, endpoint: endpoint, at: signed)
        else { return answer(.failed(.noCredentials)) }
        if asked == 0 { origin.noteRequest() }
        asked += 1
        message.heldBytes = request.heldBytes
        state = .asked(origin.client.send(message, to: origin.endpoints[endpoint].address, handler: self))
    }

    private func pause() {
        let pause = Nanoseconds(origin.retryDelay)
        let jitter = Nanoseconds(pause.count * Int64(origin.loop.now.nanoseconds >> 10 & 1023) / 1024)
        state = .pausing(
            origin.loop.schedule(after: Nanoseconds(pause.count + jitter.count)) {
                self.state = .idle
                self.ask()
            })
    }

    /// Asks again where that may help; else `failure` is the answer.
    private func failed(_ failure: OriginFailure, _ fault: Fault) {
        state = .idle
        let now = origin.loop.now
        let (isGone, mayPass) =
            switch fault {
            case .gone(let mayPass): (true, mayPass)
            case .error(let mayPass): (false, mayPass)
            }
        if let span = origin.order.failed(endpoint, isGone: isGone, now: now) {
            origin.note(.setAside(endpoint: origin.endpoints[endpoint].name, span, failure))
        }
        tried.append(endpoint)
        let other = asked < Self.attempts ? origin.order.next(after: tried, now: now, atAnyRate: isGone) : nil
        guard other != nil || mayPass && !hasPaused && asked < Self.attempts else { return answer(.failed(failure)) }
        guard origin.mayRepeat() else { return answer(.failed(failure)) }
        origin.note(.retried)
        if let other {
            endpoint = other
            return ask()
        }
        hasPaused = true
        pause()
    }

    private func answer(_ response: OriginResponse) {
        state = .idle
        let receiver = receiver
        self.receiver = nil
        receiver?(response)
    }

    // MARK: - ClientResponseHandler

    func clientCall(_ call: ClientCall, received head: ResponseHead, body: any BodySource) {
        switch S3Answer.read(status: head.status, fields: head.fields, length: head.length, for: query) {
        case .object(let object, let takesBody):
            guard takesBody else {
                BodyCollector.discard(body, loop: origin.loop)
                return deliver(object)
            }
            if S3Answer.mayBeError(object) {
                return collect(body) { [self] bytes, rest in examine(head, object, bytes, rest) }
            }
            deliver(object, body)
        case .askWhole:
            BodyCollector.discard(body, loop: origin.loop)
            query = S3Query(request, whole: true)
            ask()
        case .failed(let failure):
            BodyCollector.discard(body, loop: origin.loop)
            answer(.failed(failure))
        case .refused:
            collect(body) { [self] bytes, rest in
                rest?.cancel()
                refused(head.status, head.fields, code: query.isHead ? nil : S3ErrorDocument.code(in: bytes))
            }
        }
    }

    func clientCall(_ call: ClientCall, failed error: ClientError) {
        let failure = OriginFailure(error)
        switch error {
        case .unreachable, .disconnected: failed(failure, .gone(mayPass: true))
        case .unresolved, .connectTimedOut, .timedOut, .tls: failed(failure, .gone(mayPass: false))
        case .malformed, .incomplete, .tooLarge: failed(failure, .error(mayPass: false))
        case .overloaded, .upload: answer(.failed(failure))
        }
    }

    // MARK: - Answers

    private func deliver(_ object: OriginObject, _ body: (any BodySource)? = nil) {
        endpointAnswered()
        var object = object
        object.body = body
        if let body, mayResume, let version = ResumingBody.Version(object) {
            object.body = ResumingBody(body, of: version, for: request, origin: origin)
        }
        answer(.object(object))
    }

    private func collect(_ body: any BodySource, _ done: @escaping ([UInt8], (any BodySource)?) -> Void) {
        let collector = BodyCollector(body, loop: origin.loop, done)
        state = .collecting(collector)
        collector.start()
    }

    /// A 200 whose content looks like one of S3's errors: there are servers that find out too late for a status.
    private func examine(_ head: ResponseHead, _ object: OriginObject, _ bytes: [UInt8], _ rest: (any BodySource)?) {
        guard receiver != nil else { return }
        if let code = S3ErrorDocument.code(in: bytes, fromStart: true) {
            rest?.cancel()
            return refused(S3Answer.status(ofCode: code), head.fields, code: code)
        }
        deliver(object, CollectedBody(bytes, rest: rest, length: object.length))
    }

    private func refused(_ status: Int, _ fields: Fields, code: String?) {
        guard receiver != nil else { return }
        if correctClock(status, fields, code) { return ask() }
        let response = S3Answer.refusal(status: status, code: code, fields: fields)
        // What the client has asked for by its parameters, such as a version, is not there.
        if !parameters.isEmpty, case .failed(.unexpectedStatus(400..<500, _)) = response { return answer(.notFound) }
        if case .failed(let failure) = response, S3Answer.isFault(status: status) {
            return failed(failure, .error(mayPass: S3Answer.mayPass(status: status, fields)))
        }
        endpointAnswered()
        answer(response)
    }

    private func endpointAnswered() {
        if origin.order.answered(endpoint) { origin.note(.back(endpoint: origin.endpoints[endpoint].name)) }
    }

    // MARK: - The clock

    /// Signs for the endpoint's own time from now on, where a refusal may be for the sake of ours. For HEAD no reason
    /// comes along, and the answer's date has to tell.
    private func correctClock(_ status: Int, _ fields: Fields, _ code: String?) -> Bool {
        let isNamed = code == "RequestTimeTooSkewed"
        guard !hasCorrectedClock, isNamed || status == 403 && code == nil,
            let date = fields[.date].flatMap(HTTPDate.parse),
            origin.mayCorrectClock(
                of: endpoint, to: date, signed, from: isNamed ? 1 : S3Origin.conspicuousClockOffset),
            origin.mayRepeat()
        else { return false }
        hasCorrectedClock = true
        origin.correctClock(of: endpoint, to: date)
        return true
    }
}
