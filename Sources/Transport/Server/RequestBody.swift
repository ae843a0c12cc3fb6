import HTTP

/// A request's content, pulled by whoever wants it: nothing is read of the client that nobody has asked for. A client
/// that asked to (RFC 9110 section 10.1.1) is told to go on at the first read that finds nothing.
///
/// It fails with `.tooLarge` past its limit, with `.timedOut` where the client is too slow, and with `.disconnected` once
/// the client has left or the response is whole.
package final class RequestBody: BodySource {
    package let length: Int?
    package weak var consumer: (any BodyConsumer)?

    /// Somebody waits for the client.
    var isAwaited = false
    private let limit: Int
    private var received = 0
    private var owner: (any ExchangeOwner)?
    /// `.end`, or the failure.
    private var ending: BodyRead?

    /// - Parameter limit: in bytes.
    init(_ framing: BodyFraming, limit: Int, owner: (any ExchangeOwner)?) {
        self.limit = limit
        self.owner = owner
        length =
            switch framing {
            case .none: 0
            case .length(let length): length
            case .chunked: nil
            }
        if owner == nil { ending = .failed(.disconnected) }
    }

    /// Whether it is announced to be larger than its limit.
    var isTooLarge: Bool { length.map { $0 > limit } ?? false }

    package func read(into out: inout OutputSpan<UInt8>) -> BodyRead {
        if let ending { return ending }
        isAwaited = false
        let result = owner!.readBody(self, into: &out)
        // The connection may have ended by it.
        if let ending { return ending }
        if result == .end || result != .bytes && result != .wait { end(result) }
        return result
    }

    package func cancel() {
        guard ending == nil else { return }
        let owner = owner
        end(.failed(.disconnected))
        owner?.closeBody()
    }

    // MARK: - The owner's

    /// So many bytes more have come. False where that is beyond the limit.
    func take(_ count: Int) -> Bool {
        received += count
        return received <= limit
    }

    /// Something has come for whoever waits.
    func tell() {
        guard isAwaited else { return }
        isAwaited = false
        consumer?.bodyIsReady()
    }

    /// Nothing more will come. Whoever waits is told.
    func fail(_ failure: BodyFailure) {
        guard ending == nil else { return }
        let wasAwaited = isAwaited
        end(.failed(failure))
        if wasAwaited { consumer?.bodyIsReady() }
    }

    private func end(_ ending: BodyRead) {
        self.ending = ending
        isAwaited = false
        owner = nil
    }
}

/// Collects a whole body, for `Exchange.readBody`.
final class RequestBodyCollector: BodyConsumer {
    private let body: RequestBody
    private var bytes: [UInt8] = []
    private var done: ((Result<[UInt8], BodyFailure>) -> Void)?

    init(_ body: RequestBody, _ done: @escaping (Result<[UInt8], BodyFailure>) -> Void) {
        self.body = body
        self.done = done
        body.consumer = self
    }

    func bodyIsReady() {
        while let done {
            var result = BodyRead.wait
            let room = min(max(body.length.map { $0 - bytes.count } ?? 0, 1024), 16 << 10)
            bytes.append(addingCapacity: room) { (out: inout OutputSpan<UInt8>) in result = body.read(into: &out) }
            switch result {
            case .bytes: continue
            case .wait: return
            case .end:
                self.done = nil
                done(.success(bytes))
            case .failed(let failure):
                self.done = nil
                done(.failure(failure))
            }
        }
    }

    func cancel() {
        done = nil
        body.cancel()
    }
}
