import Sessions
import Testing

@Suite struct BrowserCookieTests {
    private let binding = BrowserBinding.make()

    @Test func aNewOneIsTheBindingAlone() {
        #expect(BrowserCookie(binding)?.text == binding)
        #expect(BrowserCookie(binding)?.isGoingInCircles(now: 0) == false)
    }

    @Test func fourSignInsWithinAMinuteAreACircle() throws {
        var cookie = try #require(BrowserCookie(binding))
        for count in 1...4 {
            #expect(!cookie.isGoingInCircles(now: 1000 + Int64(count)))
            cookie = try #require(BrowserCookie(cookie.counted(now: 1000 + Int64(count)).text))
            #expect(cookie.count == count && cookie.since == 1001 && cookie.binding == binding)
        }
        #expect(cookie.isGoingInCircles(now: 1060))
        #expect(!cookie.isGoingInCircles(now: 1061), "a minute later it is over")
        #expect(!cookie.isGoingInCircles(now: 1000), "a clock that went back counts nothing")
        #expect(cookie.counted(now: 1060).count == 4)
        #expect(cookie.counted(now: 1061) == BrowserCookie(binding: binding, count: 1, since: 1061))
        #expect(cookie.settled.text == binding)
    }

    @Test(arguments: [
        ".", ".1", ".1.", "..", ".1.2.3", ".-1.2", ".x.2", ".1.x", ".1.9999999999999999", ".+1.2", ". 1.2",
    ])
    func aCountThatDoesNotHoldIsNoneAndNoOtherTextIsACookie(rest: String) {
        let cookie = BrowserCookie(binding + rest)
        if rest.split(separator: ".", omittingEmptySubsequences: false).count == 3 {
            #expect(cookie == BrowserCookie(binding: binding))
        } else {
            #expect(cookie == nil)
        }
    }

    @Test(arguments: ["", "x", String(repeating: "A", count: 42), String(repeating: "=", count: 43)])
    func whatHasNoBindingIsNone(text: String) {
        #expect(BrowserCookie(text) == nil)
        #expect(BrowserCookie(text + ".1.2") == nil)
    }

    @Test func aCountBeyondTheLimitIsTheLimit() {
        #expect(BrowserCookie(binding + ".999999999999999.5")?.count == BrowserCookie.limit)
    }
}
