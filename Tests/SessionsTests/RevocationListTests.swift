import Cryptography
import Sessions
import Testing

@Suite struct RevocationListTests {
    private func session(_ number: Int, before: Int64 = 10, until: Int64 = 1000) -> Revocation {
        Revocation(.session(id(number)), before: before, until: until)
    }

    private func id(_ number: Int) -> SessionID {
        SessionID(Array(repeating: 0, count: 8) + (0..<8).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) })!
    }

    private func ends(_ list: RevocationList, _ what: Revocable, since start: Int64) -> Bool {
        list.ends(what.key, since: start)
    }

    @Test func whatBeganInTimeIsOverAndWhatBeganLaterIsNot() {
        var list = RevocationList()
        list.insert(session(1, before: 100, until: 500), now: 50)
        #expect(ends(list, .session(id(1)), since: 99) && ends(list, .session(id(1)), since: 100))
        #expect(!ends(list, .session(id(1)), since: 101))
        #expect(!ends(list, .session(id(2)), since: 1))
    }

    @Test func anEntryIsKnownUntilItIsOver() {
        var list = RevocationList()
        list.insert(session(1, until: 100), now: 50)
        list.removeExpired(now: 99)
        #expect(list.count == 1)
        list.removeExpired(now: 100)
        #expect(list.count == 0 && !ends(list, .session(id(1)), since: 1))
        let isNew = list.insert(session(1, until: 100), now: 100)
        #expect(!isNew && list.count == 0)
    }

    @Test func theLaterTimesCount() {
        var list = RevocationList()
        let spans: [(Int64, Int64)] = [(10, 100), (9, 100), (5, 200), (20, 50)]
        let areNew = spans.map { list.insert(session(1, before: $0.0, until: $0.1), now: 0) }
        #expect(areNew == [true, false, true, true])
        #expect(list.revocations == [session(1, before: 20, until: 200)])
    }

    @Test func everyKindHasNamesOfItsOwn() {
        let token = SecretText("t")
        let all: [Revocable] = [
            .session(id(1)), .signIn(id(1)), .grant(GrantID(session: id(1), refreshToken: token)),
            .grant(GrantID(session: id(2), refreshToken: token)),
            .providerSession(issuer: "a", client: "b", id: "c"), .account(issuer: "a", client: "b", subject: "c"),
            .providerSession(issuer: "a", client: "bc", id: ""), .providerSession(issuer: "ab", client: "", id: "c"),
            .providerSession(issuer: "", client: "a", id: "bc"), .providerSession(issuer: "a", client: "1:b", id: "c"),
            .account(issuer: "a", client: "b1:c", subject: ""), .logoutToken(issuer: "a", id: "bc"),
            .logoutToken(issuer: "ab", id: "c"), .user("a"), .user("b"), .group("a"), .site("a"),
        ]
        #expect(Set(all.map(\.key)).count == all.count)
        var list = RevocationList()
        list.insert(Revocation(all[4], before: 10, until: 20), now: 0)
        #expect(all.filter { list.ends($0.key, since: 1) } == [all[4]])
    }

    @Test func anAddressIsOneInAnyCaseAndEveryOtherNameIsAsItIs() {
        #expect(Revocable.user("Alice@Example.COM").key == Revocable.user("alice@example.com").key)
        #expect(Revocable.user("Alice").key != Revocable.user("alice").key)
        #expect(Revocable.group("A@b").key != Revocable.group("a@b").key)
    }

    @Test func whatEndsManySessionsHasRoomOfItsOwn() {
        var list = RevocationList(limit: 10)
        #expect(list.isEmpty(.sweeps) && list.latest(in: .sweeps) == .min)
        list.insert(Revocation(.user("alice"), before: 5, until: 1000), now: 0)
        list.insert(Revocation(.site("docs"), before: 7, until: 1000), now: 0)
        for number in 1...100 { list.insert(session(number, before: Int64(number) * 10), now: 0) }
        #expect(ends(list, .user("alice"), since: 5) && !ends(list, .user("alice"), since: 6))
        #expect(!list.isEmpty(.sweeps) && list.latest(in: .sweeps) == 7 && list.count(in: .sweeps) == 2)
        list.insert(Revocation(.everything(.sweeps), before: 9, until: 1000), now: 0)
        #expect(ends(list, .group("anybody"), since: 9) && list.latest(in: .sweeps) == 9)
        let read = RevocationJournal.decode(RevocationJournal.encode(list.revocations))
        #expect(Set(read.revocations) == Set(list.revocations) && read.damaged == 0)
        list.removeExpired(now: 1000)
        #expect(list.count(in: .sweeps) == 0)
    }

    @Test func whereThereIsNoRoomTheOldestGoAndAllThatIsAsOldWithThem() {
        var list = RevocationList(limit: 20)
        for number in 1...20 { list.insert(session(number, before: Int64(number) * 10), now: 0) }
        #expect(list.count == 20 && list.overflows == 0 && !ends(list, .session(id(99)), since: 1))
        list.insert(session(21, before: 500), now: 0)
        #expect(list.count == 19 && list.overflows == 1)
        for number in 1...21 { #expect(ends(list, .session(id(number)), since: min(Int64(number) * 10, 500))) }
        #expect(ends(list, .session(id(99)), since: 20), "as old as what was given up")
        #expect(!ends(list, .session(id(99)), since: 21))
    }

    @Test func whatIsOverGoesFirst() {
        var list = RevocationList(limit: 4)
        for number in 1...4 { list.insert(session(number, until: 100 + Int64(number)), now: 0) }
        list.insert(session(5), now: 102)
        #expect(list.count == 3 && list.overflows == 0 && !ends(list, .session(id(99)), since: 1))
    }

    @Test func oneSpacePushesNothingOutOfAnother() {
        var list = RevocationList(limit: 4)
        list.insert(session(1, before: 1), now: 0)
        for number in 1...50 { list.insert(Revocation(.signIn(id(number)), before: 90, until: 100), now: 0) }
        #expect(list.count(in: .sessions) == 1 && list.count(in: .signIns) <= 4)
        #expect(ends(list, .signIn(id(77)), since: 90) && !ends(list, .session(id(77)), since: 1))
    }

    @Test func aListSaysTheSameOnceItHasBeenTakenApart() {
        var list = RevocationList(limit: 20)
        for number in 1...30 { list.insert(session(number, before: Int64(number)), now: 0) }
        var other = RevocationList()
        for revocation in list.revocations { other.insert(revocation, now: 0) }
        #expect(Set(other.revocations) == Set(list.revocations))
        #expect(ends(other, .session(id(99)), since: 2) == ends(list, .session(id(99)), since: 2))
    }

    @Test func whatIsOverDoesNotPileUp() {
        var list = RevocationList()
        for number in 0..<10_000 { list.insert(session(number, until: Int64(number) + 10), now: Int64(number)) }
        #expect(list.count <= 2048)
    }

    @Test func anIDHasSixteenBytes() {
        let bytes = (0..<16).map { UInt8($0 * 16 + 1) }
        #expect(SessionID(bytes)?.bytes == bytes)
        #expect(SessionID(Array(bytes.dropLast())) == nil)
        #expect(SessionID(bytes + [0]) == nil)
        #expect("\(SessionID(bytes)!)" == "01112131")
    }
}

