import HTTP
import Posix
import Reactor
import TLS

/// The connections to one endpoint, and the requests that wait for one.
///
/// The connection that was used last is used next: the others grow old and end. Each request that waits has an
/// attempt to connect under way for its sake, up to the limit of connections; whichever connection is
/// free first serves whoever waits longest.
final class ClientPool {
    static let inputSize = 16 * 1024

    let endpoint: Endpoint
    let client: HTTPClient
    let loop: EventLoop
    let limits: ClientLimits
    /// Used last, last.
    private var idle: [ClientConnection] = []
    private var line = WaitingLine()
    /// Those that need a new connection: they go first on it, and on no other.
    private var newLine = WaitingLine()
    private var connecting = 0
    private var open = 0
    private var queueTimer: TimerToken?

    init(_ endpoint: Endpoint, client: HTTPClient) {
        self.endpoint = endpoint
        self.client = client
        loop = client.loop
        limits = client.limits
    }

    // MARK: - Calls

    func add(_ call: ClientCall) {
        if !call.needsNewConnection, let connection = idle.popLast() {
            client.statistics.reuses += 1
            return connection.begin(call)
        }
        guard line.size + newLine.size + call.size <= limits.queueSize else {
            return loop.defer { if case .waiting = call.state { call.fail(.overloaded) } }
        }
        wait(call)
    }

    private var waitingCount: Int { newLine.count + line.count }

    private func wait(_ call: ClientCall) {
        if call.needsNewConnection { newLine.append(call) } else { line.append(call) }
        watchQueue()
        connectIfNeeded()
    }

    private func popWaiting() -> ClientCall? { newLine.popFirst() ?? line.popFirst() }

    /// A request whose kept connection was dead goes ahead of the others, on a new one.
    func repeatOnNew(_ call: ClientCall) {
        client.statistics.repeats += 1
        call.needsNewConnection = true
        call.state = .waiting
        call.enqueued = loop.now
        wait(call)
    }

    func withdraw(_ call: ClientCall) {
        if call.needsNewConnection { newLine.remove(call) } else { line.remove(call) }
    }

    private func watchQueue() {
        guard queueTimer == nil, waitingCount > 0 else { return }
        let since = min(line.first?.enqueued ?? loop.now, newLine.first?.enqueued ?? loop.now)
        let end = since + limits.queueTime
        queueTimer = loop.schedule(after: end > loop.now ? end - loop.now : .zero) { [self] in
            queueTimer = nil
            while let late = popLate() { late.fail(open > 0 ? .overloaded : .connectTimedOut) }
            watchQueue()
            retireIfUnused()
        }
    }

    private func popLate() -> ClientCall? {
        func isLate(_ call: ClientCall?) -> Bool { call.map { $0.enqueued + limits.queueTime <= loop.now } ?? false }
        if isLate(newLine.first) { return newLine.popFirst() }
        return isLate(line.first) ? line.popFirst() : nil
    }

    // MARK: - Connecting

    private func connectIfNeeded() {
        // A kept connection has no place that one who needs a new one waits for.
        if newLine.count > connecting, connecting + open >= limits.connections, !idle.isEmpty {
            return idle.removeFirst().close()
        }
        while connecting < waitingCount, connecting + open < limits.connections {
            connecting += 1
            client.statistics.connects += 1
            client.resolver.resolve(endpoint.host) { [self] answer in
                // Failures come later than the call that led to them, always.
                switch answer {
                case .success(let addresses):
                    let port = UInt16(clamping: endpoint.port)
                    let connector = Connector(client.inOrder(addresses.map { $0.with(port: port) }), pool: self)
                    loop.defer { connector.start() }
                case .failure(let failure):
                    loop.defer { self.connectFailed(.unresolved(failure)) }
                }
            }
        }
    }

    func connected(_ socket: consuming FileDescriptor, _ registration: Registration, _ address: SocketAddress) {
        client.addressAnswered(address)
        connecting -= 1
        open += 1
        var session: TLSSession?
        do throws(TLSError) {
            if endpoint.isSecure { session = try client.makeSession(endpoint) }
        } catch {
            registration.cancel()
            connectionFailed(.tls(error))
            return connectionClosed()
        }
        ClientConnection(socket, registration, address, tls: session, pool: self).start()
    }

    func connectFailed(_ error: ClientError) {
        connecting -= 1
        client.resolver.forget(endpoint.host)
        connectionFailed(error)
    }

    /// An attempt came to nothing, be it in the handshake: whoever waits longest hears of it, unless attempts
    /// enough are left for all.
    func connectionFailed(_ error: ClientError) {
        client.statistics.connectFailures += 1
        if waitingCount > connecting { popWaiting()?.fail(error) }
        connectIfNeeded()
        retireIfUnused()
    }

    // MARK: - Connections

    func connectionOpened(_ connection: ClientConnection) {
        if let next = popWaiting() { connection.begin(next) } else { keep(connection) }
    }

    /// A connection has served its request, and is clean.
    func release(_ connection: ClientConnection) {
        if isStranded(connection) { return connection.close() }
        if let next = line.popFirst() {
            client.statistics.reuses += 1
            return connection.begin(next)
        }
        keep(connection)
    }

    /// Whether the host is at other addresses by now than the connection's. Looked for once a second.
    private func isStranded(_ connection: ClientConnection) -> Bool {
        guard loop.now - connection.addressChecked >= .seconds(1) else { return false }
        connection.addressChecked = loop.now
        return client.resolver.isGone(connection.address.with(port: 0), from: endpoint.host)
    }

    private func keep(_ connection: ClientConnection) {
        guard !client.isRetired, newLine.count == 0 || connecting + open < limits.connections else {
            return connection.close()
        }
        idle.append(connection)
        connection.rest()
        if idle.count > limits.idleConnections { idle.removeFirst().close() }
    }

    func forgetIdle(_ connection: ClientConnection) {
        if let index = idle.lastIndex(where: { $0 === connection }) { idle.remove(at: index) }
    }

    func connectionClosed() {
        open -= 1
        connectIfNeeded()
        retireIfUnused()
    }

    /// The client and its pools keep each other only as long as there is something to keep.
    private func retireIfUnused() {
        guard open == 0, connecting == 0, waitingCount == 0 else { return }
        if let timer = queueTimer { loop.cancel(timer) }
        queueTimer = nil
        client.retire(self)
    }

    func closeIdle() {
        let connections = idle
        idle = []
        for connection in connections { connection.close() }
    }

    var idleCount: Int { idle.count }
    var openCount: Int { open }
}
