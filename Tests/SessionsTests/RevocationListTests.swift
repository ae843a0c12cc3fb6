import Sessions
import Testing

@Suite struct RevocationListTests {
    @Test func whatWasEndedIsKnownUntilItIsOver() {
        let id = SessionID.random()
        let empty = RevocationList()
        let list = empty.adding(id, until: 100, now: 50)
        #expect(list.contains(id))
        #expect(!empty.contains(id))
        #expect(!list.contains(.random()))
        #expect(list.removingExpired(now: 99).contains(id))
        #expect(!list.removingExpired(now: 100).contains(id))
        #expect(list.removingExpired(now: 100).count == 0)
    }

    @Test func whatIsOverIsNotTakenIn() {
        #expect(RevocationList().adding(.random(), until: 50, now: 50).count == 0)
    }

    @Test func theLaterEndCounts() {
        let id = SessionID.random()
        let list = RevocationList().adding(id, until: 100, now: 0).adding(id, until: 90, now: 0)
        #expect(list.count == 1)
        #expect(list.removingExpired(now: 95).contains(id))
    }

    @Test func aFullListGivesUpWhatEndsSoonest() {
        let ids = (0..<5).map { _ in SessionID.random() }
        var list = RevocationList(limit: 4)
        for (index, id) in ids.prefix(4).enumerated() { list = list.adding(id, until: 100 + Int64(index), now: 0) }
        #expect(list.count == 4)
        #expect(list.dropped == 0)
        list = list.adding(ids[4], until: 200, now: 0)
        #expect(list.count == 4)
        #expect(list.dropped == 1)
        #expect(!list.contains(ids[0]))
        #expect(ids.dropFirst().allSatisfy(list.contains))
    }

    @Test func aFullListGivesUpWhatIsOverFirst() {
        let ids = (0..<5).map { _ in SessionID.random() }
        var list = RevocationList(limit: 4)
        for (index, id) in ids.prefix(4).enumerated() { list = list.adding(id, until: 100 + Int64(index), now: 0) }
        list = list.adding(ids[4], until: 200, now: 102)
        #expect(list.count == 2)
        #expect(list.dropped == 0)
    }

    @Test func manyAreTakenInAtOnce() {
        let entries = (0..<100).map { (id: SessionID.random(), expiry: Int64($0)) }
        let list = RevocationList(limit: 50).adding(entries, now: -1)
        #expect(list.count == 50)
        #expect(entries.suffix(50).allSatisfy { list.contains($0.id) })
    }

    @Test func anIDHasSixteenBytes() {
        let bytes = (0..<16).map { UInt8($0 * 16 + 1) }
        #expect(SessionID(bytes)?.bytes == bytes)
        #expect(SessionID(Array(bytes.dropLast())) == nil)
        #expect(SessionID(bytes + [0]) == nil)
        #expect("\(SessionID(bytes)!)" == "01112131")
    }
}
