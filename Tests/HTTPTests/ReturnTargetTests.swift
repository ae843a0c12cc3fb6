import HTTP
import Testing

@Suite struct ReturnTargetTests {
    @Test(arguments: [
        "/", "/a", "/a/b/", "/a?b=c", "/a?next=//evil.test/", "/a?u=https://evil.test", "/a#b", "/a?b#c", "/a%20b",
        "/@a", "/a:b", "/https:/x", "/a..b/..c", "/~a/(b)!*'", "/a;b=c", "/%E3%81%82", "/a%3Fb", "/evil.test",
        "/.authority",
        "/a/.auth/login", "/?" + String(repeating: "a", count: ReturnTarget.maximumLength - 2),
    ])
    func pathOnThisSiteIsTakenAsItIs(_ value: String) {
        #expect(ReturnTarget.validated(value, reservedPrefix: "/.auth/") == value)
    }

    @Test(arguments: [
        "", "a", "?a", "#a", ".", "*", "//evil.test", "///evil.test", "/\\evil.test", "\\evil.test", "/%2fevil.test",
        "/%5cevil.test",
        "/%252fevil.test", "/%25252fevil.test", "/%25252f%25253gevil.test", "/%25252fevil.test?%25", "/%255cevil.test",
        "/%250d/evil.test", "/%2509%250a%255cevil.test", "/;@evil.test", "/%3b@evil.test", "/\t/evil.test",
        "/\u{B}a",
        "/%09/evil.test", "/a%0d%0aset-cookie:x", "/a\r\nb", "/a\u{0}", "/a\u{7F}", "/a b", "/a\"b", "/a<b", "/a|b",
        "/a^b", "/a`b", "/{a}",
        "/a\\b", "/caf\u{E9}", "/.", "/..", "/a/../b", "/./a", "/%2e%2e/a", "/a//b", "/a//", "/a%2fb", "/a%5cb", "/%",
        "/a%4", "/%zz", "/a?%",
        "/a#%g0", "/%ff", "/%c0%af", "http://a", "https:a", "javascript:alert(1)", "data:text/html,x", "/.auth",
        "/.auth/", "/.auth/logout",
        "/.AUTH/x", "/%2eauth/x", "/.%61uth?x", "/?" + String(repeating: "a", count: ReturnTarget.maximumLength - 1),
    ])
    func anythingElseIsRefused(_ value: String) {
        #expect(ReturnTarget.validated(value, reservedPrefix: "/.auth/") == nil)
    }

    /// Whatever stands between a slash and a host name, in each spelling: never a target whose second character
    /// a browser could take for a second slash.
    @Test func noByteMakesAHostOfTheFirstSegment() {
        for byte in UInt8.min...UInt8.max {
            let hex = String(byte, radix: 16)
            let encoded = "%" + (hex.count == 1 ? "0" + hex : hex)
            let raw = byte < 0x80 ? String(UnicodeScalar(byte)) : encoded
            for value in ["/\(raw)/evil.test", "/\(encoded)/evil.test", "/%25\(encoded.dropFirst())/evil.test"] {
                guard let accepted = ReturnTarget.validated(value, reservedPrefix: "/.auth/") else { continue }
                #expect(accepted == value)
                #expect(!accepted.hasPrefix("//") && !accepted.contains("\\"))
                #expect(accepted.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F })
            }
        }
    }
}
