import Posix
import Reactor
import Testing

@testable import Gateway

/// A watchdog of two loops, all of which turn when the test says so.
private final class Watched {
    let own: EventLoop, first: EventLoop, second: EventLoop
    var told = 0
    var late: [[Int]] = []
    private(set) var watchdog: Watchdog!

    init(patience: Nanoseconds) throws {
        own = try EventLoop()
        first = try EventLoop()
        second = try EventLoop()
        watchdog = Watchdog(
            loop: own, watching: [first.executor, second.executor], patience: patience,
            tell: { [unowned self] in told += 1 }, isLate: { [unowned self] in late.append($0) })
        watchdog.start()
    }

    func turn(_ loops: EventLoop...) {
        for loop in loops { loop.turn() }
        own.turn()
    }

    /// The own loop alone, past the end of a round.
    func pass(_ time: Nanoseconds) { own.turn(waitAtMost: time) }
}

@Suite struct WatchdogTests {
    @Test func theManagerHearsWhenAllLoopsHaveAnswered() throws {
        let one = try Watched(patience: .seconds(60))
        one.turn(one.first)
        #expect(one.told == 0)
        one.turn(one.second)
        #expect(one.told == 1)
        // Once a round.
        one.turn(one.first, one.second)
        #expect(one.told == 1)
    }

    @Test func aRoundBeginsEachHalfOfTheManagersTime() throws {
        let one = try Watched(patience: .milliseconds(400))
        for round in 1...2 {
            let start = MonotonicTime.now()
            one.turn(one.first, one.second)
            #expect(one.told == round)
            one.pass(.seconds(5))
            #expect((.milliseconds(190) ..< .milliseconds(400)).contains(MonotonicTime.now() - start))
        }
        #expect(one.late.isEmpty)
    }

    @Test func aLoopThatIsStuckKeepsTheManagerFromHearing() throws {
        let one = try Watched(patience: .milliseconds(20))
        for _ in 0..<20 {
            one.turn(one.first)
            Thread.sleep(.milliseconds(2))
        }
        #expect(one.told == 0)
        // It is said once.
        #expect(one.late == [[1]])
    }

    @Test func aLoopThatGoesOnIsAskedAgainAtOnce() throws {
        let one = try Watched(patience: .milliseconds(20))
        one.turn(one.first)
        one.pass(.seconds(5))
        #expect(one.told == 0 && one.late == [[1]])
        one.turn(one.second)
        #expect(one.told == 1)
        one.turn(one.first, one.second)
        #expect(one.told == 2 && one.late == [[1]])
    }

    @Test func nothingIsToldAfterItsEnd() throws {
        let one = try Watched(patience: .milliseconds(2))
        one.watchdog.end()
        one.turn(one.first, one.second)
        one.pass(.milliseconds(10))
        one.turn(one.first, one.second)
        #expect(one.told == 0 && one.late.isEmpty)
    }
}
