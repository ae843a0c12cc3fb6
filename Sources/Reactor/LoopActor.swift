/// An actor that lives on a loop: its code runs on the loop's thread, and code of that thread may call it
/// without waiting (`assumeIsolated`).
package protocol LoopActor: Actor {
    nonisolated var executor: LoopExecutor { get }
}

extension LoopActor {
    nonisolated package var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// Starts work of the actor on its loop, from any thread.
    nonisolated package func start(_ work: @escaping @Sendable (isolated Self) async -> Void) {
        executor.execute { self.assumeIsolated { $0.begin(work) } }
    }

    private func begin(_ work: @escaping @Sendable (isolated Self) async -> Void) { task(work) }

    /// Begins a task of the actor, all of whose steps are run by its loop. A plain `Task` goes on after each wait by way
    /// of the runtime's own pool of threads, which this program does without: it costs two changes of thread, and the
    /// pool ends the process where no descriptor is left for it.
    @discardableResult
    package func task<Value: Sendable>(
        _ work: @escaping @Sendable (isolated Self) async -> Value
    ) -> Task<Value, Never> {
        Task(executorPreference: executor) { await work(self) }
    }
}
