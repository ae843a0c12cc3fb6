import Logging
import Posix
import Reactor
import TLS
import Telemetry

/// Tells the operator of clients that are refused before they can ask for anything.
final class ExcessLog {
    /// Why somebody was refused. Few by nature: nothing of what a client sends is in it.
    private enum Cause: Hashable {
        case limit(CloseReason)
        case certificate(TLSError.Kind, listener: String)

        var message: String {
            switch self {
            case .limit: "a client went beyond a limit, and was refused"
            case .certificate: "a client's certificate was refused"
            }
        }
    }

    static let interval = Nanoseconds.seconds(10)

    private let lines: RepeatedEvent<Cause>

    init(loop: EventLoop, events: Logger) {
        lines = RepeatedEvent(loop: loop, events: events, every: { _ in Self.interval }, message: \.message)
    }

    func note(_ limit: CloseReason, _ peer: SocketAddress, listener: String) {
        lines.note(.limit(limit), ["limit": "\(limit.rawValue)", "peer": "\(peer.ip)", "listener": "\(listener)"])
    }

    /// A certificate that does not hold, or none where there has to be one.
    func note(_ error: TLSError, peer: String, listener: String) {
        lines.note(
            .certificate(error.kind, listener: listener),
            ["reason": "\(error)", "peer": "\(peer)", "listener": "\(listener)"])
    }
}
