import Posix

/// Told by its loop, on the loop's thread, what became of a descriptor.
package protocol ReadinessHandler: AnyObject {
    /// The descriptor became ready. Reports are edges: each state is told once, so read or write until
    /// the kernel would block, or call `Registration.again()` and go on in the next turn.
    func ready(_ readiness: Readiness)

    /// The deadline has passed, and is unset. May come up to a millisecond late, never early.
    func deadlineReached()
}

/// One thread's loop: waits for descriptors, tells their handlers, fires timers, runs what the inbox brings.
///
/// Everything here happens on the thread that made the loop; other threads have only its `executor`.
/// One turn: wait, read the clocks, tell handlers what is ready, call those that asked to be called
/// again, fire deadlines, run the inbox, run what was deferred.
package final class EventLoop {
    /// The loop's half that may cross threads.
    package let executor: LoopExecutor
    /// Read once a turn.
    @exclusivity(unchecked) package private(set) var now: MonotonicTime
    /// Unix time in seconds, read once a turn.
    @exclusivity(unchecked) package private(set) var wallSeconds: Int64
    /// How many turns there have been.
    @exclusivity(unchecked) package private(set) var turns: UInt64 = 0

    // The run-time checks for overlapping access are off for what follows: it is private, touched by one thread,
    // and no access lasts while a handler runs. They cost 2000 instructions a request.
    private let epoll: Epoll
    @exclusivity(unchecked) private var slots: [Slot] = []
    @exclusivity(unchecked) private var freeSlots: [UInt32] = []
    @exclusivity(unchecked) private var timers = TimerHeap()
    /// Who asked to be called again, and what was deferred; each with the array whose turn has come, so that
    /// the two take turns and nothing is allocated.
    @exclusivity(unchecked) private var asked: [Token] = []
    @exclusivity(unchecked) private var askedBefore: [Token] = []
    @exclusivity(unchecked) private var deferred: [() -> Void] = []
    @exclusivity(unchecked) private var deferredBefore: [() -> Void] = []
    private var isRunning = false

    /// Hears how long each turn was at work: what became ready meanwhile has waited as long, at most.
    @exclusivity(unchecked) package var turnEnded: ((Nanoseconds) -> Void)?

    /// A slot outlives what is registered in it; the generation tells its tenants apart, so that a report
    /// about a former one is recognised and dropped.
    private struct Slot {
        var generation: UInt32 = 0
        var handler: (any ReadinessHandler)?
        var deadline: MonotonicTime = .distantFuture
        /// The earliest time at which the heap has an entry for this slot. It may be earlier than the
        /// deadline, which is then looked at again; that makes moving a deadline later free. It belongs to
        /// the slot rather than to its tenant, so that short lives do not pile up entries in the heap.
        var armed: MonotonicTime = .distantFuture
    }

    struct Token {
        let index: UInt32
        let generation: UInt32

        init(index: UInt32, generation: UInt32) {
            self.index = index
            self.generation = generation
        }

        init(bits: UInt64) {
            self.init(index: UInt32(truncatingIfNeeded: bits), generation: UInt32(truncatingIfNeeded: bits >> 32))
        }

        var bits: UInt64 { UInt64(generation) << 32 | UInt64(index) }
    }

    /// Makes the loop of the calling thread.
    package init() throws(SystemError) {
        epoll = try Epoll()
        executor = try LoopExecutor()
        now = .now()
        wallSeconds = WallClock.now()
        try epoll.add(executor.wakeUpDescriptor, token: Self.wakeUpToken)
    }

    private static let wakeUpToken = UInt64.max

    // MARK: - Descriptors

    /// Watches a descriptor, which is nonblocking and which the caller keeps. The loop keeps the handler
    /// until `Registration.cancel()`. What is ready already is reported in the next turn.
    ///
    /// - Parameter isShared: it is a listening socket that other loops watch too: one of them is told of each
    ///   connection.
    package func register(
        _ descriptor: borrowing FileDescriptor, _ handler: any ReadinessHandler, isShared: Bool = false
    ) throws(SystemError) -> Registration {
        let token = occupy(handler)
        do {
            try epoll.add(descriptor.raw, token: token.bits, isShared: isShared)
        } catch {
            vacate(token)
            throw error
        }
        return Registration(loop: self, token: token)
    }

    /// Watches a shared descriptor no longer: others have it too, so that closing it does not take it out of epoll, and
    /// this loop would go on being told of connections in place of theirs.
    package func unwatch(_ descriptor: borrowing FileDescriptor) { epoll.remove(descriptor.raw) }

    /// Puts a shared descriptor's registration behind those of all other loops. What waits to be accepted by then is
    /// reported in the next turn.
    func requeue(_ descriptor: borrowing FileDescriptor, _ token: Token) throws(SystemError) {
        epoll.remove(descriptor.raw)
        try epoll.add(descriptor.raw, token: token.bits, isShared: true)
    }

    // MARK: - Timers

    /// Calls `body` once, when `delay` has passed.
    @discardableResult
    package func schedule(after delay: Nanoseconds, _ body: @escaping () -> Void) -> TimerToken {
        let token = occupy(Timer(body))
        setDeadline(token, now + delay)
        return TimerToken(token: token)
    }

    @discardableResult
    package func schedule(after delay: Duration, _ body: @escaping () -> Void) -> TimerToken {
        schedule(after: Nanoseconds(delay), body)
    }

    /// Does nothing where the timer has fired.
    package func cancel(_ timer: TimerToken) { vacate(timer.token) }

    // MARK: - Later in this turn

    /// Runs `body` at the end of this turn. What is deferred there waits for the end of the next turn, which
    /// then does not sleep.
    package func `defer`(_ body: @escaping () -> Void) { deferred.append(body) }

    // MARK: - Running

    /// Turns until `stop()`.
    package func run() {
        precondition(executor.isOnLoop, "a loop runs on the thread that made it")
        precondition(!isRunning, "the loop is running")
        isRunning = true
        executor.stopRequested = false
        while !executor.stopRequested { turn(waitAtMost: nil) }
        isRunning = false
    }

    /// Makes `run()` return at the end of this turn. From another thread: `executor.stop()`.
    package func stop() { executor.stopRequested = true }

    /// One turn, for tests and for who has a loop of its own.
    ///
    /// - Parameter limit: how long to wait when nothing is ready; nil for as long as it takes.
    package func turn(waitAtMost limit: Nanoseconds? = .zero) {
        let count = epoll.wait(milliseconds: timeout(limit))
        now = .now()
        wallSeconds = WallClock.coarse()
        turns &+= 1
        swap(&asked, &askedBefore)
        for index in 0..<count {
            let (bits, readiness) = epoll.report(index)
            if bits == Self.wakeUpToken {
                executor.collect()
            } else {
                dispatch(Token(bits: bits), readiness)
            }
        }
        if !askedBefore.isEmpty {
            for index in askedBefore.indices { dispatch(askedBefore[index], .again) }
            askedBefore.removeAll(keepingCapacity: true)
        }
        fireTimers()
        executor.runJobs()
        if !deferred.isEmpty {
            swap(&deferred, &deferredBefore)
            for index in deferredBefore.indices { deferredBefore[index]() }
            deferredBefore.removeAll(keepingCapacity: true)
        }
    }

    private func timeout(_ limit: Nanoseconds?) -> Int32 {
        // The clock is read anew: the turn may have taken its time.
        let now = MonotonicTime.now()
        if turns > 0 { turnEnded?(now - self.now) }
        if !asked.isEmpty || !deferred.isEmpty || executor.hasJobs { return 0 }
        var left = limit
        if let first = timers.first {
            let untilTimer = first > now ? first - now : .zero
            left = min(left ?? untilTimer, untilTimer)
        }
        guard let left else { return -1 }
        // Rounded up, so that a timer never fires early.
        return Int32(clamping: (left.count &+ 999_999) / 1_000_000)
    }

    private func dispatch(_ token: Token, _ readiness: Readiness) {
        guard let handler = tenant(token) else { return }
        handler.ready(readiness)
    }

    private func fireTimers() {
        while let first = timers.first, first <= now {
            let index = Int(timers.removeFirst())
            if slots[index].armed != first { continue }  // an earlier entry took its place
            slots[index].armed = .distantFuture
            guard let handler = slots[index].handler else { continue }
            let deadline = slots[index].deadline
            if deadline > now {
                arm(index, deadline)
            } else {
                slots[index].deadline = .distantFuture
                if let timer = handler as? Timer {
                    vacate(Token(index: UInt32(index), generation: slots[index].generation))
                    timer.body()
                } else {
                    handler.deadlineReached()
                }
            }
        }
    }

    // MARK: - Slots

    private func occupy(_ handler: any ReadinessHandler) -> Token {
        assert(executor.isOnLoop)
        let index: UInt32
        if let free = freeSlots.popLast() {
            index = free
        } else {
            index = UInt32(slots.count)
            slots.append(Slot())
        }
        slots[Int(index)].handler = handler
        return Token(index: index, generation: slots[Int(index)].generation)
    }

    func vacate(_ token: Token) {
        let index = Int(token.index)
        guard slots[index].generation == token.generation else { return }
        // Kept until the slot is whole again: the handler's end may bring its own cancellations.
        let handler = slots[index].handler
        slots[index].handler = nil
        slots[index].deadline = .distantFuture
        slots[index].generation &+= 1
        freeSlots.append(token.index)
        _ = consume handler
    }

    func handOver(_ token: Token, _ handler: any ReadinessHandler) {
        let index = Int(token.index)
        precondition(slots[index].generation == token.generation, "a registration that has ended")
        slots[index].handler = handler
    }

    private func tenant(_ token: Token) -> (any ReadinessHandler)? {
        let index = Int(token.index)
        guard slots[index].generation == token.generation else { return nil }
        return slots[index].handler
    }

    func setDeadline(_ token: Token, _ deadline: MonotonicTime) {
        let index = Int(token.index)
        guard slots[index].generation == token.generation else { return }
        slots[index].deadline = deadline
        if deadline < slots[index].armed { arm(index, deadline) }
    }

    private func arm(_ index: Int, _ deadline: MonotonicTime) {
        guard deadline < .distantFuture else { return }
        slots[index].armed = deadline
        timers.insert(deadline, UInt32(index))
    }

    func deadline(of token: Token) -> MonotonicTime? {
        let slot = slots[Int(token.index)]
        return slot.generation == token.generation && slot.deadline < .distantFuture ? slot.deadline : nil
    }

    func ask(_ token: Token) { asked.append(token) }

    /// How many entries the timers' heap has; tests hold it down.
    package var timerEntries: Int { timers.count }
}

