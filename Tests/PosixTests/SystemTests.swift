import Posix
import Synchronization
import Testing

@Test func timeAddsAndStopsAtItsEnds() {
    let time = MonotonicTime(nanoseconds: 1_000)
    #expect((time + Nanoseconds(500)).nanoseconds == 1_500)
    #expect((time + Duration.milliseconds(1)).nanoseconds == 1_001_000)
    #expect((time + Nanoseconds(-2_000)).nanoseconds == 0)
    #expect(MonotonicTime.distantFuture + Nanoseconds(1) == .distantFuture)
    #expect((MonotonicTime(nanoseconds: 5) - time).count == -995)
    #expect(Nanoseconds(Duration.seconds(Int64.max)).count == .max)
    #expect(Nanoseconds(12_345_678).description == "12.345 ms")
    let first = MonotonicTime.now()
    #expect(MonotonicTime.now() >= first)
}

@Test func aThreadRunsAndIsJoined() throws {
    let done = Flag()
    let thread = try Thread.spawn(name: "a name that is longer than fifteen") { done.set() }
    thread.join()
    thread.join()
    #expect(done.isSet)
}

@Test func anEventIsSummedAndDrained() throws {
    let event = try EventFD()
    #expect(event.drain() == 0)
    event.signal()
    event.signal()
    #expect(event.drain() == 2)
}

@Test func anUndrainedEventIsAnEdgeEachTime() throws {
    let epoll = try Epoll()
    let event = try EventFD()
    try epoll.add(event.descriptor.raw, token: 7)
    #expect(epoll.wait(milliseconds: 0) == 1)
    for _ in 0..<3 {
        event.signal()
        #expect(epoll.wait(milliseconds: 0) == 1)
        let report = epoll.report(0)
        #expect(report.token == 7 && report.readiness.contains(.readable))
        #expect(epoll.wait(milliseconds: 0) == 0)
    }
}

@Test func addressesOfTheMachineItselfAreFound() throws {
    let found = try NameLookup.addresses(of: "localhost")
    #expect(found.allSatisfy { $0.isLoopback })
    #expect(throws: NameLookup.Failure.self) { try NameLookup.addresses(of: "no-such-host.invalid") }
    #expect(throws: NameLookup.Failure.self) { try NameLookup.addresses(of: "a\0b") }
}

@Test func theOpenFilesLimitIsRaised() {
    #expect(ProcessLimits.raiseOpenFiles() >= 1024)
}

private final class Flag: Sendable {
    private let state = Mutex(false)
    func set() { state.withLock { $0 = true } }
    var isSet: Bool { state.withLock { $0 } }
}
