import Bytes
import Cryptography
import Sessions

/// Sessions and keys for the tests.
enum Samples {
    static let now: Int64 = 1_800_000_000

    /// A ring of made-up keys; each number stands for one.
    static func ring(_ numbers: UInt8...) -> KeyRing {
        try! KeyRing(numbers.map { number in SecretBytes((0..<32).map { UInt8($0) &+ number &* 7 }) })
    }

    static func cookies(
        _ ring: KeyRing = ring(1), site: String = "docs", name: String = "__Host-postern"
    ) -> SessionCookies {
        SessionCookies(name: name, site: site, ring: ring)
    }

    /// A token with the form of a real one; `signature` sizes it, for it does not deflate.
    static func token(signature: Int = 256) -> String {
        let header = Array(#"{"alg":"RS256","typ":"JWT","kid":"2024-key-1"}"#.utf8)
        let payload = Array(
            (#"{"iss":"https://id.example.com","sub":"8f1c6b0e","aud":"postern","exp":1800003600,"iat":1800000000,"#
                + #""nonce":"r9qK2","name":"Ada Example","email":"ada@example.com","groups":["staff","admins"]}"#).utf8)
        return [header, payload, SecureRandom.bytes(signature)].map(Base64URL.encode).joined(separator: ".")
    }

    static func record(
        signature: Int = 256, site: String = "docs", createdAt: Int64 = now, lastSeenAt: Int64? = nil
    ) -> SessionRecord {
        SessionRecord(
            site: site, provider: "corp", idToken: token(signature: signature), refreshToken: SecretText("refresh-1"),
            providerSessionID: "sid-7",
            identity: SessionIdentity(
                subject: "8f1c6b0e", name: "Ada Example", email: "ada@example.com", emailVerified: true,
                groups: ["staff", "admins"],
                claims: [
                    SessionClaim(name: "department", values: ["Physics", "Mathematics"]),
                    SessionClaim(name: "none", values: []),
                ]),
            createdAt: createdAt, lastSeenAt: lastSeenAt, tokenExpiresAt: now + 3600)
    }

    /// A request that carries these cookies.
    static func request(_ cookies: [SessionCookie]) -> (String) -> [String] {
        { name in cookies.filter { $0.name == name }.map(\.value) }
    }
}

extension SessionCookies {
    /// The session that a request's cookies stand for.
    func load(_ values: (String) -> [String]) -> Opened? {
        guard case .sealed(let texts) = present(values) else { return nil }
        return newestFirst(texts).first.flatMap { open($0) }
    }
}
