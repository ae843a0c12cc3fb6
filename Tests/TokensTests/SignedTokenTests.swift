import Bytes
import Cryptography
import Testing

@testable import Tokens

/// Tokens that are made here, with a key of these tests' own, to be looked at to the second.
private struct Issuer {
    static let now: Int64 = 1_800_000_000
    let key = try! SigningKey(
        pem: SecretBytes(
            Array(
                """
                -----BEGIN PRIVATE KEY-----
                MC4CAQAwBQYDK2VwBCIEIFpaWQtiylZbv3PKpNg2TL6fp6QMPA1Rrl7ICCV2apiB
                -----END PRIVATE KEY-----

                """.utf8)))
    let keys = try! KeySet.parse(
        json: Array(
            #"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k","x":"xO3QN8rbmBh8jljFWMwtmDdApR_pSNYWYMGjhIP-fZQ"}]}"#
                .utf8))
    let policy = TokenPolicy(issuer: "https://id.test", audiences: ["postern"], algorithms: [.edDSA])

    func token(_ type: String, _ claims: [String: JSONValue]) -> String {
        let header = Array(#"{"alg":"EdDSA","kid":"k","typ":"\#(type)"}"#.utf8)
        let text = [header, JSONValue.object(claims).serialized].map(Base64URL.encode).joined(separator: ".")
        return text + "." + Base64URL.encode(key.sign(Array(text.utf8), by: .ed25519)!)
    }
}

@Suite struct LogoutTokenTests {
    private let issuer = Issuer()
    private let now = Issuer.now

    private func verify(_ change: [String: JSONValue?], type: String = "logout+jwt") -> Result<LogoutToken, TokenError>
    {
        var claims: [String: JSONValue] = [
            "iss": .string("https://id.test"), "aud": .string("postern"), "iat": .integer(now),
            "exp": .integer(now + 120), "jti": .string("j"), "sub": .string("ada"),
            "events": .object([LogoutToken.event: .object([:])]),
        ]
        for (name, value) in change { claims[name] = value }
        return Result { () throws(TokenError) in
            try TokenVerifier.verifyLogoutToken(
                issuer.token(type, claims), keys: issuer.keys, policy: issuer.policy, now: now)
        }
    }

    private func holds(_ change: [String: JSONValue?]) -> Bool { (try? verify(change).get()) != nil }

    @Test func whatItSaysIsRead() throws {
        let token = try verify(["sid": .string("s")]).get()
        #expect(
            token
                == LogoutToken(
                    issuer: "https://id.test", id: "j", subject: "ada", sessionID: "s", issuedAt: now,
                    expiresAt: now + 180))
    }

    @Test func itHoldsUntilItsEndAndTheSkewAndNoLonger() {
        #expect(holds(["exp": .integer(now - 59)]) && !holds(["exp": .integer(now - 60)]))
        #expect(holds(["iat": .integer(now + 60)]) && !holds(["iat": .integer(now + 61)]))
    }

    @Test func withoutAnEndItHoldsForTwoMinutes() {
        #expect(holds(["exp": nil, "iat": .integer(now - 179)]))
        #expect(!holds(["exp": nil, "iat": .integer(now - 180)]))
    }

    @Test func noneHoldsForMoreThanADay() {
        #expect(holds(["exp": .integer(now + 1_000_000), "iat": .integer(now - 86_459)]))
        #expect(!holds(["exp": .integer(now + 1_000_000), "iat": .integer(now - 86_460)]))
        #expect((try? verify(["exp": .integer(now + 1_000_000)]).get())?.expiresAt == now + 86_460)
    }

    @Test func namesHaveALimit() {
        for name in ["jti", "sid"] {
            #expect(holds([name: .string(String(repeating: "x", count: 255))]))
            #expect(!holds([name: .string(String(repeating: "x", count: 256))]))
            #expect(!holds([name: .string("")]) && !holds([name: .string("a\nb")]))
        }
    }

    @Test func aFaultIsNamed() {
        #expect(verify(["events": nil]) == .failure(.event))
        #expect(verify(["events": .object([LogoutToken.event: .bool(true)])]) == .failure(.event))
        #expect(verify(["nonce": .string("")]) == .failure(.nonce))
        #expect(verify(["sub": nil]) == .failure(.missing(.sid)))
        #expect(verify(["jti": nil]) == .failure(.missing(.jti)))
        #expect(verify(["iat": nil]) == .failure(.missing(.iat)))
        #expect(verify(["aud": .string("other")]) == .failure(.audience))
        #expect(verify([:], type: "at+jwt") == .failure(.type))
        #expect((try? verify([:], type: "JWT").get()) != nil)
    }
}

@Suite struct RefreshedIDTokenTests {
    private let issuer = Issuer()
    private let now = Issuer.now

    private func verify(_ change: [String: JSONValue?]) -> TokenError? {
        let first: [String: JSONValue] = [
            "iss": .string("https://id.test"), "aud": .string("postern"), "iat": .integer(now - 4000),
            "exp": .integer(now - 400), "sub": .string("ada"), "nonce": .string("n"),
        ]
        var next = first
        next["iat"] = .integer(now)
        next["exp"] = .integer(now + 3600)
        for (name, value) in change { next[name] = value }
        do throws(TokenError) {
            _ = try TokenVerifier.verifyRefreshed(
                issuer.token("JWT", next), after: issuer.token("JWT", first), keys: issuer.keys, policy: issuer.policy,
                now: now)
            return nil
        } catch {
            return error
        }
    }

    @Test func aTokenOfTheSameAccountThatIsNewHolds() {
        #expect(verify([:]) == nil)
        #expect(verify(["nonce": nil]) == nil)
        #expect(verify(["auth_time": .integer(0)]) == nil)
    }

    @Test func itIsOfThisMoment() {
        #expect(verify(["iat": .integer(now - 660)]) == nil)
        #expect(verify(["iat": .integer(now - 661)]) == .issuedTooLongAgo)
        #expect(verify(["iat": .integer(now + 61)]) == .issuedInFuture)
        #expect(verify(["exp": .integer(now - 60)]) == .expired)
    }

    @Test func anotherAccountOrNonceIsRefused() {
        #expect(verify(["sub": .string("bob")]) == .subject)
        #expect(verify(["sub": .string("Ada")]) == .subject)
        #expect(verify(["nonce": .string("m")]) == .nonce)
        #expect(verify(["nonce": .integer(1)]) == .nonce)
        #expect(verify(["iss": .string("https://id.test/")]) == .issuer)
        #expect(verify(["azp": .string("other")]) == .authorizedParty)
    }
}
