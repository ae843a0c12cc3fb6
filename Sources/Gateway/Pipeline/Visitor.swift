import Bytes
import Sessions
import Settings
import Tokens

/// Somebody whose session or bearer token holds. Immutable: a change makes another.
final class Visitor: RuleSubject {
    let identity: SessionIdentity
    /// The session; nil for a bearer token.
    let record: SessionRecord?
    /// Until when the token holds, in Unix seconds.
    let tokenExpiresAt: Int64
    /// The generation of the key set that the token was verified against; nil where the token's time is over
    /// and the session goes on without it.
    let keyGeneration: UInt64?
    /// All claims of the token, while it holds.
    private let claims: JSONValue?

    /// Somebody whose token has just been verified.
    init(_ identity: Identity, record: SessionRecord?, keyGeneration: UInt64) {
        self.identity = SessionIdentity(identity, claimNames: [])
        self.record = record
        self.keyGeneration = keyGeneration
        tokenExpiresAt = identity.expiresAt
        claims = identity.claims
    }

    /// Somebody whose session outlives its token.
    init(_ record: SessionRecord) {
        identity = record.identity
        self.record = record
        keyGeneration = nil
        tokenExpiresAt = record.tokenExpiresAt
        claims = nil
    }

    /// What pages call this person.
    var account: String { identity.email ?? identity.name ?? identity.subject }

    var groups: [String] { identity.groups }
    var email: String? { identity.email }
    var isEmailVerified: Bool? { identity.emailVerified }

    func claimValues(_ name: String) -> [String] {
        guard let claims else { return identity.claims.first { $0.name == name }?.values ?? [] }
        return claims.member(at: name)?.texts ?? []
    }
}

extension SessionIdentity {
    /// - Parameter claimNames: the claims that rules ask for, to be kept for when the token is over.
    init(_ identity: Identity, claimNames: [String]) {
        self.init(
            subject: identity.subject, name: identity.name, email: identity.email, emailVerified: identity.emailVerified,
            groups: identity.groups,
            claims: claimNames.compactMap { name in
                identity.claim(name).map { SessionClaim(name: name, values: $0.texts) }
            })
    }
}

extension JSONValue {
    /// A claim's values as rules compare them: texts, numbers and booleans, alone or in a list.
    fileprivate var texts: [String] { array?.compactMap(\.text) ?? text.map { [$0] } ?? [] }

    private var text: String? { string ?? integer.map(String.init) ?? bool.map { $0 ? "true" : "false" } }
}
