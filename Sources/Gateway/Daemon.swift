import Logging
import Posix
import Reactor
import Settings
import Telemetry

/// The whole program behind `postern serve`: opens everything, starts the workers, runs the control loop on
/// the calling thread, and returns when all that ran has been finished.
package struct Daemon {
    private let configuration: Configuration
    private let passed: PassedSockets
    private let manager: ServiceManager
    private let build: BuildInfo
    private let load: @Sendable () -> (configuration: Configuration?, faults: [Fault])

    /// - Parameters:
    ///   - passed: sockets that whoever started the process gave it.
    ///   - manager: who is told when it serves, and when it goes.
    ///   - build: what runs.
    ///   - load: reads the config once more, for a reload.
    package init(
        _ configuration: Configuration, build: BuildInfo, passed: PassedSockets = .none,
        manager: ServiceManager = .none,
        load: @escaping @Sendable () -> (configuration: Configuration?, faults: [Fault])
    ) {
        self.build = build
        self.configuration = configuration
        self.passed = passed
        self.manager = manager
        self.load = load
    }

    /// - Throws: `StartFailure` where something cannot be opened; nothing has been served then.
    package func run() throws {
        Signal.ignoreBrokenPipes()
        // Before any other thread: they inherit the mask.
        let signals = try SignalFD([.terminate, .interrupt, .hangUp, .user1])
        let descriptors = ProcessLimits.raiseOpenFiles()
        let logs = try LogOutputs(configuration.log)
        EventLog.bootstrap(style: logs.style, sink: logs.events, now: WallClock.microseconds)
        let workerCount = configuration.workers ?? Processors.available
        let contexts = try TLSContexts.servers(configuration)
        let listeners = try ListeningSockets(
            configuration, contexts: contexts, passed: passed, workers: workerCount)

        let loop = try EventLoop()
        let environment = CurrentProcess.environment
        let stateDirectories = StateDirectory.candidates(
            configured: configuration.stateDirectory, environment: environment)
        let revoked = RevocationKeeper.load(stateDirectories, now: loop.wallSeconds)
        let shared = try Shared(
            configuration, contexts: contexts, descriptors: descriptors, environment: environment, logs: logs,
            loop: loop, revoked: revoked)
        shared.warn(descriptors: descriptors)
        let control = try Control(
            loop: loop, shared: shared, workers: workerCount, signals: signals, manager: manager, build: build,
            reloads: Reloads(environment: environment, descriptors: descriptors, load: load))
        for name in listeners.joined {
            shared.events.warning(
                "another instance listens at the same address: end one of them when the other serves",
                metadata: ["listener": "\(name)"])
        }
        control.waitsForProviders = listeners.wait
        control.watchCertificates()
        try control.serveAdmin(on: listeners.admin)
        let adminSocket = AdminSocket(environment: environment)
        control.adminSocket = adminSocket
        if !listeners.wait { adminSocket.follow(control) }

        let handle = control.handle
        let keeping = try KeeperThread(stateDirectories, shared: shared, control: handle)
        var threads: [Thread] = []
        for index in 0..<workerCount {
            let sockets = listeners.forWorker(index)
            threads.append(
                try Thread.spawn(name: "worker-\(index)") {
                    WorkerThread.run(shared: shared, sockets: sockets, control: handle)
                })
        }
        control.start()
        loop.run()
        for thread in threads { thread.join() }
        keeping.finish(atMost: Revocations.patience)
        adminSocket.remove()
        control.shared.logs.flush()
        if let failure = control.failure { throw failure }
    }
}

/// Why the daemon could not start, or had to end. The text says what to do.
package struct StartFailure: Error, Sendable, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}
