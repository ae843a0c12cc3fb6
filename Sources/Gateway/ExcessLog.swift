import Logging
import Posix
import Reactor
import TLS
import Telemetry

/// Tells the operator of clients that are refused before they can ask for anything: the first of a kind at once, and
/// those that follow in one line every ten seconds. A flood writes no more lines than a trickle.
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

    private struct Refusals {
        var count = 0
        /// What the log says of the last one.
        var last: Logger.Metadata = [:]
    }

    static let interval = Nanoseconds.seconds(10)

    private let loop: EventLoop
    private let events: Logger
    /// What has followed a line, while the next one's time has not come.
    private var following: [Cause: Refusals] = [:]

    init(loop: EventLoop, events: Logger) {
        self.loop = loop
        self.events = events
    }

    func note(_ limit: CloseReason, _ peer: SocketAddress, listener: String) {
        note(.limit(limit), ["limit": "\(limit.rawValue)", "peer": "\(peer.ip)", "listener": "\(listener)"])
    }

    /// A certificate that does not hold, or none where there has to be one.
    func note(_ error: TLSError, peer: String, listener: String) {
        note(
            .certificate(error.kind, listener: listener),
            ["reason": "\(error)", "peer": "\(peer)", "listener": "\(listener)"])
    }

    private func note(_ cause: Cause, _ metadata: Logger.Metadata) {
        guard following[cause] != nil else { return write(cause, Refusals(count: 1, last: metadata)) }
        following[cause]!.count += 1
        following[cause]!.last = metadata
    }

    private func write(_ cause: Cause, _ refusals: Refusals) {
        events.warning(
            "\(cause.message)",
            metadata: refusals.last.merging(["times": .stringConvertible(refusals.count)]) { $1 })
        following[cause] = Refusals()
        loop.schedule(after: Self.interval) { [weak self] in
            guard let self, let refusals = following.removeValue(forKey: cause), refusals.count > 0 else { return }
            write(cause, refusals)
        }
    }
}
