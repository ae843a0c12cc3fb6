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
    let shared: Shared
    let server: Server
    private let signals: SignalReader
    let expectedWorkers: Int
    private let manager: ServiceManager
    private var watchdog: Watchdog?
    /// The process's own metrics, beside the workers'.
    private let counters: Counters
    private let build: BuildInfo
    private(set) var snapshots: [String: Immutable<ProviderSnapshot>] = [:]
    private(set) var workers: [WorkerHandle] = []
    private var certificates: CertificateWatch?
    /// Whether what was ended is kept on disk; nil before the first try.
    var areRevocationsKept: Bool?
    private var statuses: CertificateStatuses?
    /// Workers that could not start, and will never register.
    private var failedWorkers = 0
    /// Before it listens where another instance may be serving, each provider is looked at once, whether or not that
    /// succeeds: what was served there is served on.
    var waitsForProviders = false
    /// How long it is not told that this serves, until credentials have been looked for once. A metadata service that is
    /// not there does not answer at all.
    private static let credentialPatience = Nanoseconds.seconds(3)
    private var waitsForCredentials = true
    private var isOpening = false
    private(set) var openWorkers = 0
    private var waitingAdminSockets: [ListeningSockets.Bound] = []
    /// Opened once this serves, where another instance may be serving until then.
    var adminSocket: AdminSocket?
    /// When it began, in Unix seconds.
    let startedAt: Int64
    /// Those of the admin listeners that another instance may have, too.
    private var sharedAdminListeners: [Listener] = []
    private(set) var isDraining = false
    private var isStopping = false
    private var drained = 0
    /// What ended the daemon before its time.
    private(set) var failure: StartFailure?

    init(
        loop: EventLoop, shared: Shared, workers: Int, signals: consuming SignalFD, manager: ServiceManager,
        build: BuildInfo
    ) throws(SystemError) {
        self.loop = loop
        self.manager = manager
        self.shared = shared
        self.build = build
        expectedWorkers = workers
        counters = Counters(shared.metricLayout)
        startedAt = loop.wallSeconds
        counters.set(.startTime, to: startedAt)
        server = Server(loop: loop)
        let counters = counters
        loop.turnEnded = { counters.observe($0.microseconds, in: .loopLag, LoopKind.control.index) }
        self.signals = try SignalReader(signals, loop: loop)
    }

    /// This object as other threads may hold it.
    var handle: ControlHandle { ControlHandle(executor: loop.executor, control: LoopBound(self, to: loop.executor)) }

    func serveAdmin(on sockets: [ListeningSockets.Bound]) throws(SystemError) {
        waitingAdminSockets = sockets.filter(\.waits)
        for socket in sockets where !socket.waits { _ = try listen(on: socket) }
    }

    private func listen(on socket: ListeningSockets.Bound) throws(SystemError) -> Listener {
        try server.listen(
            on: socket.open(), sharing: socket.sharing, handler: AdminHandler(control: self), name: socket.name)
    }

    /// - Parameter contexts: what the listeners begin with, by name.
    func watchCertificates(_ contexts: [String: TLSServerContext]) {
        let handle = handle, names = shared.metricLayout.names.listeners
        let statuses = CertificateStatuses(loop: LoopBound(loop, to: loop.executor), events: shared.events) {
            listener, succeeded in
            handle.control.value.counters.add(
                to: .ocspResponses, names.firstIndex(of: listener) ?? 0, succeeded ? MetricResult.ok : .failed)
        }
        self.statuses = statuses
        for (listener, context) in contexts { statuses.follow(context, of: listener) }
        certificates = CertificateWatch(
            shared.configuration.listeners, contexts: contexts, loop: loop, events: shared.events
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
        let handle = handle
        for provider in shared.providers.values {
            let name = provider.settings.name
            provider.assumeIsolated {
                $0.start {
                    handle.control.value.publish($0)
                } count: {
                    handle.control.value.count($0, of: name)
                }
            }
        }
        for keeper in keepers {
            keeper.start { keeper in
                await keeper.run { handle.control.value.publish($0, for: keeper.origins) }
            }
        }
        loop.schedule(after: Self.credentialPatience) { [unowned self] in
            waitsForCredentials = false
            openIfDue()
        }
    }

    // MARK: Workers

    func register(_ worker: WorkerHandle) {
        workers.append(worker)
        let snapshots = snapshots
        let credentials = keepers.compactMap { keeper in
            keeper.assumeIsolated { $0.status.latest }.map { (origins: keeper.origins, credentials: $0) }
        }
        worker.send { worker in
            worker.providers = snapshots
            for (origins, credentials) in credentials { origins.forEach { worker.use(credentials, for: $0) } }
        }
        shared.revocations.assumeIsolated { $0.register(worker) }
        openIfDue()
        goDownIfDue()
    }

    /// Once all workers are here, and what they need to serve.
    private func openIfDue() {
        guard !isOpening, !isDraining, workers.count == expectedWorkers,
            !waitsForProviders || snapshots.count == shared.providers.count,
            !waitsForCredentials || keepers.allSatisfy({ $0.assumeIsolated { $0.status.hasTried } })
        else { return }
        isOpening = true
        let handle = handle
        for worker in workers {
            worker.send { worker in
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
            for socket in waitingAdminSockets { sharedAdminListeners.append(try listen(on: socket)) }
            adminSocket?.open(for: self)
        } catch {
            return openingFailed(error)
        }
        shared.events.info("serving", metadata: ["workers": "\(expectedWorkers)"])
        manager.tell("READY=1", "STATUS=serving")
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
    private func publish(_ snapshot: ProviderSnapshot) {
        let name = snapshot.name, published = Immutable(snapshot)
        snapshots[name] = published
        for worker in workers { worker.send { $0.providers[name] = published } }
        openIfDue()
    }

    private func count(_ incident: ProviderIncident, of provider: String) {
        let index = shared.metricLayout.names.providers.firstIndex(of: provider) ?? 0
        switch incident {
        case .keySetFetch(let result): counters.add(to: .keySetFetches, index, result)
        case .request(let result, let span):
            counters.add(to: .providerRequests, index, result)
            counters.observe(span.microseconds, in: .providerDuration, index)
        case .tokenCheck(let check): counters.add(to: .tokenChecks, index, check)
        }
    }

    /// Credentials were looked for.
    private func publish(_ credentials: Credentials?, for origins: [String]) {
        if let credentials {
            for worker in workers { worker.send { worker in origins.forEach { worker.use(credentials, for: $0) } } }
        }
        openIfDue()
    }

    /// Each once.
    private var keepers: [CredentialKeeper] {
        shared.credentialKeepers.filter { $0.key == $0.value.origins[0] }.map(\.value)
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
        if let statuses {
            for (index, listener) in shared.metricLayout.names.listeners.enumerated() where index > 0 {
                counters.set(.ocspMissing, index, to: Int64(statuses.missing(of: listener, now: loop.wallSeconds)))
            }
        }
        for log in LogKind.allCases {
            counters.set(.logLinesDropped, log.index, to: Int64(clamping: shared.logs.droppedLines(log)))
        }
        let (count, overflows) = shared.revocations.assumeIsolated { ($0.count, $0.overflows) }
        counters.set(.revocations, to: Int64(count))
        counters.set(.revocationOverflows, to: Int64(overflows))
        counters.set(.revocationsKept, to: areRevocationsKept == true ? 1 : 0)
        for (index, provider) in shared.configuration.providers.enumerated() {
            let counts = shared.providers[provider.name]?.assumeIsolated { $0.renewals.counts } ?? [:]
            let seen = snapshots[provider.name].map(\.value.keysSeenAt).flatMap { $0 > 0 ? $0 : nil }
            counters.set(.keySetAge, index + 1, to: max(0, loop.wallSeconds - (seen ?? startedAt)))
            for (outcome, count) in counts {
                counters.set(.sessionRenewals, index + 1, outcome.index, to: Int64(count))
            }
        }
        for (index, origin) in shared.configuration.origins.enumerated() {
            guard let status = shared.credentialKeepers[origin.name]?.assumeIsolated({ $0.status }) else { continue }
            let index = index + 1
            counters.set(.credentialLoads, index, MetricResult.ok.index, to: Int64(status.loaded))
            counters.set(.credentialLoads, index, MetricResult.failed.index, to: Int64(status.failed))
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

    // MARK: Going down

    private func received(_ signal: Signal) {
        switch signal {
        case .terminate, .interrupt:
            if isDraining { stopAtOnce() } else { drain() }
        case .user1:
            reopenLogs()
        case .hangUp:
            shared.events.warning(
                "SIGHUP: reloading is not available yet, and nothing was changed; restart to apply a config")
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
        for listener in sharedAdminListeners { listener.leave() }
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
        drained += 1
        if drained == workers.count { loop.stop() }
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
