import HTTP
import Origins
import Posix
import Reactor
import Settings
import TLS
import Telemetry
import Transport

/// The main thread's world: signals, the admin listener, providers, and how the workers come and go.
final class Control {
    let loop: EventLoop
    /// What is in use: exchanged by a reload.
    var shared: Shared
    let server: Server
    private let signals: SignalReader
    let expectedWorkers: Int
    let manager: ServiceManager
    private var watchdog: Watchdog?
    /// The process's own metrics, beside the workers'.
    var counters: Counters
    private let build: BuildInfo
    var snapshots: [String: Immutable<ProviderSnapshot>] = [:]
    private(set) var workers: [WorkerHandle] = []
    var certificates: CertificateWatch?
    /// Whether what was ended is kept on disk; nil before the first try.
    var areRevocationsKept: Bool?
    private(set) var statuses: CertificateStatuses!
    /// Workers that could not start, and will never register.
    private var failedWorkers = 0
    /// Another instance may be serving: it is not relieved before each provider has been looked at once, however long
    /// that takes.
    var waitsForProviders = false
    /// How long nothing is served, until providers have been looked at and credentials looked for once, whether or not
    /// that succeeded: who was signed in before a restart is so after it. What is not there may not answer at all. So long
    /// a reload waits for those that are new.
    static let startPatience = Nanoseconds.seconds(3)
    private var isPatient = true
    private var isOpening = false
    private(set) var openWorkers = 0
    private var waitingAdminSockets: [ListeningSockets.Bound] = []
    /// Where commands ask. It is opened once this serves, where another instance may be serving until then.
    var adminSocket: AdminSocket?
    /// Each with the address from the config.
    var adminListeners: [(address: ListenAddress, listener: Listener)] = []
    private(set) var isDraining = false
    private var isStopping = false
    private var drained: [WorkerHandle] = []
    /// What ended the daemon before its time.
    private(set) var failure: StartFailure?
    let startedAt: Int64
    /// When the config was taken into use, in Unix seconds.
    var configuredAt: Int64
    var reloads: Reloads

    init(
        loop: EventLoop, shared: Shared, workers: Int, signals: consuming SignalFD, manager: ServiceManager,
        build: BuildInfo, reloads: Reloads
    ) throws(SystemError) {
        self.loop = loop
        self.reloads = reloads
        startedAt = loop.wallSeconds
        configuredAt = startedAt
        self.manager = manager
        self.shared = shared
        self.build = build
        expectedWorkers = workers
        counters = Counters(shared.metricLayout)
        server = Server(loop: loop)
        self.signals = try SignalReader(signals, loop: loop)
        loop.turnEnded = { [unowned self] in
            counters.observe($0.microseconds, in: .loopLag, LoopKind.control.index)
        }
    }

    /// This object as other threads may hold it.
    var handle: ControlHandle { ControlHandle(executor: loop.executor, control: LoopBound(self, to: loop.executor)) }

    func serveAdmin(on sockets: [ListeningSockets.Bound]) throws(SystemError) {
        waitingAdminSockets = sockets.filter(\.waits)
        for socket in sockets where !socket.waits { adminListeners.append((socket.address, try listen(on: socket))) }
    }

    /// - Parameter isHeld: it does not accept before it is told to.
    func listen(on socket: ListeningSockets.Bound, isHeld: Bool = false) throws(SystemError) -> Listener {
        try server.listen(
            on: socket.open(), sharing: socket.sharing, handler: AdminHandler(control: self), name: socket.name,
            isHeld: isHeld)
    }

    func watchCertificates() {
        let handle = handle
        let statuses = CertificateStatuses(loop: LoopBound(loop, to: loop.executor), events: shared.events) {
            listener, succeeded in
            let control = handle.control.value
            let index = control.shared.metricLayout.names.listeners.firstIndex(of: listener) ?? 0
            control.counters.add(to: .ocspResponses, index, succeeded ? MetricResult.ok : .failed)
        }
        self.statuses = statuses
        for (listener, context) in shared.contexts { statuses.follow(context, of: listener) }
        certificates = certificateWatch(of: shared)
    }

