/// Why a token is refused. A closed list: `code` is what the log and the metrics say.
package enum TokenError: Error, Hashable, Sendable {
    // The form (RFC 7515)
    /// More than 16 KiB.
    case tooLarge
    /// Not three segments: JWE, JSON serialisation, or no JWS at all.
    case notCompact
    /// A segment that is not strict base64url (RFC 7515 section 2).
    case encoding(JWSPart)
    /// A header or payload that is no strict JSON object.
    case notJSON(JWSPart)

    // The header
    /// `alg` is absent, or not on the policy's list.
    case algorithm
    /// `crit`, `b64` or `zip`: an extension that changes what the token means.
    case unsupportedExtension
    /// `jku`, `x5u` or `jwk`: a key that would not come from the issuer's key set.
    case foreignKey
    /// `typ` is that of another kind of token.
    case type
    /// `kid` is no text of 1...256 bytes.
    case keyIdentifier

    // The key and the signature
    /// No usable key has this `kid`; nil: the token names none and the set has none. Only here a
    /// fresh copy of the key set can help.
    case unknownKey(String?)
    /// Several keys could be meant.
    case ambiguousKey
    case signature

    // The claims (RFC 7519 section 4.1, OpenID Connect Core 2 and 3.1.3.7)
    case missing(Claim)
    case malformed(Claim)
    case issuer
    case audience
    /// `azp` names another client, or lacks where there are several audiences.
    case authorizedParty
    case expired
    case notYetValid
    case issuedInFuture
    case issuedTooLongAgo
    case nonce
    /// A refreshed token names somebody else (Core 12.2).
    case subject
    /// `at_hash` is not that of the access token.
    case accessTokenHash
    /// An `events` claim: a logout or security event token.
    case eventToken
    /// No `events` of a sign-out (OpenID Connect Back-Channel Logout 2.4).
    case event
    /// A `cnf` claim: the token is of use only to who has a key.
    case senderConstrained
    /// `hd` is not the organisation that the config asks Google for.
    case hostedDomain

    /// A word for the log: never holds anything of the token.
    package var code: String {
        switch self {
        case .tooLarge: "too_large"
        case .notCompact: "not_compact"
        case .encoding(let part): "encoding_\(part.rawValue)"
        case .notJSON(let part): "not_json_\(part.rawValue)"
        case .algorithm: "algorithm"
        case .unsupportedExtension: "extension"
        case .foreignKey: "foreign_key"
        case .type: "type"
        case .keyIdentifier: "key_identifier"
        case .unknownKey: "unknown_key"
        case .ambiguousKey: "ambiguous_key"
        case .signature: "signature"
        case .missing(let claim): "missing_\(claim.rawValue)"
        case .malformed(let claim): "malformed_\(claim.rawValue)"
        case .issuer: "issuer"
        case .audience: "audience"
        case .authorizedParty: "authorized_party"
        case .expired: "expired"
        case .notYetValid: "not_yet_valid"
        case .issuedInFuture: "issued_in_future"
        case .issuedTooLongAgo: "issued_too_long_ago"
        case .nonce: "nonce"
        case .subject: "subject"
        case .accessTokenHash: "access_token_hash"
        case .eventToken: "event_token"
        case .event: "event"
        case .senderConstrained: "sender_constrained"
        case .hostedDomain: "hosted_domain"
        }
    }
}

/// The three segments of a compact JWS.
package enum JWSPart: String, Hashable, Sendable, CaseIterable {
    case header, payload, signature
}

/// A claim that the verifier itself reads.
package enum Claim: String, Hashable, Sendable, CaseIterable {
    case iss, sub, aud, azp, exp, nbf, iat, nonce, jti, sid
    case atHash = "at_hash"
}
