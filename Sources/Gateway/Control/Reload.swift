import Logging
import Posix
import Reactor
import Settings
import TLS
import Telemetry
import Transport

/// What came of a reload.
package struct ReloadResult: Sendable {
    /// The new config is in use, by every worker; else nothing was changed.
    package let isApplied: Bool
    /// What speaks against the config, or is to be looked at nevertheless.
    package let faults: [Fault]
}

/// What reloads are made of, and who waits for them.
struct Reloads {
    /// Reads the config and holds it against all that can be known of it beforehand. Blocks.
    let load: @Sendable () -> (configuration: Configuration?, faults: [Fault])
    let environment: [String: String]
    let descriptors: Int

    /// For the next one.
    fileprivate var waiting: [(ReloadResult) -> Void] = []
    /// For the one that is under way.
    fileprivate var running: [(ReloadResult) -> Void]?
    fileprivate var preparation: Preparation?

    init(
        environment: [String: String], descriptors: Int,
        load: @escaping @Sendable () -> (configuration: Configuration?, faults: [Fault])
    ) {
        self.load = load
        self.environment = environment
        self.descriptors = descriptors
    }

    /// Counts it once the provider is in use.
    func hold(_ incident: ProviderIncident, of provider: String) {
        preparation?.incidents.append((incident, provider))
    }
}

/// A config on its way into use: everything is there, and nobody has it yet.
private final class Preparation {
    let shared: Shared
    let faults: [Fault]
    let certificates: CertificateWatch
    var adminListeners: [(address: ListenAddress, listener: Listener)] = []
    /// What is to be counted of providers that have no place among the metrics before they are in use.
    var incidents: [(ProviderIncident, provider: String)] = []
    /// Workers that have not answered yet.
    var missing: Int
    /// Why it comes to nothing.
    var failure: String?
    /// What is new has had its time to fetch keys and credentials.
    var isDue = false

    init(_ shared: Shared, faults: [Fault], certificates: CertificateWatch, workers: Int) {
        self.shared = shared
        self.faults = faults
        self.certificates = certificates
        missing = workers
    }
}

/// Takes the config anew, as a whole or not at all.
///
/// It is read beside the loop; what can fail is made ready, here and by every worker on its own thread; what is new has a
/// moment to fetch its keys. Then each worker goes over to it between two requests. What has begun ends by the config that
/// it began with.
extension Control {
    /// Reads the config again and takes it into use. One that is asked for while another is under way comes after it, once
    /// for all who ask.
    ///
    /// - Parameter done: called on the control loop.
    func reload(then done: @escaping (ReloadResult) -> Void = { _ in }) {
        reloads.waiting.append(done)
        beginReload()
    }

    /// Not before this instance serves, and not once it goes down.
    func beginReload() {
        guard reloads.running == nil, !reloads.waiting.isEmpty, isDraining || openWorkers == expectedWorkers else {
            return
        }
        reloads.running = reloads.waiting
        reloads.waiting = []
        guard !isDraining else { return refuseReload([fault("this instance is going down")]) }
        manager.tell(
            "RELOADING=1", "MONOTONIC_USEC=\(MonotonicTime.now().nanoseconds / 1000)", "STATUS=reading the config")
        let load = reloads.load, handle = handle
        do throws(SystemError) {
            try Thread.spawn(name: "config") {
                let (configuration, faults) = load()
                handle.send { $0.prepare(configuration, faults) }
            }
        } catch {
            refuseReload([fault("the config could not be read: \(error)")])
        }
    }

    // MARK: Made ready

    private func prepare(_ configuration: Configuration?, _ faults: [Fault]) {
        guard !isDraining else { return refuseReload([fault("this instance is going down")]) }
        guard let configuration else { return refuseReload(faults) }
        let fixed = FixedSettings.faults(from: shared.configuration, to: configuration, workers: expectedWorkers)
        guard fixed.isEmpty else { return refuseReload(faults + fixed) }
        do {
            try prepare(configuration, faults)
        } catch {
            refuseReload(faults + [fault("\(error)")])
        }
    }

