import HTTP
import Origins
import Posix
import Reactor
import Sessions
import TLS
import Telemetry
import Transport

/// What answers a worker's requests, by one config: its origins' pools, its caches and its counters. It is built on its
/// worker's thread and shares nothing that can change; what changes comes as a message to its loop. A reload brings
/// another, and this one stays until what it has begun is answered.
final class Worker {
    /// What all workers of the thread have in turn.
    let thread: WorkerThread
    let loop: EventLoop
    let shared: Shared
    let origins: [String: any Origin]
    let apps: [String: HTTPUpstream]
    let originWatches: [String: OriginWatch]
    /// By origin.
    let credentials: [String: CurrentCredentials]
    let clients: [String: HTTPClient]
    let compressions: CompressionBudget

    /// By name. Swapped whole when a provider's keys or metadata change.
    var providers: [String: Immutable<ProviderSnapshot>] = [:]
    var sessions = SessionCache()
    var cookieMemo = CredentialMemo(.cookie)
    var bearerMemo = CredentialMemo(.authorization)
    private(set) var signIn: SignIn!

    /// Requests that wait for an actor's answer. Whoever has left is not here any more.
    private var waiting: [ExchangeID: RequestContext] = [:]
    let counters: Counters
    private let accessLog: LogWriter
    private var flushIsDue = false

    /// - Parameter old: what it takes the place of: origins whose settings are the same go on with their connections.
    init(_ thread: WorkerThread, shared: Shared, continuing old: Worker? = nil) throws {
        self.thread = thread
        loop = thread.loop
        self.shared = shared
        counters = Counters(shared.metricLayout)
        accessLog = LogWriter(sink: shared.logs.access, format: shared.logs.format)
        var factory = OriginFactory(shared, thread: thread, counters: counters, continuing: old)
        (origins, apps) = try factory.makeAll()
        originWatches = factory.watches
        credentials = factory.credentials
        clients = factory.clients
        compressions = CompressionBudget(limit: shared.configuration.limits.compressions)
        signIn = SignIn(
            shared: shared, executor: loop.executor, worker: LoopBound(WeakWorker(self), to: loop.executor))
    }

    var server: Server { thread.server }
    /// By name.
    var listeners: [String: [Listener]] { thread.listeners }
    /// What was ended before its time.
    var revocations: RevocationList { thread.revocations }
    var revocationsVersion: UInt64 { thread.revocationsVersion }

    /// Takes the place of `old`: what goes on is its own from here.
    func takeOver(from old: Worker) {
        old.collect()
        for (index, name) in shared.metricLayout.names.origins.enumerated() {
            originWatches[name]?.count(in: counters, at: index)
        }
        for watch in originWatches.values { watch.follow(clients[watch.name]) }
        for (name, client) in old.clients where clients[name] !== client { client.retire() }
        // For the little that is still under way there.
        (old.sessions, old.cookieMemo, old.bearerMemo) = (
            SessionCache(), CredentialMemo(.cookie, places: 1), CredentialMemo(.authorization, places: 1)
        )
    }

    /// Brings the counters up to date with what others count.
    func collect() {
        for watch in originWatches.values { watch.collect() }
        let lookups = sessions.takeLookups()
        counters.add(Int64(lookups.hits), to: .sessionLookups, CacheLookup.hit)
        counters.add(Int64(lookups.misses), to: .sessionLookups, CacheLookup.miss)
        counters.set(.sessionsKnown, to: Int64(sessions.count))
    }

    /// What it has counted, and the thread has, for whoever adds it up.
    var metrics: MetricSnapshot { thread.metrics }

    func count(_ step: SignInStep, at provider: String?) { counters.add(to: .signIns, index(of: provider), step) }

    func count(_ check: TokenCheck, at provider: String) { counters.add(to: .tokenChecks, index(of: provider), check) }

    /// A provider's place in its label; 0 for none.
    private func index(of provider: String?) -> Int {
        provider.flatMap { shared.metricLayout.names.providers.firstIndex(of: $0) } ?? 0
    }

    /// What an origin's requests are signed with from now on.
    func use(_ new: Credentials, for origin: String) { credentials[origin]?.value = new }

    func flushLog() { accessLog.flush() }

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
        thread.decisions.add(Decision(record, status: record.status, outcome: record.outcome))
        log(record)
    }

    func didExceed(_ limit: CloseReason, _ peer: SocketAddress, listener: String) {
        thread.excesses.note(limit, peer, listener: listener)
    }

    func handshakeFailed(_ error: TLSError, on connection: ConnectionInfo) {
        guard !error.isCertificateFault else {
            return thread.excesses.note(error, peer: connection.peerText, listener: connection.listener)
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
        loop.defer { [self] in
            flushIsDue = false
            accessLog.flush()
        }
    }
}

/// Does not keep the worker: whoever waits for an answer does, and where nobody does any more there is nothing to say.
final class WeakWorker {
    private(set) weak var worker: Worker?

    init(_ worker: Worker) { self.worker = worker }
}
