import Cryptography

/// Who is signed in, as far as rules and pages ask once the ID token has expired.
package struct SessionIdentity: Sendable, Equatable {
    package var subject: String
    package var name: String?
    package var email: String?
    package var emailVerified: Bool?
    package var groups: [String]
    /// The claims that the site's rules name, with their values as text.
    package var claims: [SessionClaim]

    package init(
        subject: String, name: String? = nil, email: String? = nil, emailVerified: Bool? = nil, groups: [String] = [],
        claims: [SessionClaim] = []
    ) {
        self.subject = subject
        self.name = name
        self.email = email
        self.emailVerified = emailVerified
        self.groups = groups
        self.claims = claims
    }
}

package struct SessionClaim: Sendable, Equatable {
    package let name: String
    package let values: [String]

    package init(name: String, values: [String]) {
        self.name = name
        self.values = values
    }
}

/// A session: what is sealed into its cookie. Times are Unix seconds.
///
/// Prints nothing of the person and nothing that opens anything.
package struct SessionRecord: Sendable, Equatable {
    package let id: SessionID
    package let site: String
    package let provider: String
    /// As the provider sent it.
    package var idToken: String
    package var refreshToken: SecretText?
    /// The provider's own `sid`, by which it ends sessions from afar.
    package var providerSessionID: String?
    package var identity: SessionIdentity
    package let createdAt: Int64
    /// When it was last used, to the interval at which the cookie is renewed.
    package var lastSeenAt: Int64
    package var tokenExpiresAt: Int64

    package init(
        id: SessionID = .random(), site: String, provider: String, idToken: String, refreshToken: SecretText? = nil,
        providerSessionID: String? = nil, identity: SessionIdentity, createdAt: Int64, lastSeenAt: Int64? = nil,
        tokenExpiresAt: Int64
    ) {
        self.id = id
        self.site = site
        self.provider = provider
        self.idToken = idToken
        self.refreshToken = refreshToken
        self.providerSessionID = providerSessionID
        self.identity = identity
        self.createdAt = createdAt
        self.lastSeenAt = lastSeenAt ?? createdAt
        self.tokenExpiresAt = tokenExpiresAt
    }
}

extension SessionRecord: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "session \(id) of \(site)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
