import Origins
import Posix
import Testing

struct EndpointOrderTests {
    func at(_ milliseconds: Int64) -> MonotonicTime { RetryBudgetTests.at(0) + .milliseconds(milliseconds) }

    @Test func theFirstIsPreferredAsLongAsItAnswers() {
        var order = EndpointOrder(count: 3)
        for time in 0..<10 { #expect(order.first(now: at(Int64(time))) == 0) }
        #expect(order.next(after: [0], now: at(0), atAnyRate: false) == 1)
        #expect(order.next(after: [0, 1, 2], now: at(0), atAnyRate: true) == nil)
    }

    @Test func oneThatIsGoneIsSetAsideForLongerAndLonger() {
        var order = EndpointOrder(count: 2)
        var time: Int64 = 0
        for seconds in [1, 2, 4, 8, 16, 32, 60, 60] as [Int64] {
            #expect(order.first(now: at(time)) == 0)
            #expect(order.failed(0, isGone: true, now: at(time)) == .seconds(seconds))
            // Those that were under way as well change nothing.
            #expect(order.failed(0, isGone: true, now: at(time)) == nil)
            #expect(order.first(now: at(time + seconds * 1000 - 1)) == 1)
            time += seconds * 1000
        }
        #expect(order.first(now: at(time)) == 0)
        // One tries it, the others do not.
        #expect(order.first(now: at(time)) == 1)
        #expect(order.answered(0) == true)
        #expect(order.first(now: at(time)) == 0)
        #expect(order.answered(0) == false)
        #expect(order.failed(0, isGone: true, now: at(time)) == .seconds(1))
    }

    @Test func errorsSetAsideOnlyInARow() {
        var order = EndpointOrder(count: 2)
        for _ in 0..<20 {
            for _ in 1..<EndpointOrder.errors { #expect(order.failed(0, isGone: false, now: at(0)) == nil) }
            #expect(order.answered(0) == false)
        }
        for _ in 1..<EndpointOrder.errors { _ = order.failed(0, isGone: false, now: at(0)) }
        #expect(order.failed(0, isGone: false, now: at(0)) == .seconds(1))
        #expect(order.first(now: at(0)) == 1)
    }

    @Test func whereAllAreSetAsideOneIsAskedAllTheSame() {
        var order = EndpointOrder(count: 2)
        _ = order.failed(0, isGone: true, now: at(0))
        _ = order.failed(1, isGone: true, now: at(100))
        #expect(order.first(now: at(200)) == 0)
        #expect(order.next(after: [0], now: at(200), atAnyRate: false) == nil)
        #expect(order.next(after: [0], now: at(200), atAnyRate: true) == 1)
    }

    @Test func theOnlyOneIsNeverSetAside() {
        var order = EndpointOrder(count: 1)
        for _ in 0..<20 { #expect(order.failed(0, isGone: true, now: at(0)) == nil) }
        #expect(order.first(now: at(0)) == 0)
    }
}
