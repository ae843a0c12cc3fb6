import Cryptography

/// The keys that an issuer has taken out of its set, each with the moment at which that was seen.
///
/// A session outlives its ID token, and goes on without asking for the key that signed it. A token whose key was
/// withdrawn while the token still held is dead for good all the same, whether somebody showed it in the meantime or
/// not: this is what remembers it.
package struct WithdrawnKeys: Sendable {
    /// Keys that are remembered, the latest: ten days of an issuer that changes its key every hour.
    package static let limit = 256

    private struct Entry: Sendable {
        let key: JWK
        /// Unix seconds.
        let at: Int64
    }

    private var entries: [Entry] = []

    package init() {}

    package var count: Int { entries.count }

    /// Takes note of what is gone from the set, and of what is back. `now` in Unix seconds.
    package mutating func note(_ new: KeySet, after old: KeySet?, now: Int64) {
        entries.removeAll { entry in new.keys.contains { $0.isSameKey(as: entry.key) } }
        for key in old?.keys ?? [] where !new.keys.contains(where: { $0.isSameKey(as: key) }) {
            entries.append(Entry(key: key, at: now))
        }
        entries.removeFirst(max(0, entries.count - Self.limit))
    }

    /// Whether one of them signed `token`, and was withdrawn before the token's time was over.
    /// - Parameter expiry: of the token, in Unix seconds.
    package func ended(_ token: String, expiry: Int64) -> Bool {
        guard entries.contains(where: { $0.at < expiry }),
            let jws = try? JWS.parse(token, algorithms: JWSAlgorithm.allCases)
        else { return false }
        return entries.contains { entry in
            entry.at < expiry && entry.key.serves(jws.algorithm)
                && (jws.keyIdentifier == nil || entry.key.hasSameIdentifier(as: jws.keyIdentifier))
                && jws.isSigned(by: entry.key.key)
        }
    }
}

extension JWK {
    fileprivate func isSameKey(as other: JWK) -> Bool {
        fingerprint == other.fingerprint && hasSameIdentifier(as: other.identifier)
    }
}
