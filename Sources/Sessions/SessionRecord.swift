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
    /// When the ID token ends.
    package var tokenExpiresAt: Int64
    /// When the provider last gave tokens, and until when what it gave counts: the ID token, or the access token where
    /// no new ID token came.
    package var grantObtainedAt: Int64
    package var grantExpiresAt: Int64

    package init(
        id: SessionID = .random(), site: String, provider: String, idToken: String, refreshToken: SecretText? = nil,
        providerSessionID: String? = nil, identity: SessionIdentity, createdAt: Int64, lastSeenAt: Int64? = nil,
        tokenExpiresAt: Int64, grantObtainedAt: Int64? = nil, grantExpiresAt: Int64? = nil
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
        self.grantObtainedAt = grantObtainedAt ?? createdAt
        self.grantExpiresAt = grantExpiresAt ?? tokenExpiresAt
    }

    /// What it is renewed with; nil where there is nothing to renew it with.
    package var grant: GrantID? { refreshToken.map { GrantID(session: id, refreshToken: $0) } }

    /// Unix seconds from which its tokens are to be renewed; `.max` where they cannot be.
    package var renewalDueAt: Int64 {
        refreshToken == nil ? .max : GrantSchedule.due(obtainedAt: grantObtainedAt, expiresAt: grantExpiresAt)
    }
}

extension SessionRecord: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "session \(id) of \(site)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
