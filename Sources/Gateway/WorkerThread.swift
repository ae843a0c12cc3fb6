import HTTP
import Origins
import Posix
import Reactor
import Sessions
import Settings
import TLS
import Telemetry
import Transport

/// One thread's whole world: its loop, its server with listeners and connections, and what it knows and has counted over
/// all reloads. Who answers requests is the worker of the time.
final class WorkerThread {
    let loop: EventLoop
    let server: Server
    let resolver: Resolver
    let excesses: ExcessLog

    private(set) var current: Worker!
    /// What a reload has made ready.
    private var next: (worker: Worker, listeners: [(ListenAddress, Listener)])?

    /// What was ended before its time.
    var revocations = RevocationList() {
        didSet { revocationsVersion &+= 1 }
    }
    /// Another one for each change of the list: what was looked up in the same one need not be looked up again.
    private(set) var revocationsVersion: UInt64 = 1

    /// The latest answers that showed a reference.
    var decisions: Decisions

    /// By name.
    private(set) var listeners: [String: [Listener]] = [:]
    /// Where they listen.
    private var addresses: [ListenAddress: [Listener]] = [:]
    /// Those that have gone, and have connections still.
    private var leaving: [Listener] = []
    /// What is not listened on yet.
    private var waitingSockets: [ListeningSockets.Bound] = []

    /// What was counted by listeners that are no more, by their names.
    private var counted: [String: ServerCounters] = [:]
    /// The counters of earlier workers, which may have something under way.
    private var earlier: [(counters: Counters, worker: WeakWorker)] = []
    /// What those have counted that are no more.
    private var remains: MetricSnapshot

    private init(loop: EventLoop, shared: Shared) throws {
        self.loop = loop
        server = Server(loop: loop)
        resolver = Resolver(loop: loop)
        excesses = ExcessLog(loop: loop, events: shared.events)
        remains = MetricSnapshot(shared.metricLayout)
        decisions = Decisions(limit: shared.configuration.limits.decisions)
        current = try Worker(self, shared: shared)
        for watch in current.originWatches.values { watch.follow(current.clients[watch.name]) }
        use(shared)
        loop.turnEnded = { [unowned self] in
            current.counters.observe($0.microseconds, in: .loopLag, LoopKind.worker.index)
        }
    }

    /// A worker thread's whole life.
    static func run(shared: Shared, sockets: [ListeningSockets.Bound], control: ControlHandle) {
        do {
            let loop = try EventLoop()
            let thread = try WorkerThread(loop: loop, shared: shared)
            thread.waitingSockets = sockets.filter(\.waits)
            for socket in sockets where !socket.waits {
                thread.add(try thread.listen(on: socket, isHeld: true), socket.address)
            }
            let handle = WorkerHandle(executor: loop.executor, thread: LoopBound(thread, to: loop.executor))
            control.send { $0.register(handle) }
            loop.run()
            thread.current.flushLog()
        } catch {
            let failure = StartFailure("a worker could not start: \(error)")
            control.send { $0.workerFailed(failure) }
        }
    }

    /// Serves who has come, and whoever comes; listens where another instance may be serving too.
    func open() throws(SystemError) {
        for listener in listeners.values.joined() { listener.begin() }
        let sockets = waitingSockets
        waitingSockets = []
        for socket in sockets { add(try listen(on: socket), socket.address) }
    }

    private func listen(
        on socket: ListeningSockets.Bound, for worker: Worker? = nil, isHeld: Bool = false
    ) throws(SystemError) -> Listener {
        let worker = worker ?? current!
        let listener = try server.listen(
            on: socket.open(), sharing: socket.sharing, tls: socket.tls,
            limits: ServerLimits(worker.shared.configuration.limits), handler: worker, name: socket.name,
            isHeld: isHeld)
        listener.expectsProxyHeader = socket.hasProxyHeaders
        return listener
    }

    private func add(_ listener: Listener, _ address: ListenAddress) {
        listeners[listener.name, default: []].append(listener)
        addresses[address, default: []].append(listener)
    }

    /// Takes in what was ended.
    func revoke(_ new: [Revocation]) {
        for revocation in new { revocations.insert(revocation, now: loop.wallSeconds) }
    }

