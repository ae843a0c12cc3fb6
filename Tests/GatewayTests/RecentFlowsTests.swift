import Sessions
import Testing

@testable import Gateway

@Suite struct RecentFlowsTests {
    @Test func aFlowIsTakenOnce() {
        var flows = RecentFlows(lifetime: 900)
        let flow = SessionID.random()
        #expect(flows.insert(flow, now: 1000))
        #expect(!flows.insert(flow, now: 1000))
        #expect(!flows.insert(flow, now: 1900))
    }

    @Test func itForgetsWhatCannotComeAgain() {
        var flows = RecentFlows(lifetime: 900)
        let flow = SessionID.random()
        #expect(flows.insert(flow, now: 1000))
        #expect(flows.insert(.random(), now: 1901))
        #expect(flows.insert(flow, now: 1901))
    }

    @Test func itIsBounded() {
        var flows = RecentFlows(lifetime: 900, capacity: 100)
        let first = SessionID.random()
        #expect(flows.insert(first, now: 0))
        for _ in 0..<5000 { #expect(flows.insert(.random(), now: 0)) }
        #expect(flows.insert(first, now: 0))
        #expect(flows.count <= 100)
    }
}
