import Cryptography

/// The keys that an issuer signs with (RFC 7517 section 5), as one fetch of its `jwks_uri` gave them.
///
/// Immutable: a refresh makes a new one. An entry that cannot be used is left out and named in
/// `skipped`; the good ones stay.
package struct KeySet: Sendable {
    /// Entries that are read; the rest is skipped.
    package static let mostKeys = 128

    package let keys: [JWK]
    package let skipped: [SkippedKey]
    /// The same for two fetches that gave the same usable keys under the same names, in any order.
    package let fingerprint: SHA256Digest
    /// Counted up by whoever swaps one set for another: what was verified under an older one no longer counts.
    package var generation: UInt64 = 0

    package var isEmpty: Bool { keys.isEmpty }

    package struct SkippedKey: Sendable, Equatable {
        /// The entry's place in `keys`, from 0.
        package let index: Int
        package let reason: UnusableKey
    }

    /// - Parameter algorithms: what the keys are for; one that serves none of them is skipped.
    package static func parse(
        json: [UInt8], algorithms: [JWSAlgorithm] = JWSAlgorithm.allCases, limits: JSONLimits = JSONLimits()
    ) throws(KeySetError) -> KeySet {
        let document: JSONValue
        do { document = try JSONValue.parse(json, limits: limits) } catch { throw .json(error) }
        guard let entries = document["keys"]?.array else { throw .notAKeySet }
        var keys: [JWK] = []
        var skipped: [SkippedKey] = []
        for (index, entry) in entries.enumerated() {
            guard index < mostKeys else {
                skipped.append(SkippedKey(index: index, reason: .beyondLimit))
                break
            }
            do throws(UnusableKey) {
                let key = try JWK.parse(entry)
                guard algorithms.contains(where: key.serves) else { throw .algorithm }
                keys.append(key)
            } catch {
                skipped.append(SkippedKey(index: index, reason: error))
            }
        }
        return KeySet(keys: keys, skipped: skipped)
    }

    private init(keys: [JWK], skipped: [SkippedKey]) {
        var unique: [JWK] = []
        for key in keys
        where !unique.contains(where: { $0.fingerprint == key.fingerprint && $0.hasSameIdentifier(as: key.identifier) })
        {
            unique.append(key)
        }
        self.keys = unique
        self.skipped = skipped
        var hasher = SHA256Hasher()
        let names = unique.map { ($0.identifier.map { "=" + $0 } ?? "") + "\u{0}" + $0.fingerprint.hex }
        for name in names.sorted() { hasher.update(name + "\u{0}") }
        fingerprint = hasher.finish()
    }

    /// The one key that a token with this header may have been signed with.
    ///
    /// A `kid` is looked up byte for byte. Without one there must be a single key that fits
    /// (OpenID Connect Core 10.1). Two different keys under one `kid` are refused: the issuer's
    /// documents do not say which it meant.
    package func key(for identifier: String?, algorithm: JWSAlgorithm) throws(TokenError) -> VerificationKey {
        try entry(for: identifier, algorithm: algorithm).key
    }

    func entry(for identifier: String?, algorithm: JWSAlgorithm) throws(TokenError) -> JWK {
        var found: JWK?
        for key in keys where key.serves(algorithm) && (identifier == nil || key.hasSameIdentifier(as: identifier)) {
            guard found == nil || found?.fingerprint == key.fingerprint else { throw .ambiguousKey }
            found = key
        }
        guard let found else { throw .unknownKey(identifier) }
        return found
    }
}

package enum KeySetError: Error, Equatable, Sendable {
    case json(JSONError)
    /// No object with an array `keys`.
    case notAKeySet
}

extension JWK {
    func hasSameIdentifier(as other: String?) -> Bool {
        switch (identifier, other) {
        case (nil, nil): true
        case (let mine?, let other?): mine.hasSameBytes(as: other)
        default: false
        }
    }
}
