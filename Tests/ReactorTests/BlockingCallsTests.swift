import Posix
import Reactor
import Synchronization
import Testing

@Suite(.serialized)
struct BlockingCallsTests {
    let loop: EventLoop

    init() throws { loop = try EventLoop() }

    private func turn(seconds: Int64 = 5, until isDone: () -> Bool) {
        let end = MonotonicTime.now() + .seconds(seconds)
        while !isDone(), MonotonicTime.now() < end { loop.turn(waitAtMost: .milliseconds(10)) }
    }

    /// Something that blocks until it is let go.
    private final class Gate: Sendable {
        private let isOpen = Mutex(false)
        func open() { isOpen.withLock { $0 = true } }
        func wait() { while !isOpen.withLock({ $0 }) { Thread.sleep(.milliseconds(1)) } }
    }

    @Test func theAnswerComesOnTheLoopAndTheLoopGoesOnMeanwhile() {
        let calls = BlockingCalls(loop: loop, name: "test", limit: 2)
        let gate = Gate(), executor = loop.executor
        var answer: Bool?
        calls.call({
            gate.wait()
            return executor.isOnLoop
        }) { answer = $0 }
        var fired = false
        loop.schedule(after: .milliseconds(5)) { fired = true }
        turn { fired }
        #expect(fired && answer == nil)
        gate.open()
        turn { answer != nil }
        #expect(answer == false)
    }

    @Test func moreCallsThanThreadsWaitInLineAndInOrder() {
        let calls = BlockingCalls(loop: loop, name: "test", limit: 2)
        let gate = Gate()
        var order: [Int] = []
        for _ in 0..<2 { calls.call({ gate.wait() }) { order.append(-1) } }
        for index in 0..<200 { calls.call({ index }) { order.append($0) } }
        #expect(calls.threadCount == 2 && calls.waitingCount == 200)
        gate.open()
        turn { order.count == 202 }
        #expect(Set(order) == Set(-1..<200) && calls.threadCount == 2)
        // A thread that is free is used again.
        var isDone = false
        calls.call({}) { isDone = true }
        turn { isDone }
        #expect(calls.threadCount == 2)
    }

    @Test func whoCancelsHearsNothingAndLeavesTheLine() {
        let calls = BlockingCalls(loop: loop, name: "test", limit: 1)
        let gate = Gate(), began = Mutex(0)
        var answers: [String] = []
        let running = calls.call({ gate.wait() }) { answers.append("running") }
        let waiting = calls.call({ began.withLock { $0 += 1 } }) { answers.append("waiting") }
        calls.call({}) { answers.append("last") }
        calls.cancel(running)
        calls.cancel(waiting)
        #expect(calls.waitingCount == 1)
        gate.open()
        turn { !answers.isEmpty }
        #expect(answers == ["last"] && began.withLock { $0 } == 0)
    }
}
