import Bytes
import Cryptography
import Sessions

/// A visitor's identity, signed for one app. It is kept with the visitor, and made anew when half of its time is over.
struct IdentityAssertion {
    /// In seconds. Apps compare it with clocks of their own.
    static let lifetime: Int64 = 300

    let issuer: String
    let audience: String
    let text: String
    /// Unix seconds.
    let issuedAt: Int64

    /// - Parameters:
    ///   - issuer: the site's URL as browsers see it.
    ///   - audience: the app's name in the config.
    ///   - now: Unix seconds.
    init(of visitor: Visitor, issuer: String, audience: String, key: AssertionKey, now: Int64) {
        self.issuer = issuer
        self.audience = audience
        issuedAt = now
        let identity = visitor.identity
        text = key.sign {
            $0.member("iss", issuer)
            $0.member("aud", audience)
            $0.member("sub", identity.subject)
            $0.member("iat", now)
            $0.member("exp", now + Self.lifetime)
            $0.member("name", identity.name)
            $0.member("email", identity.email)
            if let isVerified = identity.emailVerified { $0.member("email_verified", isVerified) }
            $0.member("groups", identity.groups)
            if let session = visitor.record?.id {
                // It tells sessions apart, and opens none.
                let digest = SHA256.digest((Array("postern/v1/sid".utf8) + session.bytes).span)
                $0.member("sid", Base64URL.encode(Array(digest.bytes.prefix(16))))
            }
        }
    }

    func holds(issuer: String, audience: String, now: Int64) -> Bool {
        self.issuer == issuer && self.audience == audience && now >= issuedAt && now < issuedAt + Self.lifetime / 2
    }
}
