import Bytes
import Cryptography

/// What a form of ours carries to show that it is ours: nobody else can make it, and it is good for one session alone.
/// For browsers that do not say where a form comes from.
package struct FormToken: Sendable {
    private let ring: KeyRing
    private let site: String

    package init(ring: KeyRing, site: String) {
        self.ring = ring
        self.site = site
    }

    /// 43 characters.
    package func make(for session: SessionID) -> String { Base64URL.encode(value(ring.newest, session)) }

    /// Whether it was made for this session, under any of the keys.
    package func holds(_ text: String, for session: SessionID) -> Bool {
        guard let bytes = Base64URL.decode(text) else { return false }
        return ring.keys.contains { ConstantTime.equal(value($0, session), bytes) }
    }

    private func value(_ key: KeyRing.Key, _ session: SessionID) -> [UInt8] {
        key.authenticate(session.bytes + Array(site.utf8), .form)
    }
}