    func certificateWatch(of shared: Shared) -> CertificateWatch {
        CertificateWatch(
            shared.configuration.listeners, contexts: shared.contexts, loop: loop, events: shared.events
        ) { [unowned self] listener, context in
            // Not before its OCSP response has been asked for: some clients would not take it without.
            statuses.follow(context, of: listener) { [unowned self] in
                guard statuses.isCurrent(context, of: listener) else { return }
                for worker in workers { worker.send { $0.listeners[listener]?.forEach { $0.tls = context } } }
            }
        }
    }

    func start() {
        certificates?.start()
        signals.receive = { [unowned self] in received($0) }
        for provider in shared.providers.values { start(provider) }
        for keeper in shared.keepers { start(keeper) }
        loop.schedule(after: Self.startPatience) { [unowned self] in
            isPatient = false
            openIfDue()
        }
    }

    func start(_ provider: Provider) {
        let handle = handle, name = provider.settings.name
        provider.assumeIsolated {
            $0.start {
                handle.control.value.publish($0, of: provider)
            } count: {
                handle.control.value.count($0, of: name)
            }
        }
    }

    func start(_ keeper: CredentialKeeper) {
        let handle = handle
        keeper.start { keeper in
            await keeper.run { handle.control.value.publish($0, $1, of: keeper) }
        }
    }

    // MARK: Workers

    func register(_ worker: WorkerHandle) {
        workers.append(worker)
        let snapshots = snapshots
        let credentials = shared.latestCredentials
        worker.send { worker in
            worker.providers = snapshots
            for (origin, credentials) in credentials { worker.use(credentials, for: origin) }
        }
        shared.revocations.assumeIsolated { $0.register(worker) }
        openIfDue()
        goDownIfDue()
    }

    /// Once all workers are here, and what they need to serve.
    private func openIfDue() {
        guard !isOpening, !isDraining, workers.count == expectedWorkers,
            !(isPatient || waitsForProviders) || snapshots.count == shared.providers.count,
            !isPatient || shared.keepers.allSatisfy({ $0.assumeIsolated { $0.status.hasTried } })
        else { return }
        isOpening = true
        let handle = handle
        for worker in workers {
            worker.sendThread { worker in
                do throws(SystemError) {
                    try worker.open()
                    handle.send { $0.workerIsOpen() }
                } catch {
                    handle.send { $0.openingFailed(error) }
                }
            }
        }
    }

    private func workerIsOpen() {
        openWorkers += 1
        guard openWorkers == expectedWorkers, !isDraining else { return }
        do throws(SystemError) {
            for socket in waitingAdminSockets { adminListeners.append((socket.address, try listen(on: socket))) }
            adminSocket?.follow(self)
        } catch {
            return openingFailed(error)
        }
        shared.events.info("serving", metadata: ["workers": "\(expectedWorkers)"])
        manager.tell("READY=1", "STATUS=serving")
        beginReload()
        if let patience = manager.watchdog { watch(patience) }
    }

    private func watch(_ patience: Nanoseconds) {
        let watchdog = Watchdog(
            loop: loop, watching: workers.map(\.executor), patience: patience,
            tell: { [unowned self] in manager.tell("WATCHDOG=1") },
            isLate: { [unowned self] missing in
                shared.events.error(
                    "workers do not answer: unless they do, the service manager starts this process anew",
                    metadata: ["workers": "\(missing.count)", "of": "\(expectedWorkers)"])
            })
        self.watchdog = watchdog
        watchdog.start()
    }

    private func openingFailed(_ error: SystemError) {
        failure = failure ?? StartFailure("a socket could not be listened on: \(error)")
        if !isDraining { drain() }
    }

    func workerFailed(_ failure: StartFailure) {
        self.failure = failure
        failedWorkers += 1
        if isDraining { goDownIfDue() } else { drain() }
    }

