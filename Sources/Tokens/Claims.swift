import Bytes
import Cryptography

/// The claims of a token whose signature holds, and the checks upon them.
struct Claims {
    enum AuthorizedParty { case checked, ignored }

    /// More audiences than any real token has.
    private static let mostAudiences = 16
    /// 2^53: below it every number has one reading, and adding a skew cannot overflow.
    private static let latestTime: Int64 = 1 << 53

    /// A JSON object.
    let value: JSONValue
    /// What the token is signed with.
    let algorithm: JWSAlgorithm
    /// `issuer` of the key that it is signed with, as only Entra ID's have it.
    let keyIssuer: String?

    func check(issuer: String) throws(TokenError) {
        guard let named = try text(.iss) else { throw .missing(.iss) }
        guard named.hasSameBytes(as: issuer) else { throw .issuer }
    }

    /// `aud` names us; several audiences need an `azp`, and an `azp` must be us (Core 3.1.3.7, 3 to 5).
    /// - Parameter named: the claim's value where it is not `aud`.
    func checkAudience(
        _ accepted: [String], authorizedParty: AuthorizedParty, named: JSONValue? = nil
    ) throws(TokenError) {
        let audiences: [String]
        switch named ?? value[Claim.aud.rawValue] {
        case nil: throw .missing(.aud)
        case .string(let text): audiences = [text]
        case .array(let values) where values.count <= Self.mostAudiences:
            audiences = values.compactMap(\.string)
            guard audiences.count == values.count else { throw .malformed(.aud) }
        default: throw .malformed(.aud)
        }
        guard audiences.contains(where: { audience in accepted.contains { $0.hasSameBytes(as: audience) } })
        else { throw .audience }
        guard authorizedParty == .checked else { return }
        if let party = try text(.azp) {
            guard accepted.contains(where: { $0.hasSameBytes(as: party) }) else { throw .authorizedParty }
        } else if audiences.count > 1 {
            throw .authorizedParty
        }
    }

    /// Checks `exp`, `nbf` and `iat`. The token lives while `now < exp + skew`, and from
    /// `now >= nbf - skew` on; `iat` must not lie further ahead than the skew either.
    /// - Returns: `exp`
    func checkTimes(policy: TokenPolicy, now: Int64) throws(TokenError) -> Int64 {
        guard let expiresAt = try time(.exp) else { throw .missing(.exp) }
        guard now < expiresAt + policy.clockSkew else { throw .expired }
        if let notBefore = try time(.nbf), notBefore > now + policy.clockSkew { throw .notYetValid }
        if let issuedAt = try time(.iat), issuedAt > now + policy.clockSkew { throw .issuedInFuture }
        return expiresAt
    }

    func check(nonce: String) throws(TokenError) {
        guard let named = try text(.nonce) else { throw .missing(.nonce) }
        guard ConstantTime.equal(named, nonce) else { throw .nonce }
    }

    /// `at_hash` is the left half of the digest that the algorithm uses (Core 3.1.3.6).
    func checkHash(of accessToken: String) throws(TokenError) {
        guard let named = try text(.atHash) else { return }
        let digest = algorithm.hash.digest(Array(accessToken.utf8))
        let half = Array(digest.prefix(digest.count / 2))
        guard ConstantTime.equal(named, Base64URL.encode(half)) else { throw .accessTokenHash }
    }

    /// 1...255 characters without control characters (Core 2).
    func subject() throws(TokenError) -> String {
        guard let subject = try text(.sub) else { throw .missing(.sub) }
        guard (1...255).contains(subject.unicodeScalars.count), !subject.hasControlCharacters else {
            throw .malformed(.sub)
        }
        return subject
    }

    /// A NumericDate in whole seconds.
    func time(_ claim: Claim) throws(TokenError) -> Int64? {
        guard let value = value[claim.rawValue] else { return nil }
        guard let seconds = value.seconds, (0...Self.latestTime).contains(seconds) else { throw .malformed(claim) }
        return seconds
    }

    private func text(_ claim: Claim) throws(TokenError) -> String? {
        switch value[claim.rawValue] {
        case nil: return nil
        case .string(let text): return text
        default: throw .malformed(claim)
        }
    }
}
