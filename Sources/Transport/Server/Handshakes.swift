import Posix
import Reactor

/// The TLS handshakes of one worker: the dearest thing that a stranger can ask for.
///
/// Only so many are under way at a time. One more ends the one that began first, once that has had `grace`: so
/// clients that begin and say nothing keep nobody out, and those that come all at once wait for each other in the
/// listening socket's queue, as they do while more clients have spoken than this worker keeps up with. And the
/// work of all of them together has a share of each turn of the loop, after the requests had theirs, first come, first
/// served: a flood of handshakes slows handshakes down, and requests by no more than that share.
final class Handshakes {
    /// Of one turn. A handshake takes 0.1 to 2 ms, by the certificate's key.
    static let share = Nanoseconds.milliseconds(2)

    /// How long the one that began first has at least, however many come.
    static let grace = Nanoseconds.milliseconds(250)
    /// How many that have spoken may wait for this worker while more are accepted.
    private static let backlog = 64

    /// Under way.
    private var count = 0
    private let loop: EventLoop
    /// In the order in which they began. Some are over, and are struck out when there are too many of them.
    private var begun: [Connection] = []
    private var oldest = 0
    /// Whose client has said something, in that order.
    private var ready: [Connection] = []
    private var next = 0
    private var isDeferred = false

    init(loop: EventLoop) { self.loop = loop }

    /// Whether one more may begin now, without harm to those that are under way.
    func admits(limit: Int) -> Bool {
        guard ready.count - next < Self.backlog else { return false }
        return count < limit || oldestIsStale
    }

    private var oldestIsStale: Bool {
        while oldest < begun.count, !begun[oldest].isInHandshake { oldest += 1 }
        return oldest < begun.count && begun[oldest].acceptedAt + Self.grace <= loop.now
    }

    /// Ends the one that began first if it has had its time; false where it has not.
    func displaceStale() -> Bool {
        guard oldestIsStale else { return false }
        displaceOldest()
        return true
    }

    /// - Parameter limit: how many may be under way.
    func begin(_ connection: Connection, limit: Int) {
        if count >= limit { displaceOldest() }
        count += 1
        connection.listener.handshakeCount += 1
        begun.append(connection)
        if begun.count > 2 * limit + 64 {
            begun.removeSubrange(..<oldest)
            begun.removeAll { !$0.isInHandshake }
            oldest = 0
        }
    }

    func end(_ connection: Connection) {
        count -= 1
        connection.listener.handshakeCount -= 1
    }

    private func displaceOldest() {
        while oldest < begun.count {
            let connection = begun[oldest]
            oldest += 1
            if connection.isInHandshake { return connection.close(.tlsHandshakes) }
        }
    }

    /// The connection goes on with its handshake at the end of this turn, or of a later one.
    func enqueue(_ connection: Connection) {
        ready.append(connection)
        goOn()
    }

    private func goOn() {
        guard !isDeferred else { return }
        isDeferred = true
        loop.defer { [unowned self] in
            isDeferred = false
            run()
        }
    }

    private func run() {
        let end = MonotonicTime.now() + Self.share
        repeat {
            guard next < ready.count else { break }
            next += 1
            ready[next - 1].continueHandshake()
        } while MonotonicTime.now() < end
        if next == ready.count {
            ready.removeAll(keepingCapacity: next <= 64)
            next = 0
        } else {
            if next > 256 {
                ready.removeSubrange(..<next)
                next = 0
            }
            goOn()
        }
    }
}
