import Testing
import Tokens

@Suite struct RetryGateTests {
    @Test func afterFailuresItIsAskedEverMoreRarely() throws {
        var gate = RetryGate()
        var now: Int64 = 100
        for delay in [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000] as [Int64] {
            let first = gate.allowsAsking(now: now)
            gate.failed(startedAt: now, now: now + 1, random: 0)
            let early = gate.allowsAsking(now: now + delay)
            #expect(first && !early && gate.retryAt == now + 1 + delay)
            now += 1 + delay
        }
    }

    @Test func theDelayIsUpToAQuarterLessByChance() {
        for random in [0, 1, 250, 251, .max] as [UInt64] {
            var gate = RetryGate()
            gate.failed(startedAt: 0, now: 0, random: random)
            #expect((750...1000).contains(gate.retryAt!))
        }
    }

    @Test func whatWasUnderWayWhenItBrokeCountsOnce() {
        var gate = RetryGate()
        for end in [10, 11, 12] as [Int64] { gate.failed(startedAt: 5, now: end, random: 0) }
        #expect(gate.failures == 1 && gate.retryAt == 1010)
    }

    @Test func oneAsksFirst() {
        var gate = RetryGate()
        gate.failed(startedAt: 0, now: 0, random: 0)
        // The one who asked at 1000 never comes back.
        let answers = [999, 1000, 1000, 30_999, 31_000, 31_000].map { gate.allowsAsking(now: $0) }
        #expect(answers == [false, true, false, false, true, false])
        gate.succeeded()
        let later = [31_000, 31_000].map { gate.allowsAsking(now: $0) }
        #expect(later == [true, true] && gate.failures == 0)
    }
}

@Suite struct GrantRefusalTests {
    @Test(
        arguments: [
            (400, "invalid_grant", true), (400, nil, true), (403, "invalid_code", true), (400, "invalid_request", true),
            (400, "interaction_required", true), (200, "bad_refresh_token", true), (403, nil, true),
            (400, "invalid_client", false), (401, nil, false), (401, "invalid_grant", false),
            (400, "unauthorized_client", false), (400, "unsupported_grant_type", false), (400, "invalid_scope", false),
            (400, "temporarily_unavailable", false), (404, nil, false), (405, nil, false), (413, nil, false),
        ] as [(Int, String?, Bool)])
    func whatEndsAGrantIsToldFromWhatDoesNot(status: Int, code: String?, ends: Bool) {
        #expect(TokenRefusal(status: status, code: code, description: nil).endsGrant == ends)
    }
}
