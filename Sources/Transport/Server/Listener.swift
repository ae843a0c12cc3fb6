import Posix
import Reactor
import TLS
import Telemetry

/// Who accepts where a listener does.
package enum Sharing: Sendable {
    /// Nobody, or workers of this process, each by a socket of its own.
    case own
    /// Others have the same socket open: other workers, and other processes where it was passed to this one.
    case socket
    /// Another process may have sockets of its own at the same port (SO_REUSEPORT).
    case port
}

/// Accepts connections from one listening socket on one worker's loop.
///
/// When the system has no descriptor or memory left it pauses, without a spin: the next client in the queue
/// is turned away with the one descriptor kept in reserve, so that it learns at once, and the others wait.
package final class Listener: ReadinessHandler {
    /// How many connections are accepted in one turn of the loop.
    private static let acceptsPerTurn = 64
    /// For how long a port that others have too is left, so that a connection that has begun here can be finished.
    /// Shorter than the second after which a client asks again that was not heard meanwhile.
    private static let handoverTime = Nanoseconds.milliseconds(500)
    /// How long accepting pauses while there are TLS handshakes enough.
    private static let handshakePause = Nanoseconds.milliseconds(5)

    let server: Server
    /// For connections accepted from now on, as what follows; exchanged by a reload.
    package var name: String
    package var tls: TLSServerContext?
    package var limits: ServerLimits
    /// For requests that come from now on.
    package var handler: any RequestHandler
    /// Connections begin with a PROXY header, and only trusted proxies may open one.
    package var expectsProxyHeader = false

    package internal(set) var counters = ServerCounters()
    /// Open connections that came from here.
    package private(set) var connectionCount = 0
    /// Those of them that are within their TLS handshake.
    package internal(set) var handshakeCount = 0

    /// It has gone from the config: what came from it is finished.
    package private(set) var isRetired = false
    /// It does not accept yet.
    private var isHeld: Bool

    private let sharing: Sharing
    /// Nil once closed.
    private var socket: FileDescriptor?
    /// The port is being left to others.
    private var isLeaving = false
    private var registration: Registration?
    /// Given up for a moment when there is no other descriptor left.
    private var reserve: EventFD?

    init(
        server: Server, socket: consuming FileDescriptor, sharing: Sharing, tls: TLSServerContext?,
        limits: ServerLimits, handler: any RequestHandler, name: String, isHeld: Bool
    ) throws(SystemError) {
        self.server = server
        self.isHeld = isHeld
        self.sharing = sharing
        self.tls = tls
        self.limits = limits
        self.handler = handler
        self.name = name
        // Accepted sockets inherit it.
        socket.setNoDelay()
        socket.setUnsentLimit(limits.unsentBytes)
        reserve = try EventFD()
        registration = nil
        self.socket = nil
        registration = try server.loop.register(socket, self, isShared: sharing == .socket)
        self.socket = consume socket
    }

    package var address: SocketAddress? { try? socket?.localAddress() }

    /// The same listening socket once more, for another worker's loop.
    package func duplicateSocket() throws(SystemError) -> FileDescriptor {
        guard socket != nil else { throw SystemError(errno: 9, call: "dup") }
        return try socket!.duplicate()
    }

    package var isOpen: Bool { socket != nil }

    /// Begins to accept, where it was made to wait for that.
    package func begin() {
        guard isHeld else { return }
        isHeld = false
        // Who has come meanwhile has been reported.
        registration?.again()
    }

    /// Gives up a listener that has not begun: whoever has come is refused.
    package func discard() {
        guard isHeld else { return }
        if sharing == .socket { server.loop.unwatch(socket!) }
        end()
        server.forget(self)
    }

    func retire() {
        isRetired = true
        leave()
    }

    /// What it has counted so far, as if it had counted nothing.
    package func takeCounters() -> ServerCounters {
        defer { counters = ServerCounters() }
        return counters
    }

    /// Leaves the address so that nobody who has come is lost, and whoever comes then is another's. Connections stay.
    package func leave() {
        guard isOpen, !isLeaving else { return }
        // Connections go on arriving here between the last accept and the close, which would reset them: with others at
        // the port no more are begun, and those that were get the time to be finished.
        guard sharing == .port, (try? socket!.ignoreNewHandshakes()) != nil else { return close() }
        isLeaving = true
        registration?.setDeadline(server.loop.now + Self.handoverTime)
    }

    /// The same, where others listen there too.
    package func leaveIfShared() {
        if sharing != .own { leave() }
    }

    /// Accepts what is in the queue, for closing the socket would reset that, and then no more. Connections stay.
    package func close() {
        guard isOpen else { return }
        // Before the queue is looked at: a connection that comes afterwards wakes another loop.
        if sharing == .socket { server.loop.unwatch(socket!) }
        accept(atMost: limits.connections, isLast: true)
        end()
    }

    private func end() {
        registration?.cancel()
        registration = nil
        socket = nil
        reserve = nil
        if isOver { server.forget(self) }
    }

    /// It has been retired, and nothing is left of it.
    package var isOver: Bool { isRetired && !isOpen && connectionCount == 0 }

    func connectionClosed(_ reason: CloseReason, _ peer: SocketAddress) {
        connectionCount -= 1
        server.census?.leave()
        count(reason, peer)
        if isOver { server.forget(self) }
    }

    private func count(_ reason: CloseReason, _ peer: SocketAddress) {
        counters.countClose(reason)
        if reason.isExcess { handler.didExceed(reason, peer, listener: name) }
    }

    // MARK: Events

    package func ready(_ readiness: Readiness) {
        if !isHeld { acceptSome() }
    }

    package func deadlineReached() {
        guard isLeaving else { return acceptSome(afterPause: true) }
        close()
        server.listenerClosed()
    }

    private func acceptSome(afterPause: Bool = false) {
        guard sharing == .socket else {
            if accept(atMost: Self.acceptsPerTurn) { registration?.again() }
            return
        }
        // One each in turn: whoever was there first would get them all as long as it has little to do.
        guard accept(atMost: 1) || afterPause, socket != nil else { return }
        do { try registration?.requeue(socket!) } catch { pauseAccepting(limits.acceptPause) }
    }

    /// False where no more can be accepted now.
    ///
    /// - Parameter isLast: what is not accepted now will be lost.
    @discardableResult private func accept(atMost count: Int, isLast: Bool = false) -> Bool {
        for _ in 0..<count {
            if tls != nil, !isLast, !server.handshakes.admits(limit: limits.handshakes) {
                pauseAccepting(Self.handshakePause)
                return false
            }
            guard let accepted = socket?.accept() else { return false }
            switch consume accepted {
            case .wouldBlock: return false
            case .failed:
                pause()
                return false
            case .connection(let socket, let peer): open(socket, peer)
            }
        }
        return true
    }

    private func open(_ socket: consuming FileDescriptor, _ peer: SocketAddress) {
        counters.accepted += 1
        // The census counts all listeners' connections, and so any of them may make room.
        guard connectionCount < limits.connections || server.displaceConnection(of: self),
            server.census.map({ $0.enter() || server.displaceConnection() && $0.enter() }) ?? true
        else { return count(.connections, peer) }
        connectionCount += 1
        Connection.open(socket, peer: peer, listener: self)
    }

    private func pause() {
        counters.acceptPauses += 1
        reserve = nil
        if let accepted = socket?.accept(), case .connection(let socket, let peer) = consume accepted {
            _ = consume socket
            counters.accepted += 1
            count(.descriptors, peer)
        }
        reserve = try? EventFD()
        pauseAccepting(limits.acceptPause)
    }

    private func pauseAccepting(_ time: Nanoseconds) {
        if !isLeaving { registration?.setDeadline(server.loop.now + time) }
    }
}
