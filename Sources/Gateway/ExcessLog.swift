import Logging
import Posix
import Reactor
import Telemetry

/// Tells the operator of clients that want more than their share.
final class ExcessLog {
    private struct Client {
        let peer: String
        let listener: String
    }

    static let interval = Nanoseconds.seconds(10)

    private let lines: RepeatedEvent<CloseReason, Client>

    init(loop: EventLoop, events: Logger) {
        lines = RepeatedEvent(loop: loop, every: { _ in Self.interval }) { limit, client, times in
            events.warning(
                "a client went beyond a limit, and was refused",
                metadata: [
                    "limit": "\(limit.rawValue)", "peer": "\(client.peer)", "listener": "\(client.listener)",
                    "times": .stringConvertible(times),
                ])
        }
    }

    func note(_ limit: CloseReason, _ peer: SocketAddress, listener: String) {
        lines.note(limit, Client(peer: peer.ip, listener: listener))
    }
}
