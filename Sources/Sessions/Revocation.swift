import Bytes
import Cryptography

/// What can be over before its time.
package enum Revocable: Hashable, Sendable {
    /// A session of this program's.
    case session(SessionID)
    /// A refresh token of a session's.
    case grant(GrantID)
    /// A session at a provider, by its `sid`, as far as it is this client's.
    case providerSession(issuer: String, client: String, id: String)
    /// An account at a provider, by its `sub`, as far as it has signed in to this client.
    case account(issuer: String, client: String, subject: String)
    /// An account at a provider, as far as its sessions came without a `sid`.
    case accountWithoutSession(issuer: String, client: String, subject: String)
    /// An account at a provider, as far as it is known by cookies that are not this program's own.
    case foreignCookies(issuer: String, client: String, subject: String)
    /// A sign-in, whose callback is good for one time.
    case signIn(SessionID)
    /// A logout token, by its `jti`.
    case logoutToken(issuer: String, id: String)
    /// All sessions of somebody, at whatever provider: by the `sub`, or by the e-mail address in any case of its letters.
    case user(String)
    /// All sessions of those who are in a group.
    case group(String)
    /// All sessions at a site, by its name in the config.
    case site(String)

    /// Under which it is listed.
    package var key: RevocationKey {
        switch self {
        case .session(let id): RevocationKey(.sessions, "session", [id.bytes])
        case .grant(let grant): RevocationKey(.sessions, "grant", [grant.session.bytes, grant.token.bytes])
        case .providerSession(let issuer, let client, let id): RevocationKey(.sessions, "sid", [issuer, client, id])
        case .account(let issuer, let client, let subject): RevocationKey(.sessions, "sub", [issuer, client, subject])
        case .accountWithoutSession(let issuer, let client, let subject):
            RevocationKey(.sessions, "sub without sid", [issuer, client, subject])
        case .foreignCookies(let issuer, let client, let subject):
            RevocationKey(.sessions, "sub of cookies", [issuer, client, subject])
        case .signIn(let id): RevocationKey(.signIns, "sign-in", [id.bytes])
        case .logoutToken(let issuer, let id): RevocationKey(.logoutTokens, "jti", [issuer, id])
        case .user(let name): RevocationKey(.sweeps, "user", [name.contains("@") ? name.lowercased() : name])
        case .group(let name): RevocationKey(.sweeps, "group", [name])
        case .site(let name): RevocationKey(.sweeps, "site", [name])
        }
    }
}

/// What kind of thing an entry is about; each has room of its own, so that many of one kind push out none of another.
package enum RevocationSpace: UInt8, Sendable, CaseIterable {
    case sessions = 1
    case signIns = 2
    case logoutTokens = 3
    /// Sessions by what they have in common: what an operator ends.
    case sweeps = 4

    /// Whether its entries end sessions, so that whoever looks at sessions has to know them.
    package var endsSessions: Bool { self == .sessions || self == .sweeps }

    var index: Int { Int(rawValue) - 1 }
}

/// The name of an entry: a digest, which tells nothing of whom it is about.
package struct RevocationKey: Hashable, Sendable {
    package static let byteCount = 16

    package let space: RevocationSpace
    private let high, low: UInt64

    /// SHA-256 of the kind and the parts, each after its length, so that no two lists of parts read the same.
    fileprivate init(_ space: RevocationSpace, _ kind: String, _ parts: [[UInt8]]) {
        var hasher = SHA256Hasher()
        for part in [Array("postern revocation".utf8), Array(kind.utf8)] + parts {
            hasher.update("\(part.count):")
            hasher.update(part.span)
        }
        self.init(space, Array(hasher.finish().bytes.prefix(Self.byteCount)))!
    }

    fileprivate init(_ space: RevocationSpace, _ kind: String, _ parts: [String]) {
        self.init(space, kind, parts.map { Array($0.utf8) })
    }

    /// Nil unless there are exactly 16 bytes.
    package init?(_ space: RevocationSpace, _ bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        self.space = space
        high = bytes[0..<8].reduce(0) { $0 << 8 | UInt64($1) }
        low = bytes[8..<16].reduce(0) { $0 << 8 | UInt64($1) }
    }

    package var bytes: [UInt8] {
        [high, low].flatMap { word in
            stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: word >> UInt64($0)) }
        }
    }
}

/// One entry: everything under `key` that began at `before` or earlier is over. Times are Unix seconds.
package struct Revocation: Hashable, Sendable {
    package enum Subject: Hashable, Sendable {
        case key(RevocationKey)
        /// Everything of a space, for want of room to name each.
        case everything(RevocationSpace)
    }

    package let subject: Subject
    package let before: Int64
    /// From when on the entry is of no more use, for what it is about has ended by itself.
    package let until: Int64

    package init(_ subject: Subject, before: Int64, until: Int64) {
        self.subject = subject
        self.before = before
        self.until = until
    }

    package init(_ what: Revocable, before: Int64, until: Int64) {
        self.init(.key(what.key), before: before, until: until)
    }

    package var space: RevocationSpace {
        switch subject {
        case .key(let key): key.space
        case .everything(let space): space
        }
    }
}
