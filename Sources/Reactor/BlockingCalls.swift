import Posix

/// Calls that may block, made on a few threads beside a loop's own; each answers on the loop.
///
/// A thread is made when a call finds none that is free, up to the limit, and kept for the next. Further calls wait in
/// line. A call that never returns keeps its thread, and nobody else.
package final class BlockingCalls {
    private typealias Work = @Sendable () -> any Sendable

    private let loop: EventLoop
    private let name: String
    private let limit: Int
    private var threads = 0
    private var free: [LoopExecutor] = []
    private var line: [(ticket: Ticket, work: Work)] = []
    /// Where in `line` the first stands.
    private var front = 0
    private var receivers: [Ticket: (any Sendable) -> Void] = [:]
    private var tickets: UInt64 = 0

    /// Names a call that has not been answered.
    package struct Ticket: Hashable, Sendable {
        fileprivate let number: UInt64
    }

    /// - Parameters:
    ///   - name: of its threads.
    ///   - limit: threads at most.
    package init(loop: EventLoop, name: String, limit: Int) {
        precondition(limit > 0)
        self.loop = loop
        self.name = name
        self.limit = limit
    }

    deinit { for thread in free { thread.stop() } }

    /// Makes a call.
    ///
    /// - Parameters:
    ///   - body: runs on a thread of its own.
    ///   - done: told on the loop what `body` has returned; never before this returns, and not once the call is
    ///     cancelled.
    @discardableResult
    package func call<Value: Sendable>(
        _ body: @escaping @Sendable () -> Value, _ done: @escaping (Value) -> Void
    ) -> Ticket {
        tickets += 1
        let ticket = Ticket(number: tickets)
        receivers[ticket] = { done($0 as! Value) }
        start(ticket, body)
        return ticket
    }

    /// The answer is not wanted any more. What has begun goes on, and is thrown away.
    package func cancel(_ ticket: Ticket) {
        guard receivers.removeValue(forKey: ticket) != nil else { return }
        if let index = line[front...].firstIndex(where: { $0.ticket == ticket }) { line.remove(at: index) }
    }

    /// Calls that wait for a thread.
    package var waitingCount: Int { line.count - front }
    package var threadCount: Int { threads }

    private func start(_ ticket: Ticket, _ work: @escaping Work) {
        if let thread = free.popLast() {
            thread.execute(job(ticket, work, on: thread))
        } else if threads < limit, makeThread(for: ticket, work) {
            threads += 1
        } else if threads > 0 {
            line.append((ticket, work))
        } else {
            // There is no thread to be had: better late than never.
            loop.defer { self.finish(ticket, work()) }
        }
    }

    private func job(_ ticket: Ticket, _ work: @escaping Work, on thread: LoopExecutor) -> @Sendable () -> Void {
        let bound = LoopBound(self, to: loop.executor)
        return {
            let value = work()
            bound.executor.execute { bound.value.finish(ticket, value, thread) }
        }
    }

    private func makeThread(for ticket: Ticket, _ work: @escaping Work) -> Bool {
        let bound = LoopBound(self, to: loop.executor)
        let thread = try? Thread.spawn(name: name) {
            let loop = try? EventLoop()
            let value = work()
            let executor = loop?.executor
            bound.executor.execute { bound.value.finish(ticket, value, executor) }
            loop?.run()
        }
        return thread != nil
    }

    private func finish(_ ticket: Ticket, _ value: any Sendable, _ thread: LoopExecutor?) {
        if thread == nil { threads -= 1 }
        if let next = popFirst() {
            if let thread {
                thread.execute(job(next.ticket, next.work, on: thread))
            } else {
                start(next.ticket, next.work)
            }
        } else if let thread {
            free.append(thread)
        }
        finish(ticket, value)
    }

    private func finish(_ ticket: Ticket, _ value: any Sendable) { receivers.removeValue(forKey: ticket)?(value) }

    private func popFirst() -> (ticket: Ticket, work: Work)? {
        guard front < line.count else { return nil }
        let next = line[front]
        front += 1
        if front == line.count {
            line.removeAll(keepingCapacity: true)
            front = 0
        } else if front >= 64, front * 2 >= line.count {
            line.removeFirst(front)
            front = 0
        }
        return next
    }
}