    // MARK: Reload

    /// Makes ready whatever may fail: after that only `adopt` or `discard` is left.
    ///
    /// - Parameter sockets: those of listeners that are new.
    func prepare(_ shared: Shared, sockets: [ListeningSockets.Bound]) throws {
        let worker = try Worker(self, shared: shared, continuing: current)
        var opened: [(ListenAddress, Listener)] = []
        do throws(SystemError) {
            for socket in sockets { opened.append((socket.address, try listen(on: socket, for: worker, isHeld: true))) }
        } catch {
            for (_, listener) in opened { listener.discard() }
            throw error
        }
        next = (worker, opened)
    }

    /// Nothing comes of the reload.
    func discard() {
        for (_, listener) in next?.listeners ?? [] { listener.discard() }
        next = nil
    }

    /// Goes over to what was made ready: whatever is asked from now on is answered by it. What has begun is not touched.
    func adopt(_ providers: [String: Immutable<ProviderSnapshot>], _ credentials: [(origin: String, Credentials)]) {
        guard let (worker, opened) = next else { return }
        next = nil
        let old = current!
        worker.providers = providers
        for (origin, credentials) in credentials { worker.use(credentials, for: origin) }
        worker.takeOver(from: old)
        foldEarlier()
        earlier.append((old.counters, WeakWorker(old)))
        remains = remains.mapped(to: worker.shared.metricLayout)
        current = worker
        use(worker.shared)
        let settings = worker.shared.configuration.listeners
        for (address, gone) in addresses where !settings.contains(where: { $0.address == address }) {
            retire(gone, at: address)
        }
        for one in settings { for listener in addresses[one.address] ?? [] { change(listener, to: one) } }
        for listener in leaving { listener.handler = worker }
        listeners = [:]
        let kept = addresses
        addresses = [:]
        for (address, sockets) in kept { for listener in sockets { add(listener, address) } }
        for (address, listener) in opened {
            add(listener, address)
            listener.begin()
        }
    }

    private func use(_ shared: Shared) {
        decisions.limit = shared.configuration.limits.decisions
        server.census = shared.census
        server.isTrustedProxy = {
            if case .unix = $0 { true } else { RequestSource.contains(shared.configuration.trustedProxies, $0.ipBytes) }
        }
    }

    private func change(_ listener: Listener, to settings: ListenerSettings) {
        if listener.name != settings.name {
            counted[listener.name, default: ServerCounters()].add(listener.takeCounters())
            listener.name = settings.name
        }
        listener.tls = current.shared.contexts[settings.name]
        listener.limits = ServerLimits(current.shared.configuration.limits)
        listener.expectsProxyHeader = settings.proxyProtocol
        listener.handler = current
    }

    private func retire(_ gone: [Listener], at address: ListenAddress) {
        addresses[address] = nil
        let time = Nanoseconds(current.shared.configuration.limits.drainTimeout)
        for listener in gone {
            leaving.append(listener)
            server.retire(listener, hardStopAfter: time)
        }
    }

    // MARK: Metrics

    /// What was counted on this thread, for whoever adds it up.
    var metrics: MetricSnapshot {
        foldEarlier()
        for (index, name) in current.shared.metricLayout.names.listeners.enumerated() { collect(name, index) }
        current.collect()
        var sum = current.counters.snapshot
        sum.merge(remains)
        for one in earlier { sum.merge(one.counters.remains) }
        return sum
    }

    /// Puts away what earlier workers have counted that have nothing under way any more.
    private func foldEarlier() {
        for one in earlier where one.worker.worker == nil { remains.merge(one.counters.remains) }
        earlier.removeAll { $0.worker.worker == nil }
        for listener in leaving where listener.isOver {
            counted[listener.name, default: ServerCounters()].add(listener.takeCounters())
        }
        leaving.removeAll(where: \.isOver)
    }

    private func collect(_ name: String, _ index: Int) {
        let sockets = (listeners[name] ?? []) + leaving.filter { $0.name == name }
        guard !sockets.isEmpty || counted[name] != nil else { return }
        let counters = current.counters
        var counted = counted[name] ?? ServerCounters()
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
}
