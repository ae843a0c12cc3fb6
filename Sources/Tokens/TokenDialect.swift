import Bytes

/// How some providers' tokens differ from what the standards say, and what has to be checked of them besides.
package enum TokenDialect: Sendable, Equatable {
    case standard
    /// Amazon Cognito: `token_use` tells ID tokens from access tokens, which have `client_id` and no `aud`.
    case cognito
    /// Microsoft Entra ID with an issuer for many tenants: each token names its tenant's (`tid`), and so may keys.
    /// - Parameters:
    ///   - template: the issuer with `{tenantid}` in it.
    ///   - tenants: whose people are let in, in lower case; nil: everybody's.
    case entra(template: String, tenants: [String]?)
    /// Google: `iss` may lack its scheme; `hd` names the organisation, and `*` stands for any.
    case google(hostedDomain: String?)
    /// Keycloak: `typ` among the claims tells the kinds of token apart.
    case keycloak

    package enum TokenKind: Sendable { case idToken, bearer }

    /// - Parameter keyIssuer: `issuer` of the key that signed, where it has one.
    /// - Returns: the issuer that the identity is of.
    func checkIssuer(
        _ claims: Claims, policy: TokenPolicy, keyIssuer: String?
    ) throws(TokenError) -> String {
        guard let named = claims.value[Claim.iss.rawValue]?.string else {
            try claims.check(issuer: policy.issuer)
            return policy.issuer
        }
        switch self {
        case .entra(let template, let tenants):
            guard let tenant = claims.value["tid"]?.string?.lowercased(), Self.isTenant(tenant),
                named.hasSameBytes(as: Self.issuer(template, tenant)), tenants?.contains(tenant) ?? true,
                keyIssuer.map({ named.hasSameBytes(as: Self.issuer($0, tenant)) }) ?? true
            else { throw .issuer }
            return named
        case .google where policy.mayBeIssuer(named):
            return policy.issuer
        default:
            try claims.check(issuer: policy.issuer)
            return policy.issuer
        }
    }

    /// What the kind of token says of itself.
    func check(_ claims: Claims, as kind: TokenKind) throws(TokenError) {
        switch self {
        case .standard, .entra: break
        case .cognito:
            let use = claims.value["token_use"]
            guard use == .string("id") || (kind == .bearer && use == .string("access")) else { throw .type }
        case .google(let hostedDomain):
            guard let hostedDomain else { break }
            guard let domain = claims.value["hd"]?.string, !domain.isEmpty,
                hostedDomain == "*" || domain.lowercased() == hostedDomain.lowercased()
            else { throw .hostedDomain }
        case .keycloak:
            guard let type = claims.value["typ"] else { break }
            guard type == .string("ID") || (kind == .bearer && type == .string("Bearer")) else { throw .type }
        }
    }

    /// The claim that names whom a bearer token is for.
    func audienceClaim(_ claims: Claims) -> JSONValue? {
        if self == .cognito, claims.value["token_use"] == .string("access") { return claims.value["client_id"] }
        return claims.value[Claim.aud.rawValue]
    }

    /// Whether the address may be anybody's say: any tenant can write any address into its accounts, and only
    /// `xms_edov` says that it owns the domain.
    func distrustsAddress(_ claims: JSONValue) -> Bool {
        guard case .entra = self else { return false }
        return ![.bool(true), .string("true"), .string("1"), .integer(1)].contains(claims["xms_edov"])
    }

    private static func issuer(_ template: String, _ tenant: String) -> String {
        template.split(separator: "{tenantid}", omittingEmptySubsequences: false).joined(separator: tenant)
    }

    /// A GUID: no part of a URL can be hidden in it.
    private static func isTenant(_ text: String) -> Bool {
        text.utf8.count == 36 && text.utf8.allSatisfy { Hex.value($0) != nil || $0 == UInt8(ascii: "-") }
    }
}
