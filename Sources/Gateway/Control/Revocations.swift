import Reactor
import Sessions

/// A session that is ended before its time, and when it would have ended by itself, in Unix seconds.
typealias EndedSession = (id: SessionID, expiry: Int64)

/// The sessions that were signed out: kept on the control loop, copied whole to every worker.
actor Revocations: LoopActor {
    nonisolated let executor: LoopExecutor

    private var list = RevocationList()
    private var workers: [WorkerHandle] = []

    init(executor: LoopExecutor) {
        self.executor = executor
    }

    func register(_ worker: WorkerHandle) {
        workers.append(worker)
    }

    /// The worker serves nobody any more.
    func unregister(_ worker: WorkerHandle) {
        workers.removeAll { $0.executor === worker.executor }
    }

    /// Ends sessions. When this returns, no worker takes their cookies any more.
    func revoke(_ sessions: [EndedSession], now: Int64) async {
        list = list.removingExpired(now: now).adding(sessions, now: now)
        for worker in workers where workers.contains(where: { $0.executor === worker.executor }) {
            // Both read anew for each worker: another call may have added to the list, and what was sent is never taken
            // back; and a worker may have gone.
            let list = list
            await worker.run { $0.revocations = list }
        }
    }
}

/// A worker as seen from other threads: something to send messages to.
struct WorkerHandle: Sendable {
    let executor: LoopExecutor
    let worker: LoopBound<Worker>

    /// Sends a message, and does not wait.
    func send(_ message: @escaping @Sendable (Worker) -> Void) {
        let worker = worker
        executor.execute { message(worker.value) }
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
