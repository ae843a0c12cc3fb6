/// HMAC with SHA-256 (RFC 2104, FIPS 198-1).
///
/// Built upon the digest, since OpenSSL's own costs a look-up and several allocations a call: an
/// HMAC of 64 bytes costs about as much as its five blocks of SHA-256. A value prepares its key
/// once, and may be used from any thread.
package struct HMACSHA256: Sendable {
    private static let blockSize = 64
    private let innerPad, outerPad: [UInt8]

    package init(key: [UInt8]) {
        var block = key.count > Self.blockSize ? SHA256.digest(key).bytes : key
        block += [UInt8](repeating: 0, count: Self.blockSize - block.count)
        innerPad = block.map { $0 ^ 0x36 }
        outerPad = block.map { $0 ^ 0x5C }
    }

    package init(key: SecretBytes) {
        self = key.withBytes { HMACSHA256(key: $0) }
    }

    package func authenticate(_ message: Span<UInt8>) -> SHA256Digest {
        var hasher = SHA256Hasher()
        hasher.update(innerPad)
        hasher.update(message)
        let inner = hasher.finish()
        hasher.update(outerPad)
        hasher.update(inner)
        return hasher.finish()
    }

    package func authenticate(_ message: [UInt8]) -> SHA256Digest { authenticate(message.span) }

    /// The 32-byte code of one message under a key that is used once.
    package static func authenticate(_ message: [UInt8], key: [UInt8]) -> [UInt8] {
        HMACSHA256(key: key).authenticate(message).bytes
    }
}
