import Bytes
import Testing

@Suite struct CodingTests {
    /// RFC 4648 section 10, without padding.
    @Test(arguments: [
        ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"),
        ("foobar", "Zm9vYmFy"),
    ])
    func base64URLRoundTrips(_ text: String, _ encoded: String) {
        #expect(Base64URL.encode(Array(text.utf8)) == encoded)
        #expect(Base64URL.decode(encoded) == Array(text.utf8))
    }

    @Test func base64URLUsesItsOwnAlphabet() {
        #expect(Base64URL.encode([0xFB, 0xFF, 0xBF]) == "-_-_")
        #expect(Base64URL.decode("-_-_") == [0xFB, 0xFF, 0xBF])
    }

    @Test(arguments: ["A", "AAAAA", "Zg==", "Zg=", "Z h", "+/+/", "Zh", "Zm9", "Zg\n", "\u{E9}AAA"])
    func otherSpellingsOfBase64URLAreRefused(_ text: String) {
        #expect(Base64URL.decode(text) == nil)
    }

    @Test func base64URLOfEveryLengthRoundTrips() {
        for count in 0...300 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 151 &+ count) }
            #expect(Base64URL.decode(Base64URL.encode(bytes)) == bytes)
        }
    }

    @Test func hexadecimalRoundTrips() {
        let all = Array(UInt8.min...UInt8.max)
        #expect(Hex.decode(Hex.encode(all)) == all)
        #expect(Hex.decode("aBcD") == [0xAB, 0xCD])
        #expect(Hex.decode("") == [])
        for bad in ["a", "0g", "0x", " 0", "\u{E9}"] { #expect(Hex.decode(bad) == nil) }
    }

    @Test func percentCodingKeepsTheUnreserved() {
        #expect(PercentCoding.encode("aZ09-._~") == "aZ09-._~")
        #expect(PercentCoding.encode("/ +\u{E9}%") == "%2F%20%2B%C3%A9%25")
        #expect(PercentCoding.encode("/a b/", keepingSlashes: true) == "/a%20b/")
    }

    @Test func percentCodingRoundTrips() {
        let all = Array(UInt8.min...UInt8.max)
        #expect(PercentCoding.decode(PercentCoding.encode(all).utf8) == all)
        #expect(PercentCoding.decode("a+b%2b".utf8) == Array("a+b+".utf8))
        #expect(PercentCoding.decode("a+b%2b".utf8, plusIsSpace: true) == Array("a b+".utf8))
        for bad in ["%", "%a", "%ag", "a%", "%%41"] { #expect(PercentCoding.decode(bad.utf8) == nil) }
    }
}
