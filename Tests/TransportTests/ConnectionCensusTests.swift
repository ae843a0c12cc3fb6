import Posix
import Testing

@testable import Transport

struct ConnectionCensusTests {
    func address(_ text: String) -> SocketAddress { SocketAddress(ip: text, port: 1)! }

    @Test func oneMoreThanTheLimitIsRefusedUntilOneHasLeft() {
        let census = ConnectionCensus(limit: 2, limitPerAddress: 9)
        #expect(census.enter() && census.enter())
        #expect(!census.enter() && census.count == 2)
        census.leave()
        #expect(census.enter())
    }

    @Test func eachAddressHasItsOwnLimit() {
        let census = ConnectionCensus(limit: 100, limitPerAddress: 2)
        for _ in 0..<2 { #expect(census.enter(from: address("192.0.2.1")) == .counted) }
        #expect(census.enter(from: address("192.0.2.1")) == .refused)
        #expect(census.enter(from: address("::ffff:192.0.2.1")) == .refused, "the same host over a socket for both")
        #expect(census.enter(from: address("192.0.2.2")) == .counted)
        census.leave(from: address("192.0.2.1"))
        #expect(census.enter(from: address("192.0.2.1")) == .counted)
    }

    @Test func oneSubscriberOfIPv6IsOneAddress() {
        let census = ConnectionCensus(limit: 100, limitPerAddress: 2)
        #expect(census.enter(from: address("2001:db8:0:1::1")) == .counted)
        #expect(census.enter(from: address("2001:db8:0:1:ffff::2")) == .counted)
        #expect(census.enter(from: address("2001:db8:0:1::3")) == .refused)
        #expect(census.enter(from: address("2001:db8:0:2::1")) == .counted)
    }

    @Test func proxiesAndUnixSocketsAreNotCounted() {
        let census = ConnectionCensus(limit: 100, limitPerAddress: 1) { $0.ip == "10.0.0.1" }
        for _ in 0..<5 {
            #expect(census.enter(from: address("10.0.0.1")) == .exempt)
            #expect(census.enter(from: .unix(path: "")) == .exempt)
        }
        #expect(census.addressCount == 0)
    }

    @Test func addressesThatHaveLeftTakeNoRoom() {
        let census = ConnectionCensus(limit: 100_000, limitPerAddress: 9)
        let all = (0..<2000).map { SocketAddress.ipv4(address: 0x0A00_0000 + UInt32($0 * 257), port: 1) }
        for one in all + all { #expect(census.enter(from: one) == .counted) }
        #expect(census.addressCount == 2000)
        for one in all + all { census.leave(from: one) }
        #expect(census.addressCount == 0)
    }

    @Test func anotherWithOtherLimitsCountsOn() {
        let before = ConnectionCensus(limit: 9, limitPerAddress: 9)
        for _ in 0..<3 { #expect(before.enter() && before.enter(from: address("192.0.2.1")) == .counted) }
        let after = ConnectionCensus(limit: 3, limitPerAddress: 3, continuing: before)
        #expect(!after.enter() && after.enter(from: address("192.0.2.1")) == .refused)
        before.leave()
        before.leave(from: address("192.0.2.1"))
        #expect(after.enter() && after.enter(from: address("192.0.2.1")) == .counted)
    }
}
