import Logging
import Posix
import Reactor
import Telemetry

/// Tells the operator of clients that want more than their share: the first at once, and those that follow in one line
/// every ten seconds for each limit. A flood writes no more lines than a trickle.
final class ExcessLog {
    private struct Following {
        var count = 0
        var peer = ""
        var listener = ""
    }

    static let interval = Nanoseconds.seconds(10)

    private let loop: EventLoop
    private let events: Logger
    /// What has followed a line, while the next one's time has not come.
    private var following: [CloseReason: Following] = [:]

    init(loop: EventLoop, events: Logger) {
        self.loop = loop
        self.events = events
    }

    func note(_ limit: CloseReason, _ peer: SocketAddress, listener: String) {
        if following[limit] == nil { return write(limit, Following(count: 1, peer: peer.ip, listener: listener)) }
        following[limit]!.count += 1
        following[limit]!.peer = peer.ip
        following[limit]!.listener = listener
    }

    private func write(_ limit: CloseReason, _ counted: Following) {
        events.warning(
            "a client went beyond a limit, and was refused",
            metadata: [
                "limit": "\(limit.rawValue)", "peer": "\(counted.peer)", "listener": "\(counted.listener)",
                "times": .stringConvertible(counted.count),
            ])
        following[limit] = Following()
        loop.schedule(after: Self.interval) { [weak self] in
            guard let self, let counted = following.removeValue(forKey: limit), counted.count > 0 else { return }
            write(limit, counted)
        }
    }
}
