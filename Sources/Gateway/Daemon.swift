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

    /// - Parameters:
    ///   - passed: sockets that whoever started the process gave it.
    ///   - manager: who is told when it serves, and when it goes.
    ///   - build: what runs.
    package init(
        _ configuration: Configuration, build: BuildInfo, passed: PassedSockets = .none, manager: ServiceManager = .none
    ) {
        self.build = build
        self.configuration = configuration
        self.passed = passed
        self.manager = manager
    }

    /// - Throws: `StartFailure` where something cannot be opened; nothing has been served then.
    package func run() throws {
        Signal.ignoreBrokenPipes()
        // Before any other thread: they inherit the mask.
        let signals = try SignalFD([.terminate, .interrupt, .hangUp, .user1])
        let descriptors = ProcessLimits.raiseOpenFiles()
        let logs = try LogOutputs(configuration.log)
        EventLog.bootstrap(
            level: Logger.Level(configuration.log.level), format: logs.format, sink: logs.events,
            now: WallClock.microseconds)
        let workerCount = configuration.workers ?? Processors.available
        let listeners = try ListeningSockets(configuration, passed: passed, workers: workerCount)

        let loop = try EventLoop()
        let environment = CurrentProcess.environment
        let stateDirectories = StateDirectory.candidates(
            configured: configuration.stateDirectory, environment: environment)
        let revoked = RevocationKeeper.load(stateDirectories, now: loop.wallSeconds)
        let shared = try Shared(
            configuration, descriptors: descriptors, environment: environment, logs: logs, loop: loop, revoked: revoked)
        if logs.lacksJournal {
            shared.events.warning("log.access is journald, and there is no journal here: it goes to standard output")
        }
        if shared.census.limit < configuration.limits.connections {
            shared.events.warning(
                "limits.connections is higher than the process's limit of file descriptors allows",
                metadata: ["connections": "\(shared.census.limit)", "descriptors": "\(descriptors)"])
        }
        let control = try Control(
            loop: loop, shared: shared, workers: workerCount, signals: signals, manager: manager, build: build)
        for name in listeners.joined {
            shared.events.warning(
                "another instance listens at the same address: end one of them when the other serves",
                metadata: ["listener": "\(name)"])
        }
        control.waitsForProviders = listeners.wait
        control.watchCertificates(listeners.contexts)
        try control.serveAdmin(on: listeners.admin)
        let adminSocket = AdminSocket(configuration, environment: environment)
        control.adminSocket = adminSocket
        if !listeners.wait { adminSocket?.open(for: control) }

        let handle = control.handle
        let keeping = try KeeperThread(stateDirectories, shared: shared, control: handle)
        var threads: [Thread] = []
        for index in 0..<workerCount {
            let sockets = listeners.forWorker(index)
            threads.append(
                try Thread.spawn(name: "worker-\(index)") {
                    Worker.run(shared: shared, sockets: sockets, control: handle)
                })
        }
        control.start()
        loop.run()
        for thread in threads { thread.join() }
        keeping.finish(atMost: Revocations.patience)
        adminSocket?.remove()
        logs.flush()
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

extension Logger.Level {
    fileprivate init(_ level: LogSettings.Level) {
        self =
            switch level {
            case .error: .error
            case .warning: .warning
            case .info: .info
            case .debug: .debug
            }
    }
}
