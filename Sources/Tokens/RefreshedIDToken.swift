import Cryptography

/// An ID token that came in answer to a refresh (OpenID Connect Core 12.2), held against the one that it succeeds.
extension TokenVerifier {
    /// Seconds that a refreshed ID token may be old: its `iat` is the time of its own issue. Ten minutes is what
    /// providers with slow clocks need.
    package static let refreshedWithin: Int64 = 600

    /// All that is checked of any ID token, and besides: it has been issued just now, names the same subject, and
    /// carries no nonce or the same. Its `auth_time`, which should be that of the sign-in, is not
    /// looked at: too many providers move it, and the session keeps its own.
    ///
    /// - Parameters:
    ///   - previous: the session's ID token, which was verified when it came.
    ///   - accessToken: what came along; it must then match `at_hash`, where the token has one.
    ///   - now: Unix seconds.
    package static func verifyRefreshed(
        _ token: String, after previous: String, keys: KeySet, policy: TokenPolicy, accessToken: String? = nil,
        now: Int64
    ) throws(TokenError) -> Identity {
        var policy = policy
        policy.issuedWithin = refreshedWithin
        let identity = try verifyIDToken(
            token, keys: keys, policy: policy, nonce: nil, accessToken: accessToken, now: now)
        let old = try JWS.parse(previous, algorithms: JWSAlgorithm.allCases).claims()
        guard let subject = old["sub"]?.string, subject.hasSameBytes(as: identity.subject) else { throw .subject }
        if let nonce = identity.claims["nonce"] {
            guard let given = nonce.string, let sent = old["nonce"]?.string, ConstantTime.equal(given, sent)
            else { throw .nonce }
        }
        return identity
    }
}
