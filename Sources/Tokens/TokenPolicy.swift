/// What a site asks of its provider's tokens.
package struct TokenPolicy: Sendable {
    /// `iss`, byte for byte.
    package var issuer: String
    /// The client id first, then whatever else `aud` may name.
    package var audiences: [String]
    /// What `alg` may be.
    package var algorithms: [JWSAlgorithm]
    /// Seconds by which the provider's clock and this one may differ; 0...300.
    package var clockSkew: Int64
    /// Seconds that an ID token may be old when it comes from the token endpoint; nil: any age.
    package var issuedWithin: Int64?
    /// Claims that may list the groups; the first that is there, as text or list, is taken.
    package var groupClaims: [String]

    package static let defaultGroupClaims = ["groups", "cognito:groups", "roles"]

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
    }
}
