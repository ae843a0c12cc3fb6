import Bytes
import Sessions
import Settings
import Tokens

/// Somebody whose session or bearer token holds. A change makes another, but for
/// when it is next to be renewed, and what is known of its end.
final class Visitor: RuleSubject {
    let identity: SessionIdentity
    /// The session; nil for a bearer token.
    let record: SessionRecord?
    /// Nil for a session.
    let bearer: Bearer?
    /// Until when the token holds, in Unix seconds.
    let tokenExpiresAt: Int64
    /// The generation of the key set that the token was verified against; nil where the token's time is over
    /// and the session goes on without it.
    let keyGeneration: UInt64?
    /// Unix seconds from which the session's tokens are to be renewed; later where the provider could not be asked.
    var renewalDueAt: Int64
    /// What an app was last told of the visitor.
    var assertion: IdentityAssertion?
    /// What the list of revocations says of the session, at the worker's last look.
    var endings: Endings?

    struct Endings {
        /// Of the list.
        let version: UInt64
        let isOver: Bool
        /// The provider does not renew it: it ends with its ID token.
        let isGrantRefused: Bool
    }

    /// A bearer token, beside whom it names.
    struct Bearer {
        let provider: String
        /// Whether it has the scopes that the provider's tokens must have.
        let hasScopes: Bool
    }

    /// Somebody whose token has been verified.
    init(
        _ identity: SessionIdentity, record: SessionRecord?, bearer: Bearer? = nil, tokenExpiresAt: Int64,
        keyGeneration: UInt64?
    ) {
        self.identity = identity
        self.record = record
        self.bearer = bearer
        self.tokenExpiresAt = tokenExpiresAt
        self.keyGeneration = keyGeneration
        renewalDueAt = record?.renewalDueAt ?? .max
    }

    /// Somebody whose session outlives its token.
    convenience init(_ record: SessionRecord) {
        self.init(record.identity, record: record, tokenExpiresAt: record.tokenExpiresAt, keyGeneration: nil)
    }

    /// What pages call this person.
    var account: String { identity.account }

    var groups: [String] { identity.groups }
    var email: String? { identity.email }
    var isEmailVerified: Bool? { identity.emailVerified }

    func claimValues(_ name: String) -> [String] { identity.claims.first { $0.name == name }?.values ?? [] }

    /// The memory that it takes, in bytes, about: what the cache counts.
    var size: Int { 512 + identity.size + (record.map { $0.identity.size + $0.idToken.utf8.count + 512 } ?? 0) }
}

extension SessionIdentity {
    /// What pages call this person.
    var account: String { email ?? name ?? subject }

    fileprivate var size: Int {
        let texts = groups + claims.flatMap { [$0.name] + $0.values } + [subject, name ?? "", email ?? ""]
        return texts.reduce(0) { $0 + $1.utf8.count + 48 }
    }

    /// Takes from what the sign-in found out the claims that are not here.
    mutating func fill(from sealed: SessionIdentity) {
        name = name ?? sealed.name
        if email == nil || email == sealed.email {
            email = sealed.email
            emailVerified = emailVerified ?? sealed.emailVerified
        }
        if groups.isEmpty { groups = sealed.groups }
        claims += sealed.claims.filter { claim in !claims.contains { $0.name == claim.name } }
    }

    /// - Parameter claimNames: the claims that rules ask for, to be kept for when the token is over.
    init(_ identity: Identity, claimNames: [String]) {
        self.init(
            subject: identity.subject, name: identity.name, email: identity.email,
            emailVerified: identity.emailVerified,
            groups: identity.groups,
            claims: claimNames.compactMap { name in
                identity.claim(name).map { claim in
                    SessionClaim(
                        name: name, values: name == "auth_time" ? claim.seconds.map { ["\($0)"] } ?? [] : claim.texts)
                }
            })
    }
}

extension SessionRecord {
    /// The person as `identity`, by the session's ID token, has it. When somebody signed in the token of the sign-in
    /// says: a provider that moves `auth_time` with each renewal (which OpenID Connect Core 12.2 forbids) is not believed.
    func identity(by identity: Identity, claimNames: [String], isRenewed: Bool) -> SessionIdentity {
        var current = SessionIdentity(identity, claimNames: claimNames)
        guard isRenewed else { return current }
        current.claims.removeAll { $0.name == "auth_time" }
        current.claims += self.identity.claims.filter { $0.name == "auth_time" }
        return current
    }

    var isRenewed: Bool { grantObtainedAt != createdAt }
}

extension JSONValue {
    /// A claim's values as rules compare them: texts, numbers and booleans, alone or in a list.
    fileprivate var texts: [String] { array?.compactMap(\.text) ?? text.map { [$0] } ?? [] }

    private var text: String? {
        switch self {
        case .string(let text): text
        case .integer(let number): "\(number)"
        case .double(let number): "\(number)"
        case .bool(let value): value ? "true" : "false"
        default: nil
        }
    }
}
