/// Who somebody is, as an issuer signed it.
package struct Identity: Sendable, Equatable {
    /// `iss` and `sub` together name an account; nothing else does (OpenID Connect Core 5.7).
    package let issuer: String
    package let subject: String
    /// `name`, else `preferred_username`.
    package let name: String?
    package let email: String?
    /// `email_verified`, a boolean or its spelling as text; nil: the issuer does not say.
    package let emailVerified: Bool?
    package let groups: [String]
    /// Unix seconds; a fraction is rounded up.
    package let expiresAt: Int64
    /// Unix seconds; nil only for a bearer token that does not say.
    package let issuedAt: Int64?
    /// The session at the provider (OpenID Connect Front-Channel Logout 3).
    package let sid: String?
    /// All claims: a JSON object.
    package let claims: JSONValue

    /// Whether both name one account: what a refresh must not change (Core 12.2).
    package func isSameAccount(as other: Identity) -> Bool {
        issuer.hasSameBytes(as: other.issuer) && subject.hasSameBytes(as: other.subject)
    }

    /// Whether the groups are so many that the token names a place to ask for them in their stead (Core 5.6.2): Entra ID
    /// does so from 200 on.
    package var leavesOutGroups: Bool {
        claims["_claim_names"]?["groups"] != nil || claims["hasgroups"] == .bool(true)
    }

    /// Whether the token has all these scopes: in `scope` (RFC 9068 section 2.2.3), or in `scp` as some call it, each a
    /// list or text with spaces.
    package func hasScopes(_ wanted: [String]) -> Bool {
        let given = (claims["scope"] ?? claims["scp"])?.strings ?? []
        let scopes = given.flatMap { $0.split(separator: " ").map(String.init) }
        return wanted.allSatisfy { scope in scopes.contains { $0.hasSameBytes(as: scope) } }
    }

    /// A claim by its name, or by a dotted path where no claim has that name.
    package func claim(_ name: String) -> JSONValue? { claims.member(at: name) }
}

extension Identity {
    /// Whom these claims would name if somebody had signed them: for explanations, and never to let anybody in.
    package init(unsigned claims: JSONValue, groupClaims: [String]) {
        self.init(
            claims: claims, issuer: claims["iss"]?.string ?? "", subject: claims["sub"]?.string ?? "", expiresAt: .max,
            issuedAt: nil, groupClaims: groupClaims)
    }

    init(
        claims: JSONValue, issuer: String, subject: String, expiresAt: Int64, issuedAt: Int64?, groupClaims: [String],
        distrustsAddress: Bool = false
    ) {
        self.claims = claims
        self.issuer = issuer
        self.subject = subject
        self.expiresAt = expiresAt
        self.issuedAt = issuedAt
        name = Self.line(claims["name"]) ?? Self.line(claims["preferred_username"])
        email = Self.line(claims["email"])
        sid = Self.line(claims["sid"])
        groups = groupClaims.lazy.compactMap { claims.member(at: $0)?.strings }.first ?? []
        switch claims["email_verified"] {
        case _ where distrustsAddress: emailVerified = false
        case .bool(let value): emailVerified = value
        case .string("true"): emailVerified = true
        case .string("false"): emailVerified = false
        default: emailVerified = nil
        }
    }

    /// Text of 1...255 characters without control characters; what else a claim holds counts as absent.
    private static func line(_ value: JSONValue?) -> String? {
        guard let text = value?.string, (1...255).contains(text.unicodeScalars.count), !text.hasControlCharacters
        else { return nil }
        return text
    }
}
