import Bytes
import Cryptography

/// What a key of the ring is used for: each purpose has a subkey of its own, so that nothing made for one means
/// anything to another.
package enum KeyPurpose: String, Sendable, CaseIterable {
    /// Seals a session into its cookie.
    case session
    /// Seals a sign-in in flight into `state`.
    case login
    /// Derives a sign-in's PKCE verifier and nonce.
    case loginSecrets = "login-secrets"
    /// Makes the tokens of forms.
    case form
}

/// The server's own keys, newest first: the newest seals, every one of them opens.
///
/// A subkey is HKDF-SHA256 (RFC 5869) of the key with the info `postern/v1/PURPOSE`; a key's id, which a sealed value
/// carries in the clear, is the first four bytes of the one with the info `postern/v1/key-id`.
package struct KeyRing: Sendable {
    /// Keys at most. An operator keeps one or two.
    package static let limit = 16

    /// The subkeys of one key, ready for use.
    struct Key: Sendable {
        let id: UInt32
        let assertionKey: AssertionKey
        private let sealers: [AES256GCM]
        private let authenticators: [HMACSHA256]

        init(_ secret: SecretBytes) {
            func subkey(_ purpose: String, _ count: Int = AES256GCM.keySize) -> SecretBytes {
                HKDFSHA256.derive(secret: secret, salt: [], info: "postern/v1/" + purpose, count: count)
            }
            id = subkey("key-id", 4).withBytes { $0.reduce(0) { $0 << 8 | UInt32($1) } }
            assertionKey = AssertionKey(seed: subkey("assertion", 32))
            let subkeys = KeyPurpose.allCases.map { subkey($0.rawValue) }
            sealers = subkeys.map { AES256GCM(key: $0) }
            authenticators = subkeys.map { HMACSHA256(key: $0) }
        }

        func sealer(_ purpose: KeyPurpose) -> AES256GCM { sealers[Self.index(purpose)] }

        /// 32 bytes that only a holder of the key can make of `message`.
        func authenticate(_ message: [UInt8], _ purpose: KeyPurpose) -> [UInt8] {
            authenticators[Self.index(purpose)].authenticate(message).bytes
        }

        private static func index(_ purpose: KeyPurpose) -> Int {
            switch purpose {
            case .session: 0
            case .login: 1
            case .loginSecrets: 2
            case .form: 3
            }
        }
    }

    let keys: [Key]

    /// `contents`: the key files' contents as they are, newest first; see `KeyText` for the forms.
    package init(_ contents: [SecretBytes]) throws(KeyRingError) {
        guard !contents.isEmpty else { throw .none }
        guard contents.count <= Self.limit else { throw .many }
        var keys: [Key] = []
        for (position, content) in contents.enumerated() {
            do {
                keys.append(Key(SecretBytes(try content.withBytes(KeyText.decode))))
            } catch { throw .key(error, position: position) }
        }
        self.keys = keys
    }

    /// A fresh key as text: what `postern secret` prints.
    package static func makeKeyText() -> String { Base64URL.encode(SecureRandom.bytes(KeyText.minimum)) }

    /// The ids of the keys as eight hexadecimal digits each, newest first: to tell in a log which are loaded.
    package var keyIDs: [String] {
        keys.map { key in Hex.encode([24, 16, 8, 0].map { UInt8(truncatingIfNeeded: key.id >> $0) }) }
    }

    var newest: Key { keys[0] }

    /// What assertions are signed with, newest first; the newest signs, and all of them are published.
    package var assertionKeys: [AssertionKey] { keys.map(\.assertionKey) }
}
