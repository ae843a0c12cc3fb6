import HTTP
import Testing

@Suite struct CookiesTests {
    private func values(_ name: String, _ lines: String...) -> [String] {
        var fields = Fields()
        for line in lines { fields.append(.cookie, line) }
        return Cookies.values(named: name, in: fields)
    }

    @Test func everyCookieOfTheNameIsFound() {
        #expect(values("a", "a=1; b=2; a=3", "c=4;a=5") == ["1", "3", "5"])
        #expect(values("b", "a=1;b=2") == ["2"])
        #expect(values("z", "a=1") == [])
        #expect(values("a") == [])
    }

    @Test func namesCompareByTheirBytes() {
        #expect(values("a", "A=1; aa=2; a.1=3; =4; a") == [])
        #expect(values("a.1", "a=1; a.1=2; a.10=3") == ["2"])
    }

    @Test func oddCookiesAreReadAsTheyStand() {
        #expect(values("a", "a") == [])
        #expect(values("a", "a=") == [""])
        #expect(values("a", " \ta \t=\t 1 \t") == ["1"])
        #expect(values("a", "a=b=c") == ["b=c"])
        #expect(values("a", "a=\"x\"") == ["\"x\""])
        #expect(values("a", ";;; ;a=1;;") == ["1"])
        #expect(values("a", "$Version=1; a=1; $Path=/") == ["1"])
        #expect(values("a", "b=\"; a=1\"") == ["1\""])
        #expect(values("a", "h\u{E9}=1; a=\u{E9}") == ["\u{E9}"])
        #expect(values("", "=1") == ["1"])
    }

    @Test func cookiesAreFoundByHowTheirNamesBegin() {
        var fields = Fields()
        fields.append(.cookie, "ab=1; a=2;abc=; b=ab=3")
        fields.append(.cookie, " abd = 4 ;ab")
        let found = Cookies.pairs(withPrefix: "ab", in: fields).map { $0.name + "=" + $0.value }
        #expect(found == ["ab=1", "abc=", "abd=4"])
        #expect(Cookies.pairs(withPrefix: "z", in: fields).isEmpty)
    }

    @Test func namesThatBrowsersKeepAreNames() {
        #expect(SetCookie.isName("a.b@c%40") && SetCookie.isValue("a=b"))
        for name in ["", "a=b", "a;b", "a b", "a\"b", "a\u{E9}", "a\r", "a,b"] { #expect(!SetCookie.isName(name)) }
    }

    @Test func longLinesTakeTimeInProportion() {
        let line = String(repeating: "=;", count: 100_000) + "a=" + String(repeating: "=", count: 100_000)
        #expect(values("a", line).map { $0.utf8.count } == [100_000])
    }

    @Test func setCookieIsSpelledOut() {
        let cookie = SetCookie(name: "__Host-postern", value: "abc", maxAge: 3600)
        #expect(cookie.description == "__Host-postern=abc; Path=/; Max-Age=3600; Secure; HttpOnly; SameSite=Lax")
        #expect(cookie.removal.description == "__Host-postern=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax")
        let plain = SetCookie(
            name: "a", value: "b", path: "/x", secure: false, httpOnly: false, sameSite: .strict)
        #expect(plain.description == "a=b; Path=/x; SameSite=Strict")
    }
}