/// A descriptor's place in a loop.
package struct Registration {
    package unowned let loop: EventLoop
    let token: EventLoop.Token

    /// Calls `deadlineReached()` once this time has come; nil unsets it. Moving it later costs a store.
    package func setDeadline(_ deadline: MonotonicTime?) { loop.setDeadline(token, deadline ?? .distantFuture) }

    package var deadline: MonotonicTime? { loop.deadline(of: token) }

    /// Calls `ready(.again)` in the next turn, after other descriptors had theirs.
    package func again() { loop.ask(token) }

    /// Another handler hears of the descriptor from now on.
    package func handOver(to handler: any ReadinessHandler) { loop.handOver(token, handler) }

    /// Ends the registration: nothing is reported any more, not even what was read from the kernel already.
    /// The descriptor must be closed by whoever has it, which takes it out of epoll.
    package func cancel() { loop.vacate(token) }

    /// Lets another loop have the next connection of a shared listening socket: of those that have nothing to do, the
    /// kernel wakes the one that was registered first, each time.
    package func requeue(_ descriptor: borrowing FileDescriptor) throws(SystemError) {
        try loop.requeue(descriptor, token)
    }
}

/// Names a timer. A token that has been used up names nothing.
package struct TimerToken {
    let token: EventLoop.Token
}

private final class Timer: ReadinessHandler {
    let body: () -> Void
    init(_ body: @escaping () -> Void) { self.body = body }
    func ready(_ readiness: Readiness) {}
    func deadlineReached() {}
}
