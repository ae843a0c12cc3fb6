/// A provider's word that somebody has signed out there (OpenID Connect Back-Channel Logout 1.0).
package struct LogoutToken: Sendable, Equatable {
    package let issuer: String
    /// `jti`
    package let id: String
    /// `sub`
    package let subject: String?
    /// `sid`
    package let sessionID: String?
    /// Unix seconds.
    package let issuedAt: Int64
    /// Unix seconds from which it does not hold any more, clocks that differ included: until then its `jti` must be
    /// remembered.
    package let expiresAt: Int64

    package static let event = "http://schemas.openid.net/event/backchannel-logout"
    /// Seconds after its `iat` that a token without `exp` holds: some providers leave out what the final specification
    /// demands, and the drafts before it did not.
    package static let lifeWithoutExpiry: Int64 = 120
    /// Seconds after its `iat` that any token holds at most.
    package static let longestLife: Int64 = 86_400
    /// The longest `jti`, in bytes.
    package static let longestID = 255
}

extension TokenVerifier {
    /// Checks a logout token as section 2.6 says, but for `jti`, which the caller compares with those of before: signature
    /// by one of the policy's algorithms, `iss`, `aud`, `iat`, `exp`, a `sub` or a `sid`, `events`, no `nonce`. Its `typ`
    /// is `logout+jwt`, `JWT` or absent: an ID token has no `events`, and so cannot pass for one.
    ///
    /// - Parameter now: Unix seconds.
    package static func verifyLogoutToken(
        _ token: String, keys: KeySet, policy: TokenPolicy, now: Int64
    ) throws(TokenError) -> LogoutToken {
        let claims = try signedClaims(Array(token.utf8), keys: keys, policy: policy, types: ["logout+jwt", "jwt"])
        try claims.check(issuer: policy.issuer)
        try claims.checkAudience(policy.audiences, authorizedParty: .ignored)
        guard let issuedAt = try claims.time(.iat) else { throw .missing(.iat) }
        guard issuedAt <= now + policy.clockSkew else { throw .issuedInFuture }
        let stated = try claims.time(.exp) ?? issuedAt + LogoutToken.lifeWithoutExpiry
        let expiresAt = min(stated, issuedAt + LogoutToken.longestLife) + policy.clockSkew
        guard now < expiresAt else { throw .expired }
        guard claims.value["events"]?[LogoutToken.event]?.object != nil else { throw .event }
        guard claims.value["nonce"] == nil else { throw .nonce }
        guard let id = try name(claims, .jti) else { throw .missing(.jti) }
        let subject = claims.value["sub"] == nil ? nil : try claims.subject()
        let sessionID = try name(claims, .sid)
        guard subject != nil || sessionID != nil else { throw .missing(.sid) }
        return LogoutToken(
            issuer: policy.issuer, id: id, subject: subject, sessionID: sessionID, issuedAt: issuedAt,
            expiresAt: expiresAt)
    }

    private static func name(_ claims: Claims, _ claim: Claim) throws(TokenError) -> String? {
        guard let value = claims.value[claim.rawValue] else { return nil }
        guard let text = value.string, (1...LogoutToken.longestID).contains(text.utf8.count), !text.hasControlCharacters
        else { throw .malformed(claim) }
        return text
    }
}
