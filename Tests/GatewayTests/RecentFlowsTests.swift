import Sessions
import Testing

@testable import Gateway

@Suite struct RecentFlowsTests {
    private func inserted(_ flow: SessionID, at now: Int64, into flows: inout RecentFlows) -> Bool {
        flows.insert(flow, now: now)
    }

    @Test func aFlowIsTakenOnce() {
        var flows = RecentFlows(lifetime: 900)
        let flow = SessionID.random()
        #expect(inserted(flow, at: 1000, into: &flows))
        #expect(!inserted(flow, at: 1000, into: &flows))
        #expect(!inserted(flow, at: 1900, into: &flows))
    }

    @Test func itForgetsWhatCannotComeAgain() {
        var flows = RecentFlows(lifetime: 900)
        let flow = SessionID.random()
        #expect(inserted(flow, at: 1000, into: &flows))
        #expect(inserted(.random(), at: 1901, into: &flows))
        #expect(inserted(flow, at: 1901, into: &flows))
    }

    @Test func itIsBounded() {
        var flows = RecentFlows(lifetime: 900, capacity: 100)
        let first = SessionID.random()
        #expect(inserted(first, at: 0, into: &flows))
        for _ in 0..<5000 { #expect(inserted(.random(), at: 0, into: &flows)) }
        #expect(inserted(first, at: 0, into: &flows))
        #expect(flows.count <= 100)
    }
}