    /// A provider's keys or metadata changed: every worker gets them.
    private func publish(_ snapshot: ProviderSnapshot, of provider: Provider) {
        let name = snapshot.name
        guard shared.providers[name] === provider else { return commitIfDue() }
        let published = Immutable(snapshot)
        snapshots[name] = published
        for worker in workers { worker.send { $0.providers[name] = published } }
        openIfDue()
    }

    func count(_ incident: ProviderIncident, of provider: String) {
        guard let index = shared.metricLayout.names.providers.firstIndex(of: provider) else {
            return reloads.hold(incident, of: provider)
        }
        switch incident {
        case .keySetFetch(let result): counters.add(to: .keySetFetches, index, result)
        case .request(let result, let span):
            counters.add(to: .providerRequests, index, result)
            counters.observe(span.microseconds, in: .providerDuration, index)
        case .tokenCheck(let check): counters.add(to: .tokenChecks, index, check)
        case .renewal(let outcome): counters.add(to: .sessionRenewals, index, outcome)
        }
    }

    /// Credentials were looked for.
    private func publish(_ credentials: Credentials?, _ succeeded: Bool, of keeper: CredentialKeeper) {
        let names = shared.metricLayout.names.origins
        let origins = shared.credentialKeepers.filter { $0.value === keeper }.map(\.key)
        guard !origins.isEmpty else { return commitIfDue() }
        for origin in origins {
            counters.add(
                to: .credentialLoads, names.firstIndex(of: origin) ?? 0, succeeded ? MetricResult.ok : .failed)
        }
        if let credentials {
            for worker in workers { worker.send { worker in origins.forEach { worker.use(credentials, for: $0) } } }
        }
        openIfDue()
    }

    // MARK: What the admin listener tells

    var readiness: ReadinessReport {
        ReadinessReport(
            providers: shared.configuration.providers.map { ($0.name, snapshots[$0.name]?.value.keys != nil) },
            origins: shared.configuration.origins.map { ($0.name, state(ofOrigin: $0.name)) },
            areRevocationsKept: areRevocationsKept != false, isDraining: isDraining || openWorkers < expectedWorkers)
    }

    private func state(ofOrigin name: String) -> ReadinessReport.OriginState {
        guard let status = shared.credentialKeepers[name]?.assumeIsolated({ $0.status }) else { return .ready }
        guard status.latest?.holds(at: loop.wallSeconds) == true else { return .unready }
        return status.isFailing ? .degraded : .ready
    }

    /// Asks every worker for its counters, and calls `done` with all of them added up, as Prometheus reads it.
    func collectMetrics(_ done: @escaping ([UInt8]) -> Void) {
        counters.set(.ready, to: readiness.isReady ? 1 : 0)
        counters.set(.workers, to: Int64(workers.count))
        counters.set(.startTime, to: startedAt)
        counters.set(.configTime, to: configuredAt)
        for (index, listener) in shared.metricLayout.names.listeners.enumerated() where index > 0 {
            counters.set(.ocspMissing, index, to: Int64(statuses.missing(of: listener, now: loop.wallSeconds)))
        }
        for log in LogKind.allCases {
            counters.set(.logLinesDropped, log.index, to: Int64(clamping: shared.logs.droppedLines(log)))
        }
        let (count, overflows) = shared.revocations.assumeIsolated { ($0.count, $0.overflows) }
        counters.set(.revocations, to: Int64(count))
        counters.set(.revocationOverflows, to: Int64(overflows))
        counters.set(.revocationsKept, to: areRevocationsKept == true ? 1 : 0)
        for (index, provider) in shared.configuration.providers.enumerated() {
            let seen = snapshots[provider.name].map(\.value.keysSeenAt).flatMap { $0 > 0 ? $0 : nil }
            counters.set(.keySetAge, index + 1, to: max(0, loop.wallSeconds - (seen ?? startedAt)))
        }
        for (index, origin) in shared.configuration.origins.enumerated() {
            guard let status = shared.credentialKeepers[origin.name]?.assumeIsolated({ $0.status }) else { continue }
            let index = index + 1
            counters.set(.credentialsExpire, index, to: status.latest?.expiresAt ?? 0)
            counters.set(
                .credentialsValid, index, to: status.latest?.holds(at: loop.wallSeconds) == true ? 1 : 0)
        }
        let gathering = LoopBound(
            MetricsGathering(counters.snapshot, build: build, expected: workers.count, done: done), to: loop.executor)
        let executor = loop.executor
        for worker in workers {
            worker.send { worker in
                let snapshot = worker.metrics
                executor.execute { gathering.value.add(snapshot) }
            }
        }
    }

