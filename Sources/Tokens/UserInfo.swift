import Bytes

/// Why a userinfo response is not used.
package enum UserInfoError: Error, Equatable, Sendable {
    case status(Int)
    /// No JSON object, or one without `sub`.
    case malformed
    /// It speaks of somebody else than the ID token (OpenID Connect Core 5.3.2).
    case subject
    /// It is signed, and the signature or a claim does not hold.
    case token(TokenError)
}

/// The claims that a userinfo endpoint gives (OpenID Connect Core 5.3.2), as JSON or signed.
package enum UserInfo {
    /// - Parameter contentType: of the response; `application/jwt` is a signed one.
    package static func parse(
        status: Int, contentType: String?, body: [UInt8], keys: KeySet, policy: TokenPolicy
    ) throws(UserInfoError) -> JSONValue {
        guard status == 200 else { throw .status(status) }
        let claims: JSONValue
        if contentType?.lowercased().hasPrefix("application/jwt") == true {
            do { claims = try TokenVerifier.verifyUserInfo(body, keys: keys, policy: policy) } catch {
                throw .token(error)
            }
        } else {
            guard let parsed = try? JSONValue.parse(body), parsed.object != nil else { throw .malformed }
            claims = parsed
        }
        return claims
    }
}

extension Identity {
    /// Claims that say something of the token that they stand in, or of the sign-in, and so count from there alone.
    private static let ofTokens: Set<String> = [
        "iss", "sub", "aud", "exp", "nbf", "iat", "jti", "azp", "nonce", "at_hash", "c_hash", "s_hash", "auth_time",
        "acr", "amr", "sid", "events", "cnf", "typ", "token_use", "client_id", "scope", "scp", "tid",
        "xms_edov", "hd",
    ]

    /// The same with the claims of `userInfo` that the token lacks.
    package func adding(_ userInfo: JSONValue, policy: TokenPolicy) throws(UserInfoError) -> Identity {
        guard let subject = userInfo["sub"]?.string else { throw .malformed }
        guard subject.hasSameBytes(as: self.subject) else { throw .subject }
        guard case .object(var merged) = claims, case .object(let members) = userInfo else { throw .malformed }
        for (name, value) in members where merged[name] == nil && !Self.ofTokens.contains(name) {
            // Whether an address is verified is said of that address.
            if name == "email_verified", let email = claims["email"], email != userInfo["email"] { continue }
            merged[name] = value
        }
        if claims["email"] == nil, userInfo["email"] != nil { merged["email_verified"] = userInfo["email_verified"] }
        return Identity(
            claims: .object(merged), issuer: issuer, subject: self.subject, expiresAt: expiresAt, issuedAt: issuedAt,
            groupClaims: policy.groupClaims, distrustsAddress: policy.dialect.distrustsAddress(.object(merged)))
    }
}
