import Bytes
import Cryptography

/// From a token to an `Identity`, or to the one reason why not.
///
/// Pure: the keys and the time are parameters. The order is that of RFC 8725: form, algorithm, key,
/// signature, and only then the claims.
package enum TokenVerifier {
    /// Checks an ID token (OpenID Connect Core 3.1.3.7).
    /// - Parameters:
    ///   - nonce: what the authorization request sent; nil where a session's token is checked again.
    ///   - accessToken: what came along; it must then match `at_hash`, where the token has one.
    ///   - now: Unix seconds.
    package static func verifyIDToken(
        _ token: String, keys: KeySet, policy: TokenPolicy, nonce: String?, accessToken: String? = nil, now: Int64
    ) throws(TokenError) -> Identity {
        try verifyIDToken(
            Array(token.utf8), keys: keys, policy: policy, nonce: nonce, accessToken: accessToken, now: now)
    }

    package static func verifyIDToken(
        _ token: [UInt8], keys: KeySet, policy: TokenPolicy, nonce: String?, accessToken: String? = nil, now: Int64
    ) throws(TokenError) -> Identity {
        let claims = try signedClaims(token, keys: keys, policy: policy, types: ["jwt"])
        guard claims.value["events"] == nil else { throw .eventToken }
        let issuer = try policy.dialect.checkIssuer(claims, policy: policy, keyIssuer: claims.keyIssuer)
        try policy.dialect.check(claims, as: .idToken)
        try claims.checkAudience(policy.audiences, authorizedParty: .checked)
        let expiresAt = try claims.checkTimes(policy: policy, now: now)
        guard let issuedAt = try claims.time(.iat) else { throw .missing(.iat) }
        if let limit = policy.issuedWithin, now - issuedAt > limit + policy.clockSkew { throw .issuedTooLongAgo }
        if let nonce { try claims.check(nonce: nonce) }
        if let accessToken { try claims.checkHash(of: accessToken) }
        return Identity(
            claims: claims.value, issuer: issuer, subject: try claims.subject(), expiresAt: expiresAt,
            issuedAt: issuedAt, groupClaims: policy.groupClaims,
            distrustsAddress: policy.dialect.distrustsAddress(claims.value))
    }

    /// Checks a bearer token: an access token in the form of a JWT (RFC 9068), or an ID token that a command-line client
    /// was given. Its audience must be one of the policy's all the same; whom it was issued to does not matter, since it
    /// was made out to be shown here. What it takes a key to show (`cnf`: RFC 8705, RFC 9449) is no bearer token.
    package static func verifyBearer(
        _ token: String, keys: KeySet, policy: TokenPolicy, now: Int64
    ) throws(TokenError) -> Identity {
        let claims = try signedClaims(Array(token.utf8), keys: keys, policy: policy, types: ["jwt", "at+jwt"])
        guard claims.value["events"] == nil else { throw .eventToken }
        guard claims.value["cnf"] == nil else { throw .senderConstrained }
        let issuer = try policy.dialect.checkIssuer(claims, policy: policy, keyIssuer: claims.keyIssuer)
        try policy.dialect.check(claims, as: .bearer)
        try claims.checkAudience(
            policy.bearer?.audiences ?? [], authorizedParty: .ignored, named: policy.dialect.audienceClaim(claims))
        let expiresAt = try claims.checkTimes(policy: policy, now: now)
        return Identity(
            claims: claims.value, issuer: issuer, subject: try claims.subject(), expiresAt: expiresAt,
            issuedAt: try claims.time(.iat), groupClaims: policy.groupClaims,
            distrustsAddress: policy.dialect.distrustsAddress(claims.value))
    }

    /// `iss` as a token has it that nobody has verified: to choose whose keys to try, and for nothing else.
    package static func claimedIssuer(of token: String) -> String? {
        guard let jws = try? JWS.parse(token, algorithms: JWSAlgorithm.allCases) else { return nil }
        return (try? jws.claims())?[Claim.iss.rawValue]?.string
    }

    /// Checks a signed userinfo response (Core 5.3.2): it names its issuer and this client.
    static func verifyUserInfo(_ token: [UInt8], keys: KeySet, policy: TokenPolicy) throws(TokenError) -> JSONValue {
        let claims = try signedClaims(token, keys: keys, policy: policy, types: ["jwt"])
        _ = try policy.dialect.checkIssuer(claims, policy: policy, keyIssuer: claims.keyIssuer)
        try claims.checkAudience(policy.audiences, authorizedParty: .ignored)
        return claims.value
    }

    /// The claims of a token that one of the keys signed.
    /// - Parameter types: what `typ` may be, if it is there.
    static func signedClaims(
        _ token: [UInt8], keys: KeySet, policy: TokenPolicy, types: [String]
    ) throws(TokenError) -> Claims {
        let jws = try JWS.parse(token, algorithms: policy.algorithms)
        if let type = jws.type, !types.contains(type) { throw .type }
        let entry = try keys.entry(for: jws.keyIdentifier, algorithm: jws.algorithm)
        guard jws.isSigned(by: entry.key) else { throw .signature }
        return Claims(value: try jws.claims(), algorithm: jws.algorithm, keyIssuer: entry.issuer)
    }
}
