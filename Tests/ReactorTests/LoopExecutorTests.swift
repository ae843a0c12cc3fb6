import Posix
import Reactor
import Synchronization
import Testing

/// A loop on a thread of its own, for tests that look at it from outside.
struct LoopThread {
    let executor: LoopExecutor
    let thread: Thread

    init() throws {
        let slot = Mutex<LoopExecutor?>(nil)
        let box = Box(slot)
        thread = try Thread.spawn(name: "loop") {
            let loop = try! EventLoop()
            box.value.withLock { $0 = loop.executor }
            loop.run()
        }
        while box.value.withLock({ $0 == nil }) { Thread.sleep(.milliseconds(1)) }
        executor = box.value.withLock { $0! }
    }

    func end() {
        executor.stop()
        thread.join()
    }
}

final class Box<Value: ~Copyable & Sendable>: Sendable {
    let value: Value
    init(_ value: consuming Value) { self.value = value }
}

actor Pinned {
    private let executor: LoopExecutor
    private(set) var count = 0

    init(_ executor: LoopExecutor) { self.executor = executor }

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    func add() -> Bool {
        count += 1
        return executor.isOnLoop
    }

    func call(_ other: Pinned, times: Int) async -> Int {
        for _ in 0..<times { _ = await other.add() }
        return await other.count
    }

    func suspend() async -> Bool {
        let onLoop = await withCheckedContinuation { (continuation: CheckedContinuation<Bool, Never>) in
            let executor = executor
            executor.execute { continuation.resume(returning: executor.isOnLoop) }
        }
        return onLoop && executor.isOnLoop
    }

    func yieldToOthers() async -> Bool {
        await Task.yield()
        return executor.isOnLoop
    }
}

@Test func hopsBetweenTwoLoopsLoseNoWakeUp() async throws {
    let left = try LoopThread(), right = try LoopThread()
    let hops = 100_000
    await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
        @Sendable func hop(_ left: Int, _ from: LoopExecutor, _ to: LoopExecutor) {
            if left == 0 { return done.resume() }
            to.execute { hop(left - 1, to, from) }
        }
        hop(hops, left.executor, right.executor)
    }
    left.end()
    right.end()
}

@Test func floodsFromTwoThreadsArriveWholeAndInOrder() throws {
    let target = try LoopThread()
    let seen = Box(Mutex<[[Int]]>([[], []]))
    let threads = try (0..<2).map { number in
        try Thread.spawn(name: "sender") { [executor = target.executor] in
            for value in 0..<50_000 {
                executor.execute { seen.value.withLock { $0[number].append(value) } }
            }
        }
    }
    for thread in threads { thread.join() }
    let finished = Box(Mutex(false))
    target.executor.execute { finished.value.withLock { $0 = true } }
    while !finished.value.withLock({ $0 }) { Thread.sleep(.milliseconds(1)) }
    target.end()
    seen.value.withLock {
        #expect($0[0] == Array(0..<50_000))
        #expect($0[1] == Array(0..<50_000))
    }
}

@Test func anActorPinnedToTheLoopRunsOnItsThread() async throws {
    let thread = try LoopThread()
    let one = Pinned(thread.executor), two = Pinned(thread.executor)
    #expect(await one.add())
    #expect(await one.call(two, times: 1000) == 1000)
    #expect(await one.suspend())
    #expect(await one.yieldToOthers())
    thread.end()
}

@Test func anActorIsCalledFromAnotherLoopAndComesBack() async throws {
    let here = try LoopThread(), there = try LoopThread()
    let caller = Pinned(here.executor), callee = Pinned(there.executor)
    #expect(await caller.call(callee, times: 2000) == 2000)
    #expect(await callee.add())
    here.end()
    there.end()
}

@Test func synchronousCodeOnTheLoopMayAssumeItsActors() async throws {
    let thread = try LoopThread()
    let actor = Pinned(thread.executor)
    let ran = await withCheckedContinuation { (continuation: CheckedContinuation<Bool, Never>) in
        thread.executor.execute {
            continuation.resume(returning: actor.assumeIsolated { $0.add() })
        }
    }
    #expect(ran)
    #expect(thread.executor.isIsolatingCurrentContext() == false)
    thread.end()
}

@Test func jobsFromTheLoopItselfRunInOrderAndNotAtOnce() throws {
    let loop = try EventLoop()
    let order = Box(Mutex<[Int]>([]))
    loop.executor.execute { [executor = loop.executor] in
        order.value.withLock { $0.append(1) }
        executor.execute { order.value.withLock { $0.append(3) } }
        order.value.withLock { $0.append(2) }
    }
    #expect(order.value.withLock { $0 }.isEmpty)
    loop.turn(waitAtMost: nil)
    #expect(order.value.withLock { $0 } == [1, 2])
    loop.turn(waitAtMost: nil)
    #expect(order.value.withLock { $0 } == [1, 2, 3])
}

@Test func aBoundValueIsTheSameOnItsLoop() throws {
    let loop = try EventLoop()
    let bound = LoopBound(Recorder(), to: loop.executor)
    #expect(bound.value === bound.value)
}