    private func prepare(_ configuration: Configuration, _ faults: [Fault]) throws {
        let logs = try LogOutputs(configuration.log, continuing: shared.logs)
        let new = try Shared(
            configuration, contexts: try TLSContexts.servers(configuration, continuing: statuses.contexts),
            descriptors: reloads.descriptors, environment: reloads.environment, logs: logs, loop: loop,
            continuing: shared)
        let preparation = Preparation(
            new, faults: faults, certificates: certificateWatch(of: new), workers: workers.count)
        // The last that can fail here: whoever connects from now on waits.
        let sockets = try ListeningSockets(
            configuration, contexts: new.contexts, passed: .none, workers: workers.count, besides: shared.configuration)
        do throws(SystemError) {
            for socket in sockets.admin {
                preparation.adminListeners.append((socket.address, try listen(on: socket, isHeld: true)))
            }
        } catch {
            for (_, listener) in preparation.adminListeners { listener.discard() }
            throw error
        }
        reloads.preparation = preparation
        let handle = handle
        for (index, worker) in workers.enumerated() {
            let own = sockets.forWorker(index)
            worker.sendThread { thread in
                var failure: String?
                do { try thread.prepare(new, sockets: own) } catch { failure = "\(error)" }
                handle.send { [failure] in $0.workerIsPrepared(failure) }
            }
        }
    }

    private func workerIsPrepared(_ failure: String?) {
        guard let preparation = reloads.preparation else { return }
        preparation.missing -= 1
        preparation.failure = preparation.failure ?? failure
        guard preparation.missing == 0 else { return }
        if preparation.failure != nil { return commitIfDue() }
        // Sign-ins and buckets that are new are served at once where that can be had.
        for provider in preparation.shared.providers.values where !isInUse(provider) { start(provider) }
        for keeper in preparation.shared.keepers where !isInUse(keeper) { start(keeper) }
        loop.schedule(after: Self.startPatience) { [weak preparation] in
            preparation?.isDue = true
            self.commitIfDue()
        }
        commitIfDue()
    }

    private func isInUse(_ provider: Provider) -> Bool { shared.providers[provider.settings.name] === provider }

    private func isInUse(_ keeper: CredentialKeeper) -> Bool {
        shared.credentialKeepers.values.contains { $0 === keeper }
    }

    // MARK: Into use

    /// Once everything is there.
    func commitIfDue() {
        guard let preparation = reloads.preparation, preparation.missing == 0 else { return }
        if isDraining || preparation.failure != nil { return discard(preparation) }
        let new = preparation.shared
        guard
            preparation.isDue
                || new.providers.values.allSatisfy({ $0.assumeIsolated { $0.hasTried } })
                    && new.keepers.allSatisfy({ $0.assumeIsolated { $0.status.hasTried } })
        else { return }
        reloads.preparation = nil
        commit(preparation)
    }

    private func discard(_ preparation: Preparation) {
        reloads.preparation = nil
        for (_, listener) in preparation.adminListeners { listener.discard() }
        for worker in workers { worker.sendThread { $0.discard() } }
        for provider in preparation.shared.providers.values where !isInUse(provider) {
            provider.assumeIsolated { $0.stop() }
        }
        for keeper in preparation.shared.keepers where !isInUse(keeper) { keeper.assumeIsolated { $0.stop() } }
        refuseReload(
            preparation.faults + [fault(preparation.failure ?? "this instance is going down")])
    }

    private func commit(_ preparation: Preparation) {
        let old = shared, new = preparation.shared
        certificates?.stop()
        certificates = preparation.certificates
        certificates?.start()
        new.logs.takeEffect()
        shared = new
        counters = Counters(new.metricLayout, continuing: counters)
        for (incident, provider) in preparation.incidents { count(incident, of: provider) }
        changeActors(from: old)
        changeAdminListeners(preparation)
        statuses.keep(only: new.configuration.listeners.map(\.name))
        for (name, context) in new.contexts { statuses.follow(context, of: name) }

        let snapshots = snapshots, credentials = new.latestCredentials, handle = handle
        let waiting = Countdown(workers.count) { [self] in finishReload(preparation.faults) }
        let countdown = LoopBound(waiting, to: loop.executor)
        for worker in workers {
            worker.sendThread { thread in
                thread.adopt(snapshots, credentials)
                handle.send { _ in countdown.value.down() }
            }
        }
    }

