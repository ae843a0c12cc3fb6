import HTTP
import Telemetry

/// A handler's wish for a whole request body, and what of it has come.
struct RequestBodyReader {
    let limit: Int
    private(set) var bytes: [UInt8] = []
    let done: (Result<[UInt8], BodyFailure>) -> Void

    init(limit: Int, done: @escaping (Result<[UInt8], BodyFailure>) -> Void) {
        self.limit = limit
        self.done = done
    }

    /// False where that would be more than the limit.
    mutating func append(_ more: ArraySlice<UInt8>) -> Bool {
        guard more.count <= limit - bytes.count else { return false }
        bytes.append(contentsOf: more)
        return true
    }
}

/// The request's content: collected for the handler, or dropped.
extension HTTP1Machine {
    func readBody(of exchange: Exchange, limit: Int, _ done: @escaping (Result<[UInt8], BodyFailure>) -> Void) {
        precondition(exchange === self.exchange)
        if bodyIsComplete { return done(.success([])) }
        if case .length(let length) = exchange.request.framing, length > limit {
            connection.listener.counters.countLimit(.bodySize)
            return done(.failure(.tooLarge))
        }
        act {
            bodyReader = RequestBodyReader(limit: limit, done: done)
            if owesContinue, position == input.count {
                HTTP1Serializer.appendContinue(to: &output)
                flush()
            }
            owesContinue = false
        }
    }

    /// One step towards the body that the handler waits for.
    func readBody() -> Bool {
        switch parse() {
        case .body(let range):
            bodyReceived += range.count
            if bodyReader!.append(input[range]) { return true }
            finishBody(.failure(.tooLarge), .bodySize)
        case .end:
            bodyIsComplete = true
            finishBody(.success(bodyReader!.bytes))
        case .failed:
            finishBody(.failure(.malformed), .malformed)
        case .needMore:
            return read()
        case .head:
            preconditionFailure("a head within a body")
        }
        return true
    }

    /// - Parameter reason: of the connection's end, where the body failed.
    func finishBody(_ result: Result<[UInt8], BodyFailure>, _ reason: CloseReason? = nil) {
        guard let reader = bodyReader else { return }
        bodyReader = nil
        closesFor = reason ?? closesFor
        reader.done(result)
    }

    /// One step through a body that nobody wants.
    func discardBody() -> Bool {
        switch parse() {
        case .body(let range): bodyReceived += range.count
        case .end:
            bodyIsComplete = true
            phase = .request
        case .failed(let error):
            phase = .over
            connection.end(CloseReason(error), lingers: true)
            return false
        case .needMore: return read()
        case .head: preconditionFailure("a head within a body")
        }
        return true
    }

    /// Whether what is left of the request's body is small enough to be read for the connection's sake. A client
    /// that waits for a 100 may or may not send it (RFC 9110 section 10.1.1): nobody could tell it from a request.
    func canDiscardBody(of request: Request) -> Bool {
        if bodyIsComplete { return true }
        guard case .length(let length) = request.framing, !owesContinue else { return false }
        return length - bodyReceived <= connection.limits.discardBytes
    }
}
