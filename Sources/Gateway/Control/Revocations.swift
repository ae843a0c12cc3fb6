import Reactor
import Sessions

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

    /// Ends a session. When this returns, no worker takes its cookie any more.
    /// - Parameter expiry: when the cookie would end by itself, in Unix seconds.
    func revoke(_ session: SessionID, until expiry: Int64, now: Int64) async {
        list = list.removingExpired(now: now).adding(session, until: expiry, now: now)
        let list = list
        for worker in workers { await worker.run { $0.revocations = list } }
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
