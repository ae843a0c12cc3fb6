import Posix
import Reactor
import Synchronization

/// The thread that revocations are kept on disk by.
final class KeeperThread: Sendable {
    private let state = Mutex<State>(.starting)

    private enum State: Sendable {
        case starting
        case running(LoopExecutor)
        /// It is to end as soon as it can.
        case ending
        case ended
    }

    init(_ directories: [String], shared: Shared, control: ControlHandle) throws(SystemError) {
        try Thread.spawn(name: "revocations") { [self] in
            defer { state.withLock { $0 = .ended } }
            guard let loop = try? EventLoop() else { return }
            let revocations = shared.revocations
            let keeper = RevocationKeeper(
                loop: LoopBound(loop, to: loop.executor), candidates: directories, events: shared.events,
                found: { new in Task { await revocations.learn(new) } },
                report: { report in
                    let isKept = if case .kept = report { true } else { false }
                    control.send { $0.areRevocationsKept = isKept }
                })
            Task { await revocations.attach(keeper) }
            keeper.assumeIsolated { $0.start() }
            let mayRun = state.withLock { state in
                guard case .starting = state else { return false }
                state = .running(loop.executor)
                return true
            }
            if mayRun { loop.run() }
        }
    }

    /// Lets it finish what it was given, for as long as that.
    func finish(atMost time: Nanoseconds) {
        state.withLock { state in
            if case .running(let executor) = state { executor.stop() }
            if case .starting = state { state = .ending }
        }
        let end = MonotonicTime.now() + time
        while MonotonicTime.now() < end {
            if state.withLock({ if case .ended = $0 { true } else { false } }) { return }
            Thread.sleep(.milliseconds(2))
        }
    }
}
