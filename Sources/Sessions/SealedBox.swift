import Bytes
import Cryptography

/// Values that leave in a browser's hands and come back unread and unchanged.
///
///     version (1) | key id (4) | nonce (12) | ciphertext | tag (16)      as base64url
///
/// AES-256-GCM, under the purpose's subkey. Authenticated besides: the purpose, a zero byte, and the context (the
/// site's name, for one), so that a value of one place means nothing in another. Whatever is wrong with a value, the
/// answer is the same nil.
package struct SealedBox: Sendable {
    /// The longest text that is looked at: four cookies' worth.
    package static let limit = 16_384
    static let version: UInt8 = 1
    private static let headerSize = 5

    package struct Opened: Sendable {
        package let payload: [UInt8]
        /// False where an older key sealed it: time to seal it again.
        package let isNewest: Bool
        let key: KeyRing.Key
    }

    package let ring: KeyRing

    package init(_ ring: KeyRing) { self.ring = ring }

    package func seal(_ payload: [UInt8], purpose: KeyPurpose, context: [UInt8]) -> String {
        let key = ring.newest
        let box = key.sealer(purpose).seal(payload, authenticating: Self.bound(purpose, context))
        var sealed: [UInt8] = [Self.version]
        sealed.reserveCapacity(Self.headerSize + box.count)
        for shift in [24, 16, 8, 0] as [UInt32] { sealed.append(UInt8(truncatingIfNeeded: key.id >> shift)) }
        sealed.append(contentsOf: box)
        return Base64URL.encode(sealed)
    }

    package func open(_ text: String, purpose: KeyPurpose, context: [UInt8]) -> Opened? {
        guard text.utf8.count <= Self.limit, let sealed = Base64URL.decode(text) else { return nil }
        guard sealed.count >= Self.headerSize + AES256GCM.overhead, sealed[0] == Self.version else { return nil }
        let id = sealed[1..<Self.headerSize].reduce(0) { $0 << 8 | UInt32($1) }
        let box = Array(sealed[Self.headerSize...])
        let bound = Self.bound(purpose, context)
        for (position, key) in ring.keys.enumerated() where key.id == id {
            guard let payload = key.sealer(purpose).open(box, authenticating: bound) else { continue }
            return Opened(payload: payload, isNewest: position == 0, key: key)
        }
        return nil
    }

    private static func bound(_ purpose: KeyPurpose, _ context: [UInt8]) -> [UInt8] {
        Array(purpose.rawValue.utf8) + [0] + context
    }
}
