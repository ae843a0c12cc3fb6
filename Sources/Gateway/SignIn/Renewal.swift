import Cryptography
import Sessions
import Tokens

/// What a session shows to have its tokens renewed.
struct RenewalRequest: Sendable {
    let session: SessionID
    let refreshToken: SecretText
    /// The session's ID token, which the next must agree with.
    let idToken: String

    init?(_ record: SessionRecord) {
        guard let refreshToken = record.refreshToken else { return nil }
        session = record.id
        self.refreshToken = refreshToken
        idToken = record.idToken
    }

    private init(session: SessionID, refreshToken: SecretText, idToken: String) {
        self.session = session
        self.refreshToken = refreshToken
        self.idToken = idToken
    }

    var grant: GrantID { GrantID(session: session, refreshToken: refreshToken) }

    /// The same once `renewal` has happened.
    func succeeded(by renewal: Renewal) -> RenewalRequest {
        RenewalRequest(
            session: session, refreshToken: renewal.refreshToken ?? refreshToken,
            idToken: renewal.token?.text.reveal() ?? idToken)
    }
}

/// What the provider gave for a refresh token.
struct Renewal: Sendable {
    /// A new ID token and what it says; nil where the provider sent none, and the session keeps its claims.
    var token: (text: SecretText, identity: Identity)?
    /// Whether the identity has what userinfo says of it, where that is asked.
    var isComplete: Bool
    /// What takes the old one's place; nil where that stays.
    let refreshToken: SecretText?
    /// Unix seconds.
    let obtainedAt: Int64
    /// Until when it counts, in Unix seconds.
    let expiresAt: Int64

    /// Unix seconds from which it has to be renewed in turn.
    var dueAt: Int64 { GrantSchedule.due(obtainedAt: obtainedAt, expiresAt: expiresAt) }

    /// This one, which came after `earlier`: the last ID token there was.
    func after(_ earlier: Renewal?) -> Renewal {
        var renewal = self
        if token == nil, let earlier {
            renewal.token = earlier.token
            renewal.isComplete = earlier.isComplete
        }
        return renewal
    }

    /// In bytes, about.
    var size: Int {
        let claims = token.map { $0.text.reveal().utf8.count * 4 } ?? 0
        return 512 + claims + (refreshToken?.reveal().utf8.count ?? 0)
    }
}

enum RenewalResult: Sendable {
    case renewed(Renewal)
    /// The refresh token is spent, or was taken back.
    case refused
    /// What came does not hold: another subject, for one.
    case invalid
    /// The provider cannot be asked before `retryAt`, in Unix seconds.
    case unavailable(retryAt: Int64)
}

extension SessionRecord {
    /// - Parameters:
    ///   - claimNames: the claims that rules ask for.
    ///   - now: Unix seconds; the session is used just now.
    func renewed(by renewal: Renewal, claimNames: [String], now: Int64) -> SessionRecord {
        var record = self
        if let (text, identity) = renewal.token {
            record.idToken = text.reveal()
            record.identity = self.identity(by: identity, claimNames: claimNames, isRenewed: true)
            // The refresh token may have served its time already: what userinfo said before is better than no session.
            if !renewal.isComplete { record.identity.fill(from: self.identity) }
            record.providerSessionID = identity.sid ?? providerSessionID
            record.tokenExpiresAt = identity.expiresAt
        }
        if let refreshToken = renewal.refreshToken { record.refreshToken = refreshToken }
        record.grantObtainedAt = renewal.obtainedAt
        record.grantExpiresAt = renewal.expiresAt
        record.lastSeenAt = now
        return record
    }
}
