import HTTP
import Posix
import Reactor
import Transport

/// One object on its way from a bucket: the question, perhaps asked a second time, up to its one answer.
///
/// It keeps itself alive while it has something under way.
final class S3Fetch: OriginCall, ClientResponseHandler {
    private let origin: S3Origin
    private let request: OriginRequest
    private let path: [UInt8]
    private let parameters: [UInt8]
    private var receiver: ((OriginResponse) -> Void)?
    private var query: S3Query
    private var hasRetried = false
    private var state = State.idle

    private enum State {
        case idle
        case asked(ClientCall)
        /// Reading an error's body.
        case collecting(BodyCollector)
        case pausing(TimerToken)
    }

    init(
        origin: S3Origin, request: OriginRequest, path: [UInt8], parameters: [UInt8],
        receiver: @escaping (OriginResponse) -> Void
    ) {
        self.origin = origin
        self.request = request
        self.path = path
        self.parameters = parameters
        self.receiver = receiver
        query = S3Query(request)
    }

    /// Whether the answer is still to come.
    func start() -> Bool {
        ask()
        return receiver != nil
    }

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
        guard var message = origin.message(query, path: path, parameters: parameters) else {
            return answer(.failed(.noCredentials))
        }
        message.heldBytes = request.heldBytes
        state = .asked(origin.client.send(message, to: origin.endpoint, handler: self))
    }

    private func askAgain() {
        hasRetried = true
        let pause = Nanoseconds(origin.retryDelay)
        let jitter = Nanoseconds(pause.count * Int64(origin.loop.now.nanoseconds >> 10 & 1023) / 1024)
        state = .pausing(
            origin.loop.schedule(after: Nanoseconds(pause.count + jitter.count)) {
                self.state = .idle
                self.ask()
            })
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
        case .object(var object, let takesBody):
            if takesBody { object.body = body } else { BodyCollector.discard(body, loop: origin.loop) }
            answer(.object(object))
        case .askWhole:
            BodyCollector.discard(body, loop: origin.loop)
            query = S3Query(request, whole: true)
            ask()
        case .failed(let failure):
            BodyCollector.discard(body, loop: origin.loop)
            answer(.failed(failure))
        case .refused:
            let collector = BodyCollector(body, loop: origin.loop) { [self] bytes in refused(head, document: bytes) }
            state = .collecting(collector)
            collector.start()
        }
    }

    func clientCall(_ call: ClientCall, failed error: ClientError) {
        switch error {
        case .unreachable where !hasRetried, .disconnected where !hasRetried: askAgain()
        default: answer(.failed(OriginFailure(error)))
        }
    }

    private func refused(_ head: ResponseHead, document: [UInt8]) {
        guard receiver != nil else { return }
        if S3Answer.mayPass(status: head.status) && !hasRetried { return askAgain() }
        let code = query.isHead ? nil : S3ErrorDocument.code(in: document)
        var response = S3Answer.refusal(status: head.status, code: code, fields: head.fields)
        // What the client has asked for by its parameters, such as a version, is not there.
        if !parameters.isEmpty, case .failed(.unexpectedStatus(400..<500, _)) = response { response = .notFound }
        answer(response)
    }
}
