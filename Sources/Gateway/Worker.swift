import HTTP
import Origins
import Posix
import Reactor
import Sessions
import TLS
import Telemetry
import Transport

/// One thread's whole world: its loop, server, origin pools and caches. It is built on its own thread and
/// shares nothing that can change; what changes comes as a message to its loop.
final class Worker {
    let loop: EventLoop
    let shared: Shared
    let server: Server
    let origins: [String: any Origin]
    let apps: [String: HTTPUpstream]
    let originWatches: [String: OriginWatch]
    /// By origin.
    private let credentials: [String: CurrentCredentials]
    let compressions: CompressionBudget

    /// By name. Swapped whole when a provider's keys or metadata change.
    var providers: [String: Immutable<ProviderSnapshot>] = [:]
    /// What was ended before its time.
    var revocations = RevocationList() {
        didSet { revocationsVersion &+= 1 }
    }
    /// Another one for each change of the list: what was looked up in the same one need not be looked up again.
    private(set) var revocationsVersion: UInt64 = 1
    var sessions = SessionCache()
    var cookieMemo = CredentialMemo(.cookie)
    var bearerMemo = CredentialMemo(.authorization)
    /// The latest answers that showed a reference.
    var decisions: Decisions
    private(set) var signIn: SignIn!
    /// By name.
    private(set) var listeners: [String: [Listener]] = [:]
    /// What is not listened on yet.
    private var waitingSockets: [ListeningSockets.Bound] = []

    /// Requests that wait for an actor's answer. Whoever has left is not here any more.
    private var waiting: [ExchangeID: RequestContext] = [:]
    let counters: Counters
    private let accessLog: LogWriter
    private var flushIsDue = false
    private let excesses: ExcessLog

    init(loop: EventLoop, shared: Shared) throws {
        self.loop = loop
        self.shared = shared
        server = Server(loop: loop)
        server.census = shared.census
        server.isTrustedProxy = {
            if case .unix = $0 { true } else { RequestSource.contains(shared.configuration.trustedProxies, $0.ipBytes) }
        }
        counters = Counters(shared.metricLayout)
        excesses = ExcessLog(loop: loop, events: shared.events)
        accessLog = LogWriter(sink: shared.logs.access, format: shared.logs.format)
        var watches: [String: OriginWatch] = [:]
        for (index, name) in shared.metricLayout.names.origins.enumerated() {
            watches[name] = OriginWatch(name, index: index, counters: counters, events: shared.events, loop: loop)
        }
        originWatches = watches
        var factory = OriginFactory(shared, loop: loop, watches: watches)
        (origins, apps) = try factory.makeAll()
        credentials = factory.credentials
        decisions = Decisions(limit: shared.configuration.limits.decisions)
        compressions = CompressionBudget(limit: shared.configuration.limits.compressions)
        loop.turnEnded = { [unowned self] in
            counters.observe($0.microseconds, in: .loopLag, LoopKind.worker.index)
        }
        signIn = SignIn(shared: shared, executor: loop.executor, worker: LoopBound(self, to: loop.executor))
    }

    /// A worker thread's whole life.
    static func run(shared: Shared, sockets: [ListeningSockets.Bound], control: ControlHandle) {
        do {
            let loop = try EventLoop()
            let worker = try Worker(loop: loop, shared: shared)
            try worker.listen(on: sockets.filter { !$0.waits })
            worker.waitingSockets = sockets.filter(\.waits)
            let handle = WorkerHandle(executor: loop.executor, worker: LoopBound(worker, to: loop.executor))
            control.send { $0.register(handle) }
            loop.run()
            worker.accessLog.flush()
        } catch {
            let failure = StartFailure("a worker could not start: \(error)")
            control.send { $0.workerFailed(failure) }
        }
    }

    /// Listens where another instance may be serving too.
    func open() throws(SystemError) {
        let sockets = waitingSockets
        waitingSockets = []
        try listen(on: sockets)
    }

    private func listen(on sockets: [ListeningSockets.Bound]) throws(SystemError) {
        let limits = ServerLimits(shared.configuration.limits)
        for socket in sockets {
            let listener = try server.listen(
                on: socket.open(), sharing: socket.sharing, tls: socket.tls, limits: limits, handler: self,
                name: socket.name)
            listener.expectsProxyHeader = socket.hasProxyHeaders
            listeners[socket.name, default: []].append(listener)
        }
    }

    /// What it has counted, for whoever adds it up.
    var metrics: MetricSnapshot {
        for (index, name) in shared.metricLayout.names.listeners.enumerated() {
            if let sockets = listeners[name] { collect(sockets, index) }
        }
        for watch in originWatches.values { watch.collect() }
        let lookups = sessions.takeLookups()
        counters.add(Int64(lookups.hits), to: .sessionLookups, CacheLookup.hit)
        counters.add(Int64(lookups.misses), to: .sessionLookups, CacheLookup.miss)
        counters.set(.sessionsKnown, to: Int64(sessions.count))
        return counters.snapshot
    }

