import Posix
import TLS
import Telemetry

/// Answers requests. All calls are made on the listener's event loop.
package protocol RequestHandler: AnyObject {
    /// A request's head is complete. The answer is given by `exchange.respond`, now or later.
    func handle(_ exchange: Exchange)

    /// The exchange is over: its record is filled and can be logged. Called once for each exchange that was
    /// handled, also where the client left before the answer.
    func didFinish(_ exchange: Exchange)

    /// Something came that is no request, and was answered (or not: status 0) without the handler.
    func didRefuse(_ record: AccessRecord, on connection: ConnectionInfo)

    /// A client wanted more than its share, and its connection was closed.
    func didExceed(_ limit: CloseReason, _ peer: SocketAddress, listener: String)

    /// A connection ended before anything could be asked on it.
    func handshakeFailed(_ error: TLSError, on connection: ConnectionInfo)
}

extension RequestHandler {
    package func didFinish(_ exchange: Exchange) {}
    package func didRefuse(_ record: AccessRecord, on connection: ConnectionInfo) {}
    package func didExceed(_ limit: CloseReason, _ peer: SocketAddress, listener: String) {}
    package func handshakeFailed(_ error: TLSError, on connection: ConnectionInfo) {}
}
