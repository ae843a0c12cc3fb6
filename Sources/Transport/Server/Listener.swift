import Posix
import Reactor
import TLS
import Telemetry

/// Accepts connections from one listening socket on one worker's loop.
///
/// When the system has no descriptor or memory left it pauses, without a spin: the next client in the queue
/// is turned away with the one descriptor kept in reserve, so that it learns at once, and the others wait.
package final class Listener: ReadinessHandler {
    /// How many connections are accepted in one turn of the loop.
    private static let acceptsPerTurn = 64

    let server: Server
    package let name: String
    /// For connections accepted from now on; exchanged by a reload.
    package var tls: TLSServerContext?
    package var limits: ServerLimits
    package var handler: any RequestHandler
    /// Connections begin with a PROXY header, and only trusted proxies may open one.
    package var expectsProxyHeader = false

    package internal(set) var counters = ServerCounters()
    /// Open connections that came from here.
    package private(set) var connectionCount = 0

    private var socket: FileDescriptor?
    private var registration: Registration?
    /// Given up for a moment when there is no other descriptor left.
    private var reserve: EventFD?

    init(
        server: Server, socket: consuming FileDescriptor, tls: TLSServerContext?, limits: ServerLimits,
        handler: any RequestHandler, name: String
    ) throws(SystemError) {
        self.server = server
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
        registration = try server.loop.register(socket, self, isShared: true)
        self.socket = consume socket
    }

    package var address: SocketAddress? { try? socket?.localAddress() }

    /// The same listening socket once more, for another worker's loop.
    package func duplicateSocket() throws(SystemError) -> FileDescriptor {
        guard socket != nil else { throw SystemError(errno: 9, call: "dup") }
        return try socket!.duplicate()
    }

    /// Accepts what is in the queue, for closing the socket would reset that, and then no more. Connections stay.
    package func close() {
        accept(atMost: limits.connections)
        registration?.cancel()
        registration = nil
        if socket != nil { server.loop.unwatch(socket!) }
        socket = nil
        reserve = nil
    }

    func connectionClosed(_ reason: CloseReason, _ peer: SocketAddress) {
        connectionCount -= 1
        server.census?.leave()
        count(reason, peer)
    }

    private func count(_ reason: CloseReason, _ peer: SocketAddress) {
        counters.countClose(reason)
        if reason.isExcess { handler.didExceed(reason, peer, listener: name) }
    }

    // MARK: Events

    package func ready(_ readiness: Readiness) { accept(atMost: Self.acceptsPerTurn) }

    package func deadlineReached() { accept(atMost: Self.acceptsPerTurn) }

    private func accept(atMost count: Int) {
        for _ in 0..<count {
            guard let accepted = socket?.accept() else { return }
            switch consume accepted {
            case .wouldBlock: return
            case .failed: return pause()
            case .connection(let socket, let peer): open(socket, peer)
            }
        }
        registration?.again()
    }

    private func open(_ socket: consuming FileDescriptor, _ peer: SocketAddress) {
        counters.accepted += 1
        guard connectionCount < limits.connections || server.displaceIdleConnection(of: self),
            server.census.map({ $0.enter() || server.displaceIdleConnection(of: self) && $0.enter() }) ?? true
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
        registration?.setDeadline(server.loop.now + limits.acceptPause)
    }
}
