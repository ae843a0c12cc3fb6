import TLS
import Testing

@Suite struct TicketKeyTests {
    private func named(_ keys: TicketKeys, _ name: [UInt8], now: Int) -> Bool? {
        keys.named(name, now: now)?.isNewest
    }

    @Test func aKeyIsReplacedAfterItsLifetimeAndOpensForAnother() {
        let keys = TicketKeys(now: 0)
        let first = keys.newest(now: 0).name
        #expect(keys.newest(now: TicketKeys.lifetime - 1).name == first)
        #expect(named(keys, first, now: 10) == true)
        let second = keys.newest(now: TicketKeys.lifetime).name
        #expect(second != first)
        #expect(named(keys, first, now: TicketKeys.lifetime) == false)
        #expect(named(keys, second, now: TicketKeys.lifetime) == true)
        #expect(named(keys, first, now: 2 * TicketKeys.lifetime) == nil)
        #expect(named(keys, second, now: 2 * TicketKeys.lifetime) == false)
    }

    @Test func afterALongQuietNoOldKeyOpens() {
        let keys = TicketKeys(now: 0)
        let first = keys.newest(now: 0).name
        #expect(named(keys, first, now: 2 * TicketKeys.lifetime) == nil)
    }
}