    func count(_ step: SignInStep, at provider: String?) { counters.add(to: .signIns, index(of: provider), step) }

    func count(_ check: TokenCheck, at provider: String) { counters.add(to: .tokenChecks, index(of: provider), check) }

    /// A provider's place in its label; 0 for none.
    private func index(of provider: String?) -> Int {
        provider.flatMap { shared.metricLayout.names.providers.firstIndex(of: $0) } ?? 0
    }

    /// - Parameter sockets: those of one listener.
    private func collect(_ sockets: [Listener], _ index: Int) {
        var counted = ServerCounters()
        for socket in sockets { counted.add(socket.counters) }
        counters.set(.connectionsOpen, index, to: Int64(sockets.reduce(0) { $0 + $1.connectionCount }))
        counters.set(.connectionsAccepted, index, to: Int64(counted.accepted))
        counters.set(.tlsHandshakesOpen, index, to: Int64(sockets.reduce(0) { $0 + $1.handshakeCount }))
        counters.set(.acceptPauses, index, to: Int64(counted.acceptPauses))
        counters.set(.tlsHandshakes, index, MetricResult.ok.index, to: Int64(counted.handshakes))
        let failed = [.tls, .certificate, .tlsHandshakes, .tlsHandshakeTimeout].reduce(0) { $0 + counted.closed($1) }
        counters.set(.tlsHandshakes, index, MetricResult.failed.index, to: Int64(failed))
        counters.set(.tlsResumptions, index, to: Int64(counted.handshakesResumed))
        for version in TLSVersionUsed.allCases {
            counters.set(.tlsVersions, index, version.index, to: Int64(counted.agreed(version)))
        }
        for cipher in CipherSuite.allCases {
            counters.set(.tlsCiphers, index, cipher.index, to: Int64(counted.agreed(cipher)))
        }
        for reason in CloseReason.allCases {
            counters.set(.connectionsClosed, index, reason.index, to: Int64(counted.closed(reason)))
        }
        for limit in CloseReason.limits {
            counters.set(.limitsReached, index, limit.index, to: Int64(counted.reached(limit)))
        }
    }

    /// What an origin's requests are signed with from now on.
    func use(_ new: Credentials, for origin: String) { credentials[origin]?.value = new }

    /// Takes in what was ended.
    func revoke(_ new: [Revocation]) {
        for revocation in new { revocations.insert(revocation, now: loop.wallSeconds) }
    }

    // MARK: Requests that wait

    /// Parks a request until an actor answers it by its id.
    func park(_ context: RequestContext) -> ExchangeID {
        let id = context.exchange.id
        waiting[id] = context
        context.exchange.onAbandoned = { [unowned self] in waiting[id] = nil }
        return id
    }

    /// The request that was parked under this id, unless its client has left.
    func unpark(_ id: ExchangeID) -> RequestContext? {
        guard let context = waiting.removeValue(forKey: id) else { return nil }
        context.exchange.onAbandoned = nil
        return context
    }
}

extension Worker: RequestHandler {
    func handle(_ exchange: Exchange) {
        run(RequestContext(exchange))
    }

    func didFinish(_ exchange: Exchange) {
        log(exchange.record)
    }

    func didRefuse(_ record: AccessRecord, on connection: ConnectionInfo) {
        decisions.add(Decision(record, status: record.status, outcome: record.outcome))
        log(record)
    }

    func didExceed(_ limit: CloseReason, _ peer: SocketAddress, listener: String) {
        excesses.note(limit, peer, listener: listener)
    }

    func handshakeFailed(_ error: TLSError, on connection: ConnectionInfo) {
        guard !error.isCertificateFault else {
            return excesses.note(error, peer: connection.peerText, listener: connection.listener)
        }
        shared.events.debug(
            "a TLS handshake failed",
            metadata: [
                "listener": "\(connection.listener)", "peer": "\(connection.peerText)", "reason": "\(error)",
            ])
    }

    /// One line, and this worker's counters, for every request that ended. The lines of a turn of the loop go
    /// out together.
    private func log(_ record: AccessRecord) {
        counters.count(
            site: shared.sites.counterIndex(of: record.site), outcome: record.outcome, status: record.status,
            bytes: record.bytes, duration: record.duration)
        accessLog.append(record)
        guard !flushIsDue, accessLog.hasLines else { return }
        flushIsDue = true
        loop.defer { [unowned self] in
            flushIsDue = false
            accessLog.flush()
        }
    }
}
