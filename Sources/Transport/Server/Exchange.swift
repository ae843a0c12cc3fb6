import HTTP
import Posix
import Telemetry

/// One request and its response in flight, and the only way to answer it.
///
/// It belongs to its connection's thread. Code that answers later from elsewhere carries the `id`, which
/// resolves to nothing once the client has left.
package final class Exchange {
    /// Without its fields once it has been answered: the answer may take its time, and they are up to `fields_size`
    /// each of the many that a client may have open, for a few bytes on the wire (RFC 7541).
    package private(set) var request: Request
    package let connection: ConnectionInfo
    /// What the access log will say. The connection fills in status, bytes, duration and what it knows of the
    /// request; the rest is the handler's.
    package var record: AccessRecord
    /// Called once when the client has left, or the connection was cut, before the response was whole. Nothing
    /// can be answered any more.
    package var onAbandoned: (() -> Void)?

    /// When the head was complete.
    package let startedAt: MonotonicTime
    /// Whom it was given to, and who hears of its end: whoever takes that one's place meanwhile has no part in it.
    let handler: any RequestHandler
    private let table: ExchangeTable
    private var registered: ExchangeID?
    private var owner: (any ExchangeOwner)?
    private var hasResponded = false
    private var hasReadBody = false
    private var collector: RequestBodyCollector?

    init(
        request: Request, connection: ConnectionInfo, record: AccessRecord, startedAt: MonotonicTime,
        table: ExchangeTable, owner: any ExchangeOwner, handler: any RequestHandler
    ) {
        self.request = request
        self.connection = connection
        self.record = record
        self.startedAt = startedAt
        self.table = table
        self.owner = owner
        self.handler = handler
    }

    /// Names this exchange in messages to other threads and in tasks. Resolved by the worker's `ExchangeTable`.
    package var id: ExchangeID {
        if let registered { return registered }
        let id = owner == nil ? ExchangeID.gone : table.insert(self)
        registered = id
        return id
    }

    /// False once the response was sent whole, or the client has left.
    package var isOpen: Bool { owner != nil }

    /// Answers. To be called once; an answer to a client that has left is dropped, and its body cancelled.
    package func respond(_ response: Response, body: ResponseBody) {
        precondition(!hasResponded, "an exchange was answered twice")
        hasResponded = true
        request.fields = Fields()
        collector?.cancel()
        collector = nil
        guard let owner else {
            if case .source(let source) = body { source.cancel() }
            return
        }
        owner.respond(to: self, response, body: body)
    }

    /// Collects the request's body and hands it to `done`, which may be called before this returns. To be
    /// called once, and before the answer. A client that asked to (RFC 9110 section 10.1.1) is told to go on.
    ///
    /// - Parameter limit: in bytes; a longer body ends in `.tooLarge`.
    package func readBody(limit: Int, _ done: @escaping (Result<[UInt8], BodyFailure>) -> Void) {
        let collector = RequestBodyCollector(openBody(limit: limit), done)
        self.collector = collector
        collector.bodyIsReady()
    }

    /// The request's body, to be read or cancelled. To be called once, and before the answer; the body may be read until
    /// the response is whole.
    ///
    /// - Parameter limit: in bytes; a longer body fails with `.tooLarge`.
    package func openBody(limit: Int) -> RequestBody {
        precondition(!hasReadBody && !hasResponded, "a request's body is read once, and opened before the answer")
        hasReadBody = true
        let body = RequestBody(request.framing, limit: limit, owner: owner)
        owner?.open(body)
        return body
    }

    /// The owner's last word: nothing goes through this exchange any more.
    func close() {
        owner = nil
        onAbandoned = nil
        if let registered { table.remove(registered) }
    }
}

/// What an exchange asks of the protocol machine that it came from.
protocol ExchangeOwner: AnyObject {
    func respond(to exchange: Exchange, _ response: Response, body: ResponseBody)
    /// The request's content is wanted from here on.
    func open(_ body: RequestBody)
    /// As `BodySource.read`; sets `isAwaited` where it says `.wait`.
    func readBody(_ body: RequestBody, into out: inout OutputSpan<UInt8>) -> BodyRead
    /// Nobody wants more of it.
    func closeBody()
}
