import Logging
import Posix
import Reactor
import Sessions

/// What was ended before its time: kept on the control loop, copied to every worker, and written to disk.
actor Revocations: LoopActor {
    nonisolated let executor: LoopExecutor
    /// How long whoever signs out waits for the disk at most.
    static let patience = Nanoseconds.seconds(2)

    private let loop: LoopBound<EventLoop>
    private var list: RevocationList
    private var workers: [WorkerHandle] = []
    private var keeper: RevocationKeeper?
    /// What waits for the disk, and goes there with the next batch.
    private var unsaved: [Revocation] = []
    /// The batch that is being written, or was last.
    private var writing: Task<Void, Never>?
    /// The one that comes after it.
    private var next: Task<Void, Never>?

    /// - Parameter list: what was ended before this process began.
    init(loop: LoopBound<EventLoop>, list: RevocationList) {
        self.loop = loop
        self.list = list
        executor = loop.executor
    }

    var count: Int { list.count }
    /// Of sessions that were ended, one by one or many at once.
    var endings: Int { RevocationSpace.allCases.filter(\.endsSessions).reduce(0) { $0 + list.count(in: $1) } }
    var overflows: Int { list.overflows }

    func register(_ worker: WorkerHandle) {
        workers.append(worker)
        let list = list
        worker.send { $0.thread.revocations = list }
    }

    /// The worker serves nobody any more.
    func unregister(_ worker: WorkerHandle) {
        workers.removeAll { $0.executor === worker.executor }
    }

    func attach(_ keeper: RevocationKeeper) {
        self.keeper = keeper
        // What came before the keeper did.
        let all = list.revocations
        keeper.start { $0.save(all) }
    }

    /// Ends what the entries are about. When this returns, no worker takes it for good any more, and it stands on the
    /// disk, unless that takes very long.
    func revoke(_ revocations: [Revocation], now: Int64) async {
        let saving = take(revocations, now: now)
        await spread(revocations)
        if let saving { await wait(for: saving) }
    }

    /// Ends all sessions that there are of a user, a group or a site, as `revoke` does.
    ///
    /// Whoever signs in again within the second of such an end has a session that begins after it, which may be ahead of
    /// the clock: that one is over, too, when it is asked for once more.
    ///
    /// - Parameter lifetime: how long a session may last, in seconds: so long it is remembered.
    func sweep(_ what: Revocable, lifetime: Int64, now: Int64) async -> Revocation {
        let before = max(now, list.latest(in: .sweeps)) + 1
        let revocation = Revocation(what, before: before, until: before + lifetime + SessionPolicy.clockSkew)
        await revoke([revocation], now: now)
        return revocation
    }

    /// Takes note of something that is good for one time.
    /// - Parameter start: when it began, in Unix seconds.
    /// - Returns: false where it was known already.
    func claim(_ what: Revocable, since start: Int64, until end: Int64, now: Int64) -> Bool {
        guard !list.ends(what.key, since: start) else { return false }
        take([Revocation(what, before: start, until: end)], now: now)
        return true
    }

    /// What another process of the machine has ended.
    func learn(_ revocations: [Revocation]) async {
        for revocation in revocations { list.insert(revocation, now: loop.value.wallSeconds) }
        await spread(revocations)
    }

    @discardableResult
    private func take(_ revocations: [Revocation], now: Int64) -> Task<Void, Never>? {
        let new = revocations.filter { list.insert($0, now: now) }
        guard !new.isEmpty, let keeper else { return nil }
        unsaved += new
        if unsaved.count > list.count { unsaved = list.revocations }
        if let next { return next }
        let earlier = writing
        let batch = task {
            await earlier?.value
            await $0.save(by: keeper)
        }
        next = batch
        return batch
    }

    /// All that waits at once: anybody can have entries made faster than a disk takes them one by one, and a sign-out
    /// must not stand in line behind them.
    private func save(by keeper: RevocationKeeper) async {
        writing = next
        next = nil
        let batch = unsaved
        unsaved = []
        await keeper.save(batch)
    }

    private func spread(_ revocations: [Revocation]) async {
        let ofSessions = revocations.filter(\.space.endsSessions)
        guard !ofSessions.isEmpty else { return }
        // Looked up anew for each: a worker may have gone.
        for worker in workers where workers.contains(where: { $0.executor === worker.executor }) {
            await worker.run { $0.thread.revoke(ofSessions) }
        }
    }

    private func wait(for saving: Task<Void, Never>) async {
        let loop = loop.value
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let wait = LoopBound(Wait(continuation), to: loop.executor)
            wait.value.timer = loop.schedule(after: Self.patience) { wait.value.end() }
            task {
                await saving.value
                if let timer = wait.value.end() { $0.loop.value.cancel(timer) }
            }
        }
    }
}

/// Somebody who waits for one of two things.
private final class Wait {
    private var continuation: CheckedContinuation<Void, Never>?
    var timer: TimerToken?

    init(_ continuation: CheckedContinuation<Void, Never>) { self.continuation = continuation }

    @discardableResult
    func end() -> TimerToken? {
        continuation?.resume()
        continuation = nil
        return timer
    }
}

/// A worker as seen from other threads: something to send messages to.
struct WorkerHandle: Sendable {
    let executor: LoopExecutor
    let thread: LoopBound<WorkerThread>

    /// Sends a message to the worker that answers when it comes, and does not wait.
    func send(_ message: @escaping @Sendable (Worker) -> Void) {
        let thread = thread
        executor.execute { message(thread.value.current) }
    }

    /// Sends a message that is not for one worker of the thread alone.
    func sendThread(_ message: @escaping @Sendable (WorkerThread) -> Void) {
        let thread = thread
        executor.execute { message(thread.value) }
    }

    /// Sends a message, and returns when it has been carried out.
    func run(_ message: @escaping @Sendable (Worker) -> Void) async {
        await withCheckedContinuation { continuation in
            send {
                message($0)
                continuation.resume()
            }
        }
    }
}
