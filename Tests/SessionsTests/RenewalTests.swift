import Cryptography
import Sessions
import Testing

@Suite struct GrantScheduleTests {
    @Test func aTokenIsRenewedATenthOfItsLifeAheadOfItsEndAndAMinuteAtMost() {
        #expect(GrantSchedule.due(obtainedAt: 1000, expiresAt: 1000 + 3600) == 1000 + 3540)
        #expect(GrantSchedule.due(obtainedAt: 1000, expiresAt: 1000 + 601) == 1000 + 541)
        #expect(GrantSchedule.due(obtainedAt: 1000, expiresAt: 1000 + 300) == 1000 + 270)
        #expect(GrantSchedule.due(obtainedAt: 1000, expiresAt: 1000 + 9) == 1000 + 9)
    }

    @Test func nothingIsRenewedTwiceInASecond() {
        for expiry in [0, 999, 1000, 1001] as [Int64] {
            #expect(GrantSchedule.due(obtainedAt: 1000, expiresAt: expiry) == 1001)
        }
        #expect(GrantSchedule.due(obtainedAt: .max, expiresAt: 1) == .max)
        #expect(GrantSchedule.due(obtainedAt: -5, expiresAt: .max) == .max)
    }

    @Test func whatCameWithoutAnIDTokenCountsAsLongAsTheAccessToken() {
        #expect(GrantSchedule.end(obtainedAt: 1000, expiresIn: 600) == 1600)
        #expect(GrantSchedule.end(obtainedAt: 1000, expiresIn: nil) == 4600)
        #expect(GrantSchedule.end(obtainedAt: 1000, expiresIn: 0) == 1060)
        #expect(GrantSchedule.end(obtainedAt: .max, expiresIn: 600) == .max)
    }

    @Test func aSessionWithoutARefreshTokenIsNeverDue() {
        var record = Samples.record()
        #expect(record.renewalDueAt == Samples.now + 3540)
        record.grantExpiresAt = Samples.now + 100
        #expect(record.renewalDueAt == Samples.now + 90)
        record.refreshToken = nil
        #expect(record.renewalDueAt == .max && record.grant == nil)
    }
}

@Suite struct SuccessorsTests {
    private func grant(_ token: String, _ session: SessionID = SessionID(Array(repeating: 7, count: 16))!) -> GrantID {
        GrantID(session: session, refreshToken: SecretText(token))
    }

    @Test func aGrantIsOfOneSessionAndOneToken() {
        #expect(grant("a") == grant("a"))
        #expect(grant("a") != grant("b"))
        #expect(grant("a") != grant("a", .random()))
    }

    @Test func whatCameOfARenewalIsKnownForItsTime() {
        var known = Successors<String>()
        known.insert("new", size: 1, for: grant("old"), now: 1000)
        #expect(known.value(of: grant("old"), now: 1899) == "new")
        #expect(known.value(of: grant("old"), now: 1900) == nil)
        #expect(known.value(of: grant("other"), now: 1000) == nil)
    }

    @Test func theLaterAnswerCounts() {
        var known = Successors<String>()
        known.insert("one", size: 1, for: grant("old"), now: 1000)
        known.insert("two", size: 1, for: grant("old"), now: 1500)
        known.insert("else", size: 1, for: grant("else"), now: 1900)
        #expect(known.value(of: grant("old"), now: 1901) == "two" && known.count == 2)
        let removed = known.remove(grant("old")), again = known.remove(grant("old"))
        #expect(removed == "two" && again == nil)
    }

    @Test func theOldestGoesWhereThereAreTooMany() {
        var known = Successors<Int>(limit: 3)
        for number in 0..<3 { known.insert(number, size: 1, for: grant("\(number)"), now: 0) }
        #expect(known.count == 3 && known.value(of: grant("0"), now: 1) == 0)
        known.insert(3, size: 1, for: grant("3"), now: 0)
        #expect(known.count == 3 && known.value(of: grant("0"), now: 1) == nil)
        #expect(known.value(of: grant("1"), now: 1) == 1)
    }

    @Test func theOldestGoesWhereTheyAreTooLarge() {
        var known = Successors<Int>(sizeLimit: 100)
        known.insert(0, size: 50, for: grant("0"), now: 0)
        known.insert(1, size: 50, for: grant("1"), now: 0)
        #expect(known.count == 2)
        known.insert(2, size: 1, for: grant("2"), now: 0)
        #expect(known.count == 2 && known.value(of: grant("0"), now: 1) == nil)
    }

    @Test func itStaysBoundedHoweverOftenOneIsReplaced() {
        var known = Successors<Int>(limit: 10)
        for number in 0..<10_000 { known.insert(number, size: 1, for: grant("\(number % 3)"), now: Int64(number)) }
        #expect(known.count == 3 && known.value(of: grant("0"), now: 10_000) == 9999)
    }
}
