/// What a provider's tokens must be like.
package struct TokenPolicy: Sendable {
    /// `iss`, byte for byte.
    package var issuer: String
    /// The client id first, then whatever else `aud` of an ID token may name.
    package var audiences: [String]
    /// What `alg` may be.
    package var algorithms: [JWSAlgorithm]
    /// Seconds by which the provider's clock and this one may differ; 0...300.
    package var clockSkew: Int64
    /// Seconds that an ID token may be old when it comes from the token endpoint; nil: any age.
    package var issuedWithin: Int64?
    /// Claims that may list the groups; the first that is there, as text or list, is taken.
    package var groupClaims: [String]
    /// What the provider does in its own way.
    package var dialect = TokenDialect.standard
    /// Nil where bearer tokens are not taken.
    package var bearer: BearerPolicy?

    package static let defaultGroupClaims = ["groups", "cognito:groups", "roles"]

    /// Bearer tokens are for the same audiences, until `bearer` says otherwise.
    package init(
        issuer: String, audiences: [String], algorithms: [JWSAlgorithm] = [.rs256], clockSkew: Int64 = 60,
        issuedWithin: Int64? = nil, groupClaims: [String] = defaultGroupClaims
    ) {
        precondition((0...300).contains(clockSkew))
        self.issuer = issuer
        self.audiences = audiences
        self.algorithms = algorithms
        self.clockSkew = clockSkew
        self.issuedWithin = issuedWithin
        self.groupClaims = groupClaims
        bearer = BearerPolicy(audiences: audiences)
    }

    /// Whether a token that names this issuer may be one of the provider's.
    package func mayBeIssuer(_ named: String) -> Bool {
        switch dialect {
        case .entra: true
        case .google: named.hasSameBytes(as: issuer) || issuer.hasSuffix("://" + named)
        default: named.hasSameBytes(as: issuer)
        }
    }
}

/// What a bearer token must be like besides.
package struct BearerPolicy: Sendable {
    /// Of which `aud` must name one.
    package var audiences: [String]
    /// All of which the token must have, or the answer is 403.
    package var scopes: [String]

    package init(audiences: [String], scopes: [String] = []) {
        self.audiences = audiences
        self.scopes = scopes
    }
}
