import Posix
import Testing

@testable import Transport

struct PaceTests {
    func at(_ seconds: Double) -> MonotonicTime { MonotonicTime(nanoseconds: UInt64((1000 + seconds) * 1e9)) }

    @Test func clientThatTakesAsMuchAsTheLeastRateGoesOn() {
        var pace = WritePace()
        pace.begin(at: at(0), taken: 1000)
        #expect(pace.deadline(window: .seconds(30)) == at(30))
        #expect(pace.judge(at: at(30), taken: 1000 + 30 * 512, rate: 512) == .goesOn)
        #expect(pace.deadline(window: .seconds(30)) == at(60), "a window of its own begins")
        #expect(pace.judge(at: at(60), taken: 1000 + 60 * 512 - 1, rate: 512) == .tooSlow)
    }

    @Test func clientThatTakesNothingHasStalledWhateverTheRate() {
        var pace = WritePace()
        pace.begin(at: at(0), taken: 7)
        #expect(pace.judge(at: at(30), taken: 7, rate: 0) == .stalled)
        #expect(pace.judge(at: at(30), taken: 8, rate: 0) == .goesOn)
    }

    @Test func bodyMayPauseForItsTimeAndEarnsMoreByWhatItBrings() {
        var pace = ReadPace()
        pace.begin(at: at(0), received: 100)
        func deadline(_ now: Double, _ received: Int, rate: Int = 512) -> MonotonicTime {
            pace.deadline(at: at(now), received: received, pause: .seconds(10), rate: rate)
        }
        #expect(deadline(0, 100) == at(10))
        #expect(deadline(9, 101) < at(10.01), "a byte now and then wins next to nothing")
        #expect(deadline(9, 100 + 512 * 5) == at(15))
        #expect(deadline(9, 1_000_000) == at(19), "a pause is a pause")
        #expect(deadline(9, 101, rate: 0) == at(19))
    }
}