    private func changeActors(from old: Shared) {
        let names = shared.metricLayout.names.origins
        for keeper in old.keepers where !isInUse(keeper) { keeper.assumeIsolated { $0.stop() } }
        for keeper in shared.keepers {
            let origins = shared.credentialKeepers.filter { $0.value === keeper }.map(\.key).sorted()
            guard old.credentialKeepers.values.contains(where: { $0 === keeper }) else {
                let status = keeper.assumeIsolated { $0.status }
                for origin in origins {
                    let index = names.firstIndex(of: origin) ?? 0
                    counters.add(Int64(status.loaded), to: .credentialLoads, index, MetricResult.ok)
                    counters.add(Int64(status.failed), to: .credentialLoads, index, MetricResult.failed)
                }
                continue
            }
            keeper.start { await $0.lookAgain(for: origins) }
        }
        for provider in old.providers.values where !isInUse(provider) { provider.assumeIsolated { $0.stop() } }
        var current: [String: Immutable<ProviderSnapshot>] = [:]
        for (name, provider) in shared.providers {
            let isKept = old.providers[name] === provider
            current[name] = isKept ? snapshots[name] : Immutable(provider.assumeIsolated { $0.snapshot })
        }
        snapshots = current
    }

    private func changeAdminListeners(_ preparation: Preparation) {
        let wanted = shared.configuration.admin?.address
        let time = Nanoseconds(shared.configuration.limits.drainTimeout)
        for (address, listener) in adminListeners where address != wanted {
            server.retire(listener, hardStopAfter: time)
        }
        adminListeners.removeAll { $0.address != wanted }
        adminListeners += preparation.adminListeners
        for (_, listener) in preparation.adminListeners { listener.begin() }
        adminSocket?.follow(self)
    }

    // MARK: Told

    private func finishReload(_ faults: [Fault]) {
        configuredAt = loop.wallSeconds
        shared.events.info("the config was read again, and is in use", metadata: Self.metadata(faults))
        shared.warn(descriptors: reloads.descriptors)
        endReload(ReloadResult(isApplied: true, faults: faults))
    }

    private func refuseReload(_ faults: [Fault]) {
        shared.events.error(
            "the config was read again, and does not hold: nothing was changed", metadata: Self.metadata(faults))
        endReload(ReloadResult(isApplied: false, faults: faults))
    }

    private func endReload(_ result: ReloadResult) {
        counters.add(to: .reloads, result.isApplied ? MetricResult.ok : .failed)
        let callers = reloads.running ?? []
        reloads.running = nil
        if !isDraining {
            manager.tell("READY=1", result.isApplied ? "STATUS=serving" : "STATUS=serving; the last reload was refused")
        }
        for done in callers { done(result) }
        beginReload()
    }

    private func fault(_ message: String) -> Fault {
        Fault(.error, file: shared.configuration.file, line: nil, message: message, remedy: "")
    }

    private static func metadata(_ faults: [Fault]) -> Logger.Metadata {
        faults.isEmpty ? [:] : ["faults": .array(faults.prefix(20).map { "\($0.description)" })]
    }
}

/// What a running process cannot change.
enum FixedSettings {
    /// - Parameter workers: how many there are.
    static func faults(from old: Configuration, to new: Configuration, workers: Int) -> [Fault] {
        var keys: [String] = []
        if new.workers ?? Processors.available != workers { keys.append("workers") }
        if new.stateDirectory != old.stateDirectory { keys.append("state_directory") }
        for listener in new.listeners {
            let same = old.listeners.first { $0.address == listener.address }
            if let same, same.reusePort != listener.reusePort { keys.append("listeners.\(listener.name).reuse_port") }
        }
        if let before = old.admin, let admin = new.admin, before.address == admin.address,
            before.reusePort != admin.reusePort
        {
            keys.append("admin.reuse_port")
        }
        // One is served by the workers, the other by the control loop.
        func moves(_ address: ListenAddress?, to listeners: [ListenerSettings]) -> Bool {
            listeners.contains { $0.address == address }
        }
        if moves(old.admin?.address, to: new.listeners) || moves(new.admin?.address, to: old.listeners) {
            keys.append("admin.address")
        }
        return keys.map {
            Fault(
                .error, file: new.file, line: nil, key: $0, message: "cannot change while the process runs",
                remedy: "Restart to apply it, or undo the change")
        }
    }
}

/// Calls its closure once it has come down as often.
private final class Countdown {
    private var left: Int
    private let done: () -> Void

    init(_ count: Int, _ done: @escaping () -> Void) {
        left = count
        self.done = done
    }

    func down() {
        left -= 1
        if left == 0 { done() }
    }
}
