/// An actor that lives on a loop: its code runs on the loop's thread, and code of that thread may call it
/// without waiting (`assumeIsolated`).
package protocol LoopActor: Actor {
    nonisolated var executor: LoopExecutor { get }
}

extension LoopActor {
    nonisolated package var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
}
