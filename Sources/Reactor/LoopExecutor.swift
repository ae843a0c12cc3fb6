import Posix
import Synchronization

/// A loop's door for other threads, and the executor of the actors that live on it and of their tasks.
///
/// From another thread a job goes into the inbox, under its lock, and the first one wakes the loop
/// with a write to an eventfd; more jobs before the loop has looked cost no further write. The flag
/// that says so is cleared under the same lock that empties the inbox, so that no wake-up is lost.
/// From the loop's own thread a job goes into a plain array: no lock, no system call.
package final class LoopExecutor: SerialExecutor, TaskExecutor, @unchecked Sendable {
    private enum Job {
        case task(UnownedJob)
        case closure(@Sendable () -> Void)
    }

    private struct Inbox {
        var jobs: [Job] = []
        var isSignalled = false
    }

    private let inbox = Mutex(Inbox())
    private let event: EventFD
    private let thread = ThreadID.current

    // Touched by the loop's thread only, and not while a job runs.
    @exclusivity(unchecked) private var jobs: [Job] = []
    @exclusivity(unchecked) private var running: [Job] = []
    @exclusivity(unchecked) var stopRequested = false

    init() throws(SystemError) { event = try EventFD() }

    var wakeUpDescriptor: Int32 { event.descriptor.raw }

    /// Whether the calling thread is the loop's.
    package var isOnLoop: Bool { ThreadID.current == thread }

    /// Runs `body` on the loop's thread: later in this turn or in one of the next, never at once. What one
    /// thread hands in is run in the order in which it did so.
    package func execute(_ body: @escaping @Sendable () -> Void) { add(.closure(body)) }

    /// Makes the loop's `run()` return. Any thread may call it.
    package func stop() { execute { [self] in stopRequested = true } }

    private func add(_ job: Job) {
        if isOnLoop {
            jobs.append(job)
            return
        }
        let mustSignal = inbox.withLock { inbox in
            inbox.jobs.append(job)
            defer { inbox.isSignalled = true }
            return !inbox.isSignalled
        }
        if mustSignal { event.signal() }
    }

    // MARK: - The loop's side

    var hasJobs: Bool { !jobs.isEmpty }

    /// Moves the inbox behind the loop's own jobs. Called when the eventfd has reported.
    func collect() {
        inbox.withLock { inbox in
            inbox.isSignalled = false
            jobs.append(contentsOf: inbox.jobs)
            inbox.jobs.removeAll(keepingCapacity: true)
        }
    }

    /// Runs what is there now; what these jobs enqueue waits for the next turn.
    func runJobs() {
        if jobs.isEmpty { return }
        swap(&jobs, &running)
        for index in running.indices {
            switch running[index] {
            case .task(let task):
                task.runSynchronously(isolatedTo: asUnownedSerialExecutor(), taskExecutor: asUnownedTaskExecutor())
            case .closure(let body): body()
            }
        }
        running.removeAll(keepingCapacity: true)
    }

    // MARK: - SerialExecutor, TaskExecutor

    package func enqueue(_ job: consuming ExecutorJob) { add(.task(UnownedJob(job))) }

    package func checkIsolated() { precondition(isOnLoop, "not on the loop's thread") }

    package func isIsolatingCurrentContext() -> Bool? { isOnLoop }
}

/// A loop's value on its way through code of other threads, which cannot look inside.
///
/// The value must be let go on the loop's thread too where its end touches the loop.
package final class LoopBound<Value>: @unchecked Sendable {
    private let bound: Value
    package let executor: LoopExecutor

    /// On the loop's thread.
    package init(_ value: Value, to executor: LoopExecutor) {
        precondition(executor.isOnLoop, "bound on a thread that is not the loop's")
        bound = value
        self.executor = executor
    }

    /// On the loop's thread; traps elsewhere.
    package var value: Value {
        precondition(executor.isOnLoop, "used on a thread that is not the loop's")
        return bound
    }
}
