/// An actor that lives on a loop: its code runs on the loop's thread, and code of that thread may call it
/// without waiting (`assumeIsolated`).
package protocol LoopActor: Actor {
    nonisolated var executor: LoopExecutor { get }
}

extension LoopActor {
    nonisolated package var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// Starts work of the actor on its loop, from any thread. A `Task` that begins in code of no actor, or does not touch
    /// the actor that it begins in, takes its first step on a thread of the runtime's own pool, which this program does
    /// without.
    nonisolated package func start(_ work: @escaping @Sendable (isolated Self) async -> Void) {
        executor.execute { self.assumeIsolated { $0.begin(work) } }
    }

    private func begin(_ work: @escaping @Sendable (isolated Self) async -> Void) {
        Task { await work(self) }
    }
}
