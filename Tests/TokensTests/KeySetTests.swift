import Bytes
import Testing
import Tokens

@Suite struct KeySetTests {
    private let n = Base64URL.encode([0x80] + [UInt8](repeating: 1, count: 255))
    private let otherN = Base64URL.encode([0x80] + [UInt8](repeating: 3, count: 255))

    private func parse(_ entries: [String]) throws -> KeySet {
        try KeySet.parse(
            json: Array("{\"keys\":[\(entries.joined(separator: ","))]}".utf8), limits: JSONLimits(size: 1 << 20))
    }

    private func rsa(_ more: String = "", n: String? = nil, e: String = "AQAB") -> String {
        "{\"kty\":\"RSA\",\"n\":\"\(n ?? self.n)\",\"e\":\"\(e)\"\(more.isEmpty ? "" : "," + more)}"
    }

    @Test(arguments: ["", "[]", "1", "null", "{}", "{\"keys\":{}}", "{\"keys\":null}", "{\"keys\":\"x\"}", "<html>"])
    func whatIsNoKeySetIsRefused(text: String) {
        #expect(throws: KeySetError.self) { try KeySet.parse(json: Array(text.utf8)) }
    }

    @Test func aSetMayBeEmpty() throws {
        #expect(try parse([]).isEmpty)
    }

    @Test func badEntriesAreSkippedAndGoodOnesKept() throws {
        let set = try parse(["1", rsa("\"kid\":\"a\""), "{}", rsa("\"kid\":\"b\",\"use\":\"enc\"")])
        #expect(set.keys.map(\.identifier) == ["a"])
        #expect(set.skipped.map(\.index) == [0, 2, 3])
        #expect(set.skipped.map(\.reason) == [.notAnObject, .kind, .use])
    }

    @Test func everyUnusableEntryIsToldByItsReason() throws {
        let big = Base64URL.encode([0x80] + [UInt8](repeating: 1, count: 1024))
        let small = Base64URL.encode([0x7F] + [UInt8](repeating: 1, count: 255))
        let even = Base64URL.encode([0x80] + [UInt8](repeating: 2, count: 255))
        let cases: [(String, UnusableKey)] = [
            ("[]", .notAnObject), ("null", .notAnObject), ("{\"kty\":\"EC\"}", .curve),
            ("{\"kty\":\"oct\",\"k\":\"AA\"}", .kind),
            ("{\"kty\":\"rsa\"}", .kind), ("{\"kty\":[\"RSA\"]}", .kind), (rsa("\"use\":\"enc\""), .use),
            (rsa("\"use\":null"), .use), (rsa("\"use\":\"SIG\""), .use), (rsa("\"key_ops\":[\"sign\"]"), .use),
            (rsa("\"key_ops\":\"verify\""), .use), (rsa("\"alg\":\"ES256\""), .algorithm),
            (rsa("\"alg\":\"none\""), .algorithm),
            (rsa("\"alg\":null"), .algorithm), (rsa("\"kid\":1"), .identifier), (rsa("\"kid\":\"\""), .identifier),
            (rsa("\"kid\":\"\(String(repeating: "k", count: 257))\""), .identifier),
            (rsa("\"d\":\"AQAB\""), .privateMember),
            (rsa("\"p\":\"AQAB\""), .privateMember), (rsa("\"k\":\"AQAB\""), .privateMember), (rsa(n: small), .modulus),
            (rsa(n: big), .modulus), (rsa(n: even), .modulus), (rsa(n: ""), .modulus), (rsa(n: n + "="), .modulus),
            (rsa(n: "AA" + n), .modulus), ("{\"kty\":\"RSA\",\"e\":\"AQAB\"}", .modulus),
            ("{\"kty\":\"RSA\",\"e\":\"AQAB\",\"x5c\":[\"MIIB\"]}", .modulus), (rsa(e: "AQ"), .exponent),
            (rsa(e: "Aw"), .exponent),
            (rsa(e: "AQAA"), .exponent), (rsa(e: "AAEAAQ"), .exponent), (rsa(e: "AQAB="), .exponent),
            (rsa(e: ""), .exponent),
            ("{\"kty\":\"RSA\",\"n\":\"\(n)\"}", .exponent),
            ("{\"kty\":\"RSA\",\"n\":\"\(n)\",\"e\":65537}", .exponent),
        ]
        for (entry, reason) in cases {
            let set = try parse([entry])
            #expect(set.isEmpty && set.skipped.map(\.reason) == [reason], "\(entry.suffix(60))")
        }
    }

    @Test func whatAGoodEntryMayCarryDoesNoHarm() throws {
        let entries = [
            rsa("\"alg\":\"RS256\""), rsa("\"use\":\"sig\""), rsa("\"key_ops\":[\"sign\",\"verify\"]"),
            rsa("\"kid\":\"\(String(repeating: "k", count: 256))\""),
            rsa("\"x5t\":\"x\",\"x5c\":[\"y\"],\"x5u\":\"http://z\""),
        ]
        for entry in entries { #expect(try parse([entry]).keys.count == 1, "\(entry.suffix(60))") }
    }

    @Test func oneHundredAndTwentyEightEntriesAreRead() throws {
        let full = try parse((0..<128).map { rsa("\"kid\":\"\($0)\"") })
        #expect(full.keys.count == 128 && full.skipped.isEmpty)
        let over = try parse((0..<1000).map { rsa("\"kid\":\"\($0)\"") })
        #expect(over.keys.count == 128)
        #expect(over.skipped.map(\.index) == [128] && over.skipped.map(\.reason) == [.beyondLimit])
    }

    @Test func aKeyIdentifierIsComparedByItsBytes() throws {
        let set = try parse([rsa("\"kid\":\"K\u{E9}\""), rsa("\"kid\":\"x\"")])
        #expect((try? set.key(for: "K\u{E9}", algorithm: .rs256)) != nil)
        for other in ["Ke\u{301}", "\u{212A}\u{E9}", "k\u{E9}", "K\u{E9} "] {
            #expect(throws: TokenError.unknownKey(other)) { try set.key(for: other, algorithm: .rs256) }
        }
    }

    @Test func twoFetchesOfTheSameKeysHaveOneFingerprint() throws {
        let a = rsa("\"kid\":\"a\"")
        let b = rsa("\"kid\":\"b\"", n: otherN)
        let set = try parse([a, b])
        #expect(try parse([b, "{}", a, a]).fingerprint == set.fingerprint)
        #expect(try parse([a]).fingerprint != set.fingerprint)
        #expect(try parse([rsa("\"kid\":\"b\""), rsa("\"kid\":\"a\"", n: otherN)]).fingerprint != set.fingerprint)
        #expect(try parse([]).fingerprint != parse([rsa()]).fingerprint)
    }
}
