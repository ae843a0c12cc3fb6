import COpenSSL

/// AES-256 in Galois/Counter Mode (NIST SP 800-38D): bytes that nobody else can read or change.
///
/// A sealed message is a random 12-byte nonce, the ciphertext, and a 16-byte tag. A random nonce
/// allows 2^32 messages a key; whoever owns the key renews it before that. A value holds the key
/// and nothing else: every call has a context of its own, so one value serves all threads.
package struct AES256GCM: Sendable {
    package static let keySize = 32
    package static let nonceSize = 12
    package static let tagSize = 16
    /// What a sealed message is longer than its plaintext.
    package static let overhead = nonceSize + tagSize

    nonisolated(unsafe) private static let algorithm: OpaquePointer = {
        guard let algorithm = EVP_CIPHER_fetch(nil, "AES-256-GCM", nil) else {
            fatalError("OpenSSL offers no AES-256-GCM")
        }
        return algorithm
    }()

    private let key: SecretBytes

    /// - Precondition: the key is 32 bytes.
    package init(key: SecretBytes) {
        precondition(key.count == Self.keySize)
        self.key = key
    }

    /// nonce || ciphertext || tag. `authenticated` is bound to the message but not part of it.
    package func seal(_ plaintext: [UInt8], authenticating authenticated: [UInt8]) -> [UInt8] {
        seal(plaintext, nonce: SecureRandom.bytes(Self.nonceSize), authenticating: authenticated)
    }

    /// As `seal`, with a nonce that must never have been used with this key.
    func seal(_ plaintext: [UInt8], nonce: [UInt8], authenticating authenticated: [UInt8]) -> [UInt8] {
        precondition(nonce.count == Self.nonceSize)
        let context = Self.makeContext()
        defer { EVP_CIPHER_CTX_free(context) }
        let total = plaintext.count + Self.overhead
        return [UInt8](unsafeUninitializedCapacity: total) { out, initialized in
            _ = out.initialize(fromContentsOf: nonce)
            let body = out.baseAddress! + Self.nonceSize
            var written: Int32 = 0
            let done =
                key.withBytes { EVP_EncryptInit_ex2(context, Self.algorithm, $0, nonce, nil) } == 1
                && EVP_EncryptUpdate(context, nil, &written, authenticated, Int32(authenticated.count)) == 1
                && EVP_EncryptUpdate(context, body, &written, plaintext, Int32(plaintext.count)) == 1
                && EVP_EncryptFinal_ex(context, body + plaintext.count, &written) == 1
                && postern_gcm_get_tag(context, body + plaintext.count) == 1
            precondition(done, "AES-256-GCM failed to encrypt")
            initialized = total
        }
    }

    /// The plaintext, or nil where a byte of the message or of `authenticated` is not what was sealed.
    package func open(_ sealed: [UInt8], authenticating authenticated: [UInt8]) -> [UInt8]? {
        let count = sealed.count - Self.overhead
        guard count >= 0, sealed.count <= Int(Int32.max) else { return nil }
        let context = Self.makeContext()
        defer { EVP_CIPHER_CTX_free(context) }
        var isGenuine = false
        let plaintext = [UInt8](unsafeUninitializedCapacity: count + 1) { out, initialized in
            sealed.withUnsafeBufferPointer { input in
                let body = input.baseAddress! + Self.nonceSize
                var written: Int32 = 0
                isGenuine =
                    key.withBytes { EVP_DecryptInit_ex2(context, Self.algorithm, $0, input.baseAddress, nil) } == 1
                    && EVP_DecryptUpdate(context, nil, &written, authenticated, Int32(authenticated.count)) == 1
                    && EVP_DecryptUpdate(context, out.baseAddress, &written, body, Int32(count)) == 1
                    && postern_gcm_set_tag(context, body + count) == 1
                    && EVP_DecryptFinal_ex(context, out.baseAddress! + count, &written) == 1
            }
            if isGenuine {
                initialized = count
            } else {
                OPENSSL_cleanse(out.baseAddress, count)
                initialized = 0
            }
        }
        if !isGenuine { ERR_clear_error() }
        return isGenuine ? plaintext : nil
    }

    private static func makeContext() -> OpaquePointer {
        guard let context = EVP_CIPHER_CTX_new() else { fatalError("out of memory") }
        return context
    }
}
