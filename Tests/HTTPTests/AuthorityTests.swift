import HTTP
import Testing

@Suite struct AuthorityTests {
    @Test(
        arguments: [
            ("example.com", "example.com", nil), ("EXAMPLE.com:443", "example.com", 443), ("a:65535", "a", 65535),
            ("a:00080", "a", 80), ("192.0.2.1:1", "192.0.2.1", 1), ("a_b-c.d", "a_b-c.d", nil), ("a.", "a.", nil),
            ("[::]", "[::]", nil), ("[2001:DB8::1]:8443", "[2001:db8::1]", 8443),
            ("[::ffff:192.0.2.1]", "[::ffff:192.0.2.1]", nil),
            ("[1:2:3:4:5:6:7:8]", "[1:2:3:4:5:6:7:8]", nil),
            ("[1:2:3:4:5:6:192.0.2.1]", "[1:2:3:4:5:6:192.0.2.1]", nil),
            ("[1:2:3:4:5:6:7::]", "[1:2:3:4:5:6:7::]", nil), ("[fe80::1]", "[fe80::1]", nil),
        ] as [(String, String, Int?)])
    func isTakenApart(_ text: String, _ host: String, _ port: Int?) throws {
        let authority = try #require(Authority(text))
        #expect(authority.host == host)
        #expect(authority.port == port)
        #expect(authority.description == text.lowercased())
    }

    @Test(arguments: [
        "", ":80", "a:", "a:0", "a:65536", "a:-1", "a:+1", "a:1:2", "a:000080", "a b", "a/b", "a@b", "a%62", "a\\b",
        "a?b", "a#b",
        "a,b", ".a", "a..b", ".", "h\u{E9}", "a\u{0}", "[", "[]", "[::1", "::1", "[:::]", "[1::2::3]",
        "[1:2:3:4:5:6:7]",
        "[1:2:3:4:5:6:7:8:9]", "[12345::]", "[g::]", "[::1%25eth0]", "[::1]x", "[::1]:", "[::192.0.2.256]",
        "[::192.0.2]",
        "[::192.0.02.1]", "[192.0.2.1]", "[1:2:3:4:5:6:7:8::]", "[:1]", "[1:]", "[::1.2.3.4.5]",
        "[1:2:3:4:5:6:7:192.0.2.1]", String(repeating: "a", count: 256),
    ])
    func isRefused(_ text: String) {
        #expect(Authority(text) == nil)
    }
}
