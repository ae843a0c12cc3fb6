import HTTP
import Posix
import Reactor
import TLS

/// Sends requests over connections that it keeps, on one event loop.
///
/// A worker has one for each set of authorities that it trusts. It follows no redirects and decodes no content codings.
package final class HTTPClient {
    package let loop: EventLoop
    package let limits: ClientLimits
    package internal(set) var statistics = ClientStatistics()

    private(set) var isRetired = false
    let resolver: Resolver
    private let tls: TLSClientContext?
    private let tlsBuffers = TLSBufferPool()
    private var pools: [Endpoint: ClientPool] = [:]
    /// The pool asked for last, found without hashing.
    private var recent: ClientPool?
    private var buffers: [[UInt8]] = []
    /// Addresses that did not answer, and when they were tried.
    private var silentAddresses: [SocketAddress: MonotonicTime] = [:]
    /// So long they are tried last.
    private static let silenceTime = Nanoseconds.seconds(30)

    /// - Parameter tls: whom to trust; without it, secure endpoints fail.
    package init(
        loop: EventLoop, resolver: Resolver, tls: TLSClientContext? = nil, limits: ClientLimits = ClientLimits()
    ) {
        self.loop = loop
        self.resolver = resolver
        self.tls = tls
        self.limits = limits
    }

    /// Sends `request`; the handler hears the response's head, or that there is none. The handler is kept
    /// until then.
    ///
    /// - Parameter upload: the request's content where it is not `request.body`: pulled as the server takes it, and
    ///   cancelled where not all of it is wanted. It is sent by its length, or in chunks. A request whose content has
    ///   been begun is never sent twice.
    @discardableResult
    package func send(
        _ request: ClientRequest, upload: (any BodySource)? = nil, to endpoint: Endpoint,
        handler: any ClientResponseHandler
    ) -> ClientCall {
        statistics.requests += 1
        let pool = pool(endpoint)
        let call = ClientCall(request, upload: upload, pool: pool, handler: handler, now: loop.now)
        pool.add(call)
        return call
    }

    /// Closes the connections that nobody uses.
    package func closeIdle() {
        for pool in Array(pools.values) { pool.closeIdle() }
    }

    /// No request comes any more but of who has begun already: no connection is kept.
    package func retire() {
        isRetired = true
        closeIdle()
    }

    /// Connections kept for later, and connections at all.
    package var connections: (idle: Int, open: Int) {
        pools.values.reduce(into: (0, 0)) { sum, pool in
            sum.0 += pool.idleCount
            sum.1 += pool.openCount
        }
    }

    private func pool(_ endpoint: Endpoint) -> ClientPool {
        if let recent, recent.endpoint == endpoint { return recent }
        let pool = pools[endpoint] ?? ClientPool(endpoint, client: self)
        pools[endpoint] = pool
        recent = pool
        return pool
    }

    func retire(_ pool: ClientPool) {
        if recent === pool { recent = nil }
        if pools[pool.endpoint] === pool { pools[pool.endpoint] = nil }
    }

    func makeSession(_ endpoint: Endpoint) throws(TLSError) -> TLSSession {
        guard let tls else { throw TLSError(.setup, "no TLS is set up for \(endpoint)") }
        return try TLSSession(client: tls, serverName: endpoint.serverName, pool: tlsBuffers)
    }

    // MARK: - Addresses

    /// The name server's order, but those last that did not answer a while ago.
    func inOrder(_ addresses: [SocketAddress]) -> [SocketAddress] {
        guard !silentAddresses.isEmpty else { return addresses }
        silentAddresses = silentAddresses.filter { loop.now - $0.value < Self.silenceTime }
        return addresses.filter { silentAddresses[$0] == nil } + addresses.filter { silentAddresses[$0] != nil }
    }

    func addressFailed(_ address: SocketAddress) { silentAddresses[address] = loop.now }

    func addressAnswered(_ address: SocketAddress) {
        if !silentAddresses.isEmpty { silentAddresses[address] = nil }
    }

    // MARK: - Buffers

    /// What a connection reads into where it cannot read straight into a consumer's room; lent to it while a
    /// response is under way.
    func takeBuffer() -> [UInt8] { buffers.popLast() ?? [] }

    func giveBack(_ buffer: consuming [UInt8]) {
        guard buffers.count < 32, buffer.capacity > 0 else { return }
        buffer.removeAll(keepingCapacity: true)
        buffers.append(buffer)
    }
}

/// What a client has done since it was made.
package struct ClientStatistics: Sendable, Equatable {
    package var requests = 0
    /// Requests that found a kept connection, or got one from another request.
    package var reuses = 0
    /// Attempts to connect, and those that came to nothing.
    package var connects = 0
    package var connectFailures = 0
    /// Requests sent again because their kept connection was dead.
    package var repeats = 0

    package init() {}
}
