import Origins
import Posix
import Testing

struct RetryBudgetTests {
    static func at(_ seconds: Int64) -> MonotonicTime {
        MonotonicTime(nanoseconds: 1_000_000_000_000) + .seconds(seconds)
    }

    func granted(_ budget: inout RetryBudget, at seconds: Int64) -> Int {
        var count = 0
        while count < 10_000, budget.withdraw(now: Self.at(seconds)) { count += 1 }
        return count
    }

    @Test func aShareOfTheRequestsMayBeRepeatedAndSomeASecondBesides() {
        var budget = RetryBudget(percent: 20, perSecond: 3)
        for _ in 0..<1000 { budget.noteRequest(now: Self.at(0)) }
        #expect(granted(&budget, at: 1) == 230)
        #expect(granted(&budget, at: 4) == 0)
    }

    @Test func whatIsCountedIsForgottenAfterTenSeconds() {
        var budget = RetryBudget(percent: 50, perSecond: 0)
        for _ in 0..<100 { budget.noteRequest(now: Self.at(0)) }
        #expect(granted(&budget, at: 6) == 50)
        #expect(granted(&budget, at: 30) == 0)
    }

    @Test func inTheLongRunNoMoreIsGranted() {
        var budget = RetryBudget(percent: 0, perSecond: 10)
        let all = (0..<600).reduce(0) { sum, second in sum + granted(&budget, at: Int64(second)) }
        #expect((5900...6100).contains(all), "\(all)")
    }

    @Test func withoutEitherNothingIsRepeated() {
        var budget = RetryBudget(percent: 0, perSecond: 0)
        for _ in 0..<1000 { budget.noteRequest(now: Self.at(0)) }
        #expect(granted(&budget, at: 0) == 0)
    }
}