    /// Those who answer.
    var liveWorkers: [WorkerHandle] {
        workers.filter { worker in !drained.contains { $0.executor === worker.executor } }
    }

    // MARK: Going down

    private func received(_ signal: Signal) {
        switch signal {
        case .terminate, .interrupt:
            if isDraining { stopAtOnce() } else { drain() }
        case .user1:
            reopenLogs()
        case .hangUp:
            reload()
        }
    }

    private func reopenLogs() {
        do throws(SystemError) {
            guard let path = try shared.logs.reopen() else {
                return shared.events.info("SIGUSR1: the access log is no file, and there is nothing to open again")
            }
            shared.events.info("SIGUSR1: the access log was opened again", metadata: ["path": "\(path)"])
        } catch {
            shared.events.error(
                "SIGUSR1: the access log could not be opened again, and goes on in the old file",
                metadata: ["reason": "\(error)"])
        }
    }

    /// Goes down: as at the first SIGTERM.
    func drain() {
        guard !isDraining else { return }
        isDraining = true
        shared.events.info("draining: no new connections, what runs is finished")
        manager.tell("STOPPING=1", "STATUS=draining")
        // From now on the manager has another limit, and loops end one by one.
        watchdog?.end()
        // Whoever asks there is answered by the other instance, which is here to stay.
        for (_, listener) in adminListeners { listener.leaveIfShared() }
        beginReload()
        commitIfDue()
        goDownIfDue()
    }

    /// A second signal: what still runs is cut.
    private func stopAtOnce() {
        isStopping = true
        goDownIfDue()
    }

    /// Tells the workers once all are here, so that none is left behind.
    private func goDownIfDue() {
        guard isDraining, workers.count + failedWorkers == expectedWorkers else { return }
        if isStopping || workers.isEmpty {
            for worker in workers { worker.send { $0.loop.stop() } }
            return loop.stop()
        }
        let time = Nanoseconds(shared.configuration.limits.drainTimeout.nanoseconds), handle = handle
        for one in workers {
            one.send { worker in
                worker.server.drain(hardStopAfter: time) { handle.send { $0.workerHasDrained(one) } }
            }
        }
    }

    /// Its loop ends after the messages that were sent to it before, so that nobody waits for an answer of its for ever.
    private func workerHasDrained(_ worker: WorkerHandle) {
        shared.revocations.assumeIsolated { $0.unregister(worker) }
        worker.send { $0.loop.stop() }
        drained.append(worker)
        if drained.count == workers.count { loop.stop() }
    }
}

/// The control loop as seen from other threads: something to send messages to.
struct ControlHandle: Sendable {
    let executor: LoopExecutor
    let control: LoopBound<Control>

    func send(_ message: @escaping @Sendable (Control) -> Void) {
        let control = control
        executor.execute { message(control.value) }
    }
}

/// Signals, as they come out of their descriptor.
private final class SignalReader: ReadinessHandler {
    var receive: (Signal) -> Void = { _ in }
    private let signals: SignalFD
    private var registration: Registration?

    init(_ signals: consuming SignalFD, loop: EventLoop) throws(SystemError) {
        self.signals = signals
        registration = try loop.register(self.signals.descriptor, self)
    }

    func ready(_ readiness: Readiness) {
        while let signal = signals.next() { receive(signal) }
    }

    func deadlineReached() {}
}