@Suite struct RevocationJournalTests {
    private let samples = (0..<20).map { number in
        let id = SessionID(Array(repeating: UInt8(number), count: 16))!
        return Revocation(
            number % 5 == 4 ? .everything(.signIns) : .key(Revocable.session(id).key), before: Int64(number) - 3,
            until: .max - Int64(number))
    }

    @Test func whatWasWrittenIsRead() {
        let bytes = RevocationJournal.encode(samples)
        #expect(bytes.count == samples.count * RevocationJournal.entrySize)
        let read = RevocationJournal.decode(bytes)
        #expect(read.revocations == samples && read.consumed == bytes.count && read.damaged == 0)
    }

    @Test func anEntryThatIsNotWholeYetIsLeft() {
        let bytes = RevocationJournal.encode(samples)
        for cut in [0, 1, 47, 48, 49, 95] {
            let read = RevocationJournal.decode(Array(bytes.prefix(cut)))
            #expect(read.revocations == Array(samples.prefix(cut / 48)) && read.consumed == cut / 48 * 48)
            #expect(read.damaged == 0)
        }
    }

    @Test func anEntryThatWasCutShortLosesNoOther() {
        let bytes = RevocationJournal.encode(Array(samples[..<4]))
        for cut in 1..<48 {
            let torn = Array(bytes[..<(48 + cut)] + bytes[96...])
            let read = RevocationJournal.decode(torn)
            #expect(read.revocations == [samples[0], samples[2], samples[3]] && read.damaged == cut)
        }
    }

    @Test func everyChangedByteIsNoticed() {
        let bytes = RevocationJournal.encode(Array(samples[..<3]))
        for index in 48..<96 {
            var changed = bytes
            changed[index] ^= 0x81
            #expect(RevocationJournal.decode(changed).revocations == [samples[0], samples[2]])
        }
    }

    @Test func anythingElseIsNothing() {
        let read = RevocationJournal.decode(Array(repeating: 1, count: 4096))
        #expect(read.revocations.isEmpty && read.consumed == 4096 - 47 && read.damaged == read.consumed)
        #expect(RevocationJournal.decode([]).consumed == 0)
    }

    @Test func itHoldsNoName() {
        let bytes = RevocationJournal.encode([
            Revocation(.account(issuer: "https://id.test", client: "client", subject: "alice@x"), before: 1, until: 2)
        ])
        #expect(!String(decoding: bytes, as: UTF8.self).contains("alice"))
    }
}
