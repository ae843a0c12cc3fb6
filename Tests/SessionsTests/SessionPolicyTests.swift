import Sessions
import Testing

@Suite struct SessionPolicyTests {
    private let policy = SessionPolicy(idle: 3600, lifetime: 43_200)
    private let now = Samples.now

    private func judge(
        _ policy: SessionPolicy, age: Int64, unused: Int64, tokenFor: Int64 = 3600
    ) -> SessionPolicy.Verdict {
        var record = Samples.record(createdAt: now - age, lastSeenAt: now - unused)
        record.tokenExpiresAt = now + tokenFor
        return policy.judge(record, now: now)
    }

    @Test func aSessionEndsAtItsLimits() {
        #expect(judge(policy, age: 43_199, unused: 0) == .valid(isRenewalDue: false))
        #expect(judge(policy, age: 43_200, unused: 0) == .expired(.lifetime))
        #expect(judge(policy, age: 4000, unused: 3599) == .valid(isRenewalDue: true))
        #expect(judge(policy, age: 4000, unused: 3600) == .expired(.idle))
    }

    @Test func theTokenEndsItOnlyWhereThatIsAsked() {
        let strict = SessionPolicy(idle: 3600, lifetime: 43_200, endsWithToken: true)
        #expect(judge(strict, age: 10, unused: 0, tokenFor: 1) == .valid(isRenewalDue: false))
        #expect(judge(strict, age: 10, unused: 0, tokenFor: 0) == .expired(.token))
        #expect(judge(policy, age: 10, unused: 0, tokenFor: -100) == .valid(isRenewalDue: false))
    }

    @Test func renewalIsDueOnceInAnInterval() {
        #expect(policy.renewalInterval == 360)
        #expect(judge(policy, age: 4000, unused: 359) == .valid(isRenewalDue: false))
        #expect(judge(policy, age: 4000, unused: 360) == .valid(isRenewalDue: true))
        #expect(SessionPolicy(idle: 600, lifetime: 1).renewalInterval == 60)
        #expect(SessionPolicy(idle: 599, lifetime: 1).renewalInterval == 60)
    }

    @Test func aShortIdleTimeIsRenewedInTime() {
        #expect(SessionPolicy(idle: 60, lifetime: 1).renewalInterval == 30)
        #expect(SessionPolicy(idle: 4, lifetime: 1).renewalInterval == 2)
        #expect(SessionPolicy(idle: 1, lifetime: 1).renewalInterval == 1)
    }

    @Test func aSessionFromTheFutureIsRefused() {
        #expect(judge(policy, age: -300, unused: -300) == .valid(isRenewalDue: false))
        #expect(judge(policy, age: -301, unused: 0) == .expired(.clock))
        #expect(judge(policy, age: 0, unused: -301) == .expired(.clock))
        #expect(policy.judge(Samples.record(createdAt: 0, lastSeenAt: .max), now: .min) == .expired(.clock))
    }

    @Test func theEndIsTheEarliestLimit() {
        let record = Samples.record(createdAt: now - 42_000, lastSeenAt: now)
        #expect(policy.end(of: record) == now + 1200)
        #expect(policy.lastPossibleEnd(of: record) == now + 1200)
        #expect(policy.end(of: Samples.record(createdAt: now)) == now + 3600)
        let strict = SessionPolicy(idle: 9000, lifetime: 43_200, endsWithToken: true)
        #expect(strict.end(of: Samples.record(createdAt: now)) == now + 3600)
        #expect(SessionPolicy(idle: .max, lifetime: .max).end(of: record) == .max)
    }
}
