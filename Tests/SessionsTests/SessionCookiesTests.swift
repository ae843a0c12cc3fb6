import Cryptography
import Sessions
import Testing

@Suite struct SessionCookiesTests {
    private let cookies = Samples.cookies()

    /// A session in as many parts.
    private func set(_ parts: Int, lastSeenAt: Int64 = Samples.now) throws -> (SessionRecord, [SessionCookie]) {
        let record = Samples.record(signature: 256 + (parts - 1) * 2900, lastSeenAt: lastSeenAt)
        let set = try cookies.encode(record)
        #expect(set.count == parts)
        return (record, set)
    }

    @Test(arguments: 1...4)
    func aSessionComesBack(parts: Int) throws {
        let (record, set) = try set(parts)
        #expect(set[0].name == (parts == 1 ? "__Host-postern" : "__Host-postern.1"))
        #expect(cookies.load(Samples.request(set))?.record == record)
        #expect(cookies.load(Samples.request(set.reversed()))?.isNewestKey == true)
        for cookie in set {
            #expect(cookie.value.utf8.count <= SessionCookies.valueLimit)
            #expect(cookie.name.utf8.count + 1 + cookie.value.utf8.count + SessionCookies.attributesSize < 4096)
            #expect(cookie.value.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"\",;\\".utf8.contains($0) })
        }
    }

    @Test func oneByteTooManyIsTooLarge() throws {
        var largest = 0
        for signature in 10_400..<11_000 {
            if let set = try? cookies.encode(Samples.record(signature: signature)) {
                #expect(set.count == 4)
                largest = signature
            }
        }
        #expect(largest > 10_400 && largest < 10_999)
        #expect(throws: SessionCookieError.tooLarge) {
            try cookies.encode(Samples.record(signature: 11_200))
        }
    }

    @Test func aLongNameLeavesLessRoom() throws {
        let cookies = Samples.cookies(name: String(repeating: "n", count: 500))
        let set = try cookies.encode(Samples.record(signature: 3000))
        #expect(set.count == 2)
        for cookie in set {
            #expect(cookie.name.utf8.count + 1 + cookie.value.utf8.count + SessionCookies.attributesSize < 4096)
        }
        #expect(cookies.load(Samples.request(set)) != nil)
    }

    @Test func everyChangedCharacterIsRefused() throws {
        for parts in 1...2 {
            let (_, set) = try set(parts)
            for index in set.indices {
                let value = Array(set[index].value.utf8)
                for position in value.indices where parts == 1 || position % 37 == 0 || position < 12 {
                    var changed = value
                    changed[position] = changed[position] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
                    var request = set
                    request[index] = SessionCookie(
                        name: set[index].name, value: String(decoding: changed, as: UTF8.self))
                    #expect(cookies.load(Samples.request(request)) == nil)
                }
            }
        }
    }

    @Test func missingSwappedAndCutPartsAreRefused() throws {
        let (_, set) = try set(3)
        for index in set.indices {
            var request = set
            request.remove(at: index)
            #expect(cookies.load(Samples.request(request)) == nil)
        }
        for (a, b) in [(0, 1), (1, 2), (0, 2)] {
            var request = set
            request[a] = SessionCookie(name: set[a].name, value: set[b].value)
            request[b] = SessionCookie(name: set[b].name, value: set[a].value)
            #expect(cookies.load(Samples.request(request)) == nil)
        }
        for value in [
            "", "3", "3abcdef", "3abcdef.", "0abcdef.AAAA", "9abcdef.AAAA", "-1bcdef.AAAA", "99999999.AAAA", "ü",
        ] {
            var request = set
            request[0] = SessionCookie(name: set[0].name, value: value)
            #expect(cookies.load(Samples.request(request)) == nil)
        }
    }

    @Test func partsOfTwoSessionsDoNotMix() throws {
        let (_, one) = try set(2)
        let (_, two) = try set(2)
        #expect(cookies.load(Samples.request([one[0], two[1]])) == nil)
    }

    @Test func leftoversOfALongerSessionDoNoHarm() throws {
        let (_, long) = try set(4, lastSeenAt: Samples.now - 100)
        let (short, two) = try set(2)
        let request = two + long[2...]
        #expect(cookies.load(Samples.request(request))?.record == short)
        #expect(
            cookies.namesToClear(presentIn: Samples.request(request), keeping: two)
                == ["__Host-postern.3", "__Host-postern.4"])
        let (single, one) = try set(1)
        #expect(cookies.load(Samples.request(one + long))?.record == single)
        #expect(cookies.load(Samples.request(one + long.dropFirst()))?.record == single)
        #expect(cookies.load(Samples.request(one + long[..<1]))?.record == single)
        #expect(cookies.namesToClear(presentIn: Samples.request(one + long), keeping: one) == long.map(\.name))
    }

    @Test func leftoversOfAShorterSessionDoNoHarm() throws {
        let (_, one) = try set(1, lastSeenAt: Samples.now - 100)
        let (long, parts) = try set(3)
        #expect(cookies.load(Samples.request(one + parts))?.record == long)
        #expect(cookies.namesToClear(presentIn: Samples.request(one + parts), keeping: parts) == ["__Host-postern"])
        let broken = SessionCookie(name: "__Host-postern", value: "x")
        #expect(cookies.load(Samples.request([broken] + parts))?.record == long)
    }

    @Test func aNameThatComesTwiceIsNoSession() throws {
        for parts in [1, 3] {
            let (_, set) = try set(parts)
            for cookie in set {
                let request = Samples.request(set + [cookie])
                #expect(cookies.load(request) == nil)
                #expect(cookies.present(request) == .ambiguous)
                #expect(cookies.namesToClear(presentIn: request).sorted() == set.map(\.name).sorted())
            }
        }
    }

    @Test func noCookieIsNoSession() {
        #expect(cookies.present { _ in [] } == .nothing)
        #expect(cookies.load { _ in [] } == nil)
        #expect(cookies.namesToClear { _ in [] } == [])
    }

    @Test func anotherSiteOrKeyOpensNothing() throws {
        let (record, set) = try set(1)
        #expect(Samples.cookies(site: "wiki").load(Samples.request(set)) == nil)
        #expect(Samples.cookies(Samples.ring(2)).load(Samples.request(set)) == nil)
        let rotated = Samples.cookies(Samples.ring(2, 1)).load(Samples.request(set))
        #expect(rotated?.record == record)
        #expect(rotated?.isNewestKey == false)
    }

    @Test func aStateIsNoSession() {
        let ring = Samples.ring(1)
        let (_, state) = LoginState(ring: ring, site: "docs").start(
            provider: "corp", returnTarget: "/", binding: BrowserBinding.make(), now: Samples.now)
        #expect(cookies.open(state) == nil)
    }
}
