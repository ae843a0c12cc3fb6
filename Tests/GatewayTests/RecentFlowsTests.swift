import Sessions
import Testing

@testable import Gateway

@Suite struct RecentFlowsTests {
    @Test func aFlowIsTakenOnce() {
        var flows = RecentFlows(lifetime: 900)
        let flow = SessionID.random()
        let taken = [1000, 1000, 1900].map { flows.insert(flow, now: $0) }
        #expect(taken == [true, false, false])
    }

    @Test func itForgetsWhatCannotComeAgain() {
        var flows = RecentFlows(lifetime: 900)
        let flow = SessionID.random()
        let taken = [flows.insert(flow, now: 1000), flows.insert(.random(), now: 1901), flows.insert(flow, now: 1901)]
        #expect(taken == [true, true, true])
        #expect(flows.count == 2)
    }

    @Test func itIsBounded() {
        var flows = RecentFlows(lifetime: 900, capacity: 100)
        var taken = 0
        for _ in 0..<5000 where flows.insert(.random(), now: 0) { taken += 1 }
        #expect(taken == 5000)
        #expect(flows.count <= 100)
    }
}
