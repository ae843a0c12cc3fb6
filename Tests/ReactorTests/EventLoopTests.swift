import Posix
import Reactor
import Synchronization
import Testing

/// Notes what it is told, and runs a closure on it.
final class Recorder: ReadinessHandler {
    var readiness: [Readiness] = []
    var deadlines = 0
    var onReady: ((Readiness) -> Void)?
    var onDeadline: (() -> Void)?

    func ready(_ readiness: Readiness) {
        self.readiness.append(readiness)
        onReady?(readiness)
    }

    func deadlineReached() {
        deadlines += 1
        onDeadline?()
    }
}

/// Two ends of a connection over loopback.
final class Pair {
    var near: FileDescriptor?
    var far: FileDescriptor?

    init() throws {
        let listener = try Socket.listen(on: SocketAddress("127.0.0.1:0")!)
        near = try Socket.connect(to: listener.localAddress())
        for _ in 0..<1000 where far == nil {
            switch listener.accept() {
            case .connection(let descriptor, _): far = consume descriptor
            case .wouldBlock: Thread.sleep(.milliseconds(1))
            case .failed(let error): throw error
            }
        }
    }

    func sendFar(_ bytes: [UInt8]) { #expect(far!.send(bytes.span) == .bytes(bytes.count)) }
}

@Test func readinessIsReportedOnceForEachEdge() throws {
    let loop = try EventLoop()
    let pair = try Pair()
    let recorder = Recorder()
    let registration = try loop.register(pair.near!, recorder)
    loop.turn()
    #expect(recorder.readiness == [.writable])
    pair.sendFar([1, 2, 3])
    loop.turn(waitAtMost: .seconds(1))
    #expect(recorder.readiness.count == 2)
    #expect(recorder.readiness.last!.contains(.readable))
    loop.turn()
    #expect(recorder.readiness.count == 2)
    pair.far = nil
    loop.turn(waitAtMost: .seconds(1))
    #expect(recorder.readiness.last!.isSuperset(of: [.readable, .peerClosed]))
    registration.cancel()
}

@Test func staleEventOfAReusedDescriptorIsDropped() throws {
    let loop = try EventLoop()
    let first = try Pair(), second = try Pair()
    let one = Recorder(), two = Recorder(), fresh = Recorder()
    let registrations = [try loop.register(first.near!, one), try loop.register(second.near!, two)]
    loop.turn()
    // Both are reported in one turn; whoever is told first closes both, and a new descriptor takes the
    // number and the slot of the other.
    var replacement: Pair?
    var registered: [Registration] = []
    let onReady: (Readiness) -> Void = { _ in
        if replacement != nil { return }
        for registration in registrations { registration.cancel() }
        first.near = nil
        second.near = nil
        replacement = try! Pair()
        registered.append(try! loop.register(replacement!.near!, fresh))
    }
    one.onReady = onReady
    two.onReady = onReady
    one.readiness = []
    two.readiness = []
    first.sendFar([1])
    second.sendFar([1])
    loop.turn(waitAtMost: .seconds(1))
    #expect(one.readiness.count + two.readiness.count == 1)
    #expect(fresh.readiness.isEmpty)
    loop.turn(waitAtMost: .seconds(1))
    #expect(fresh.readiness == [.writable])
}

@Test func handlerThatAsksAgainIsCalledInTheNextTurn() throws {
    let loop = try EventLoop()
    let pair = try Pair()
    let recorder = Recorder()
    let registration = try loop.register(pair.near!, recorder)
    recorder.onReady = { readiness in
        if readiness == .writable { registration.again() }
    }
    loop.turn()
    #expect(recorder.readiness == [.writable])
    loop.turn(waitAtMost: nil)
    #expect(recorder.readiness == [.writable, .again])
}

@Test func deadlineFiresOnceAndNotEarly() throws {
    let loop = try EventLoop()
    let pair = try Pair()
    let recorder = Recorder()
    let registration = try loop.register(pair.near!, recorder)
    let deadline = MonotonicTime.now() + Nanoseconds.milliseconds(20)
    registration.setDeadline(deadline)
    while recorder.deadlines == 0 { loop.turn(waitAtMost: nil) }
    #expect(MonotonicTime.now() >= deadline)
    #expect(registration.deadline == nil)
    Thread.sleep(.milliseconds(5))
    loop.turn()
    #expect(recorder.deadlines == 1)
}

@Test func deadlineMovedLaterTouchesNoHeapAndFiresLater() throws {
    let loop = try EventLoop()
    let pair = try Pair()
    let recorder = Recorder()
    let registration = try loop.register(pair.near!, recorder)
    let start = MonotonicTime.now()
    for step in 10..<1000 { registration.setDeadline(start + Nanoseconds.milliseconds(Int64(min(step, 40)))) }
    #expect(loop.timerEntries == 1)
    while recorder.deadlines == 0 { loop.turn(waitAtMost: nil) }
    #expect(MonotonicTime.now() >= start + Nanoseconds.milliseconds(40))
    #expect(loop.timerEntries == 0)
}

@Test func deadlineMovedEarlierFiresEarlier() throws {
    let loop = try EventLoop()
    let pair = try Pair()
    let recorder = Recorder()
    let registration = try loop.register(pair.near!, recorder)
    let start = MonotonicTime.now()
    registration.setDeadline(start + Nanoseconds.seconds(60))
    registration.setDeadline(start + Nanoseconds.milliseconds(10))
    while recorder.deadlines == 0 { loop.turn(waitAtMost: nil) }
    #expect(MonotonicTime.now() < start + Nanoseconds.seconds(60))
}

@Test func deadlineMovedEarlierFiresOnce() throws {
    let loop = try EventLoop()
    let pair = try Pair()
    let recorder = Recorder()
    let registration = try loop.register(pair.near!, recorder)
    let start = MonotonicTime.now()
    registration.setDeadline(start + Nanoseconds.milliseconds(60))
    registration.setDeadline(start + Nanoseconds.milliseconds(10))
    while recorder.deadlines == 0 { loop.turn(waitAtMost: nil) }
    Thread.sleep(.milliseconds(60))
    loop.turn()
    #expect(recorder.deadlines == 1)
}

@Test func cancelledDeadlineDoesNotFire() throws {
    let loop = try EventLoop()
    let pair = try Pair()
    let recorder = Recorder()
    let registration = try loop.register(pair.near!, recorder)
    registration.setDeadline(.now() + Nanoseconds.milliseconds(5))
    registration.setDeadline(nil)
    let gone = try Pair()
    let other = Recorder()
    let ended = try loop.register(gone.near!, other)
    ended.setDeadline(.now() + Nanoseconds.milliseconds(5))
    ended.cancel()
    Thread.sleep(.milliseconds(10))
    loop.turn()
    loop.turn()
    #expect(recorder.deadlines == 0)
    #expect(other.deadlines == 0)
}

@Test func shortLivesDoNotPileUpTimers() throws {
    let loop = try EventLoop()
    let pair = try Pair()
    for _ in 0..<1000 {
        let registration = try loop.register(pair.near!, Recorder())
        registration.setDeadline(loop.now + Nanoseconds.seconds(30))
        registration.cancel()
    }
    #expect(loop.timerEntries == 1)
}

@Test func timersFireInOrderUnlessCancelled() throws {
    let loop = try EventLoop()
    var fired: [Int] = []
    for delay in [30, 10, 20] { loop.schedule(after: .milliseconds(Int64(delay))) { fired.append(delay) } }
    let cancelled = loop.schedule(after: .milliseconds(Int64(15))) { fired.append(15) }
    loop.cancel(cancelled)
    loop.schedule(after: .milliseconds(Int64(35))) { loop.stop() }
    loop.run()
    #expect(fired == [10, 20, 30])
    loop.cancel(cancelled)
}

@Test func timersOfAnyNumberFireInOrder() throws {
    let loop = try EventLoop()
    var fired: [Int64] = []
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<500 {
        let delay = Int64.random(in: 0..<20_000_000, using: &generator)
        loop.schedule(after: Nanoseconds(delay)) { fired.append(delay) }
    }
    while fired.count < 500 { loop.turn(waitAtMost: nil) }
    #expect(fired == fired.sorted())
}

@Test func deferredWorkRunsAtTheEndOfTheTurn() throws {
    let loop = try EventLoop()
    var order: [Int] = []
    loop.defer {
        order.append(2)
        loop.defer { order.append(3) }
    }
    order.append(1)
    loop.turn(waitAtMost: nil)
    #expect(order == [1, 2])
    loop.turn(waitAtMost: nil)
    #expect(order == [1, 2, 3])
}

@Test func loopsTakeTurnsAtASharedSocket() throws {
    let listener = try Socket.listen(on: SocketAddress("127.0.0.1:0")!)
    let address = try listener.localAddress()
    let sockets = try [listener.duplicate().take(), listener.duplicate().take()]
    let counts = Mutex([0, 0])
    let executors = Mutex<[LoopExecutor]>([])
    let threads = try sockets.enumerated().map { index, raw in
        try Thread.spawn(name: "loop-\(index)") {
            let loop = try! EventLoop()
            let acceptor = try! Acceptor(FileDescriptor(owning: raw), loop) { counts.withLock { $0[index] += 1 } }
            executors.withLock { $0.append(loop.executor) }
            loop.run()
            loop.unwatch(acceptor.socket)
        }
    }
    while executors.withLock({ $0.count }) < 2 { Thread.sleep(.milliseconds(1)) }
    for total in 1...20 {
        _ = try Socket.connect(to: address)
        while counts.withLock({ $0[0] + $0[1] }) < total { Thread.sleep(.milliseconds(1)) }
        Thread.sleep(.milliseconds(2))
    }
    #expect(counts.withLock { $0.min()! } >= 8)
    executors.withLock { $0.forEach { $0.stop() } }
    threads.forEach { $0.join() }
}

/// Accepts one connection, drops it, and lets the others have the next.
private final class Acceptor: ReadinessHandler {
    let socket: FileDescriptor
    private let accepted: () -> Void
    private var registration: Registration?

    init(_ socket: consuming FileDescriptor, _ loop: EventLoop, _ accepted: @escaping () -> Void) throws(SystemError) {
        self.socket = socket
        self.accepted = accepted
        registration = try loop.register(self.socket, self, isShared: true)
    }

    func ready(_ readiness: Readiness) {
        guard case .connection = socket.accept() else { return }
        accepted()
        try! registration?.requeue(socket)
    }

    func deadlineReached() {}
}
