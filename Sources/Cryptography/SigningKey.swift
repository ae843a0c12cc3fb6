import COpenSSL

/// Why text is no private key to sign with.
package enum SigningKeyError: Error, Equatable, CustomStringConvertible {
    /// No PEM of a private key, or one that a passphrase protects.
    case unreadable
    /// Neither RSA of 2048 bits or more, nor ECDSA on P-256 or P-384, nor Ed25519.
    case kind

    package var description: String {
        switch self {
        case .unreadable: "it is no private key in PEM without a passphrase"
        case .kind: "the key is neither RSA of 2048 bits or more, nor one of P-256, P-384 or Ed25519"
        }
    }
}

/// A private key that signs. Immutable; one key serves all threads at once.
package final class SigningKey: Sendable {
    /// What it can sign by; the usual one first.
    package let schemes: [SignatureScheme]
    /// Of the first certificate that stands beside the key, in DER.
    package let certificateDigest: SHA256Digest?
    nonisolated(unsafe) private let key: OpaquePointer

    /// - Parameter pem: PKCS #8, PKCS #1 or SEC 1; perhaps with a certificate.
    package init(pem: SecretBytes) throws(SigningKeyError) {
        let read = pem.withBytes { bytes -> OpaquePointer? in
            guard let source = BIO_new_mem_buf(bytes, Int32(clamping: bytes.count)) else { return nil }
            defer { BIO_free(source) }
            // Without a callback of ours OpenSSL would ask the terminal for the passphrase.
            return PEM_read_bio_PrivateKey(source, nil, { _, _, _, _ in -1 }, nil)
        }
        ERR_clear_error()
        guard let read else { throw .unreadable }
        let schemes = Self.schemes(of: read)
        guard !schemes.isEmpty else {
            EVP_PKEY_free(read)
            throw .kind
        }
        key = read
        self.schemes = schemes
        certificateDigest = pem.withBytes(Self.certificateDigest)
        ERR_clear_error()
    }

    /// A key for Ed25519 (RFC 8032 section 5.1.5).
    /// - Parameter seed: 32 bytes, any.
    package init(ed25519 seed: SecretBytes) {
        let made = seed.withBytes { bytes in
            precondition(bytes.count == 32, "a key for Ed25519 is made of 32 bytes")
            return EVP_PKEY_new_raw_private_key_ex(nil, "ED25519", nil, bytes, bytes.count)
        }
        guard let made else { fatalError("OpenSSL makes no key for Ed25519") }
        key = made
        schemes = [.ed25519]
        certificateDigest = nil
    }

    deinit { EVP_PKEY_free(key) }

    /// The public half of a key for Ed25519: 32 bytes. Nil for another kind.
    package var ed25519PublicKey: [UInt8]? {
        guard schemes == [.ed25519] else { return nil }
        var bytes = [UInt8](repeating: 0, count: 32)
        var count = bytes.count
        return EVP_PKEY_get_raw_public_key(key, &bytes, &count) == 1 && count == 32 ? bytes : nil
    }

    /// The signature in the form that JWS has (RFC 7518 section 3); nil where the key cannot sign by this scheme.
    package func sign(_ message: [UInt8], by scheme: SignatureScheme) -> [UInt8]? {
        guard schemes.contains(scheme), let context = EVP_MD_CTX_new() else { return nil }
        defer { EVP_MD_CTX_free(context) }
        var keyContext: OpaquePointer?
        guard EVP_DigestSignInit(context, &keyContext, scheme.digest?.algorithm, nil, key) == 1, let keyContext,
            scheme != .rsaPSSSHA256 || PublicKey.prepare(keyContext, scheme)
        else {
            ERR_clear_error()
            return nil
        }
        var size = 0
        guard EVP_DigestSign(context, nil, &size, message, message.count) == 1 else { return nil }
        var signature = [UInt8](repeating: 0, count: size)
        guard EVP_DigestSign(context, &signature, &size, message, message.count) == 1 else { return nil }
        signature.removeLast(signature.count - size)
        let curve = EllipticCurve.allCases.first { $0.scheme == scheme }
        guard let curve else { return signature }
        return Self.halves(signature, curve.byteCount)
    }

    private static func certificateDigest(_ pem: [UInt8]) -> SHA256Digest? {
        guard let source = BIO_new_mem_buf(pem, Int32(clamping: pem.count)) else { return nil }
        defer { BIO_free(source) }
        guard let certificate = PEM_read_bio_X509(source, nil, { _, _, _, _ in -1 }, nil) else { return nil }
        defer { X509_free(certificate) }
        var digest = [UInt8](repeating: 0, count: SHA256.byteCount)
        guard X509_digest(certificate, SHA256.algorithm, &digest, nil) == 1 else { return nil }
        return SHA256Digest(digest.span)
    }

    private static func schemes(of key: OpaquePointer) -> [SignatureScheme] {
        if EVP_PKEY_is_a(key, "RSA") == 1 {
            return isLongEnough(key) ? [.rsaSHA256, .rsaPSSSHA256, .rsaSHA384, .rsaSHA512] : []
        }
        if EVP_PKEY_is_a(key, "RSA-PSS") == 1 { return isLongEnough(key) ? [.rsaPSSSHA256] : [] }
        if EVP_PKEY_is_a(key, "ED25519") == 1 { return [.ed25519] }
        guard EVP_PKEY_is_a(key, "EC") == 1 else { return [] }
        var name = [CChar](repeating: 0, count: 64)
        guard EVP_PKEY_get_group_name(key, &name, name.count, nil) == 1 else { return [] }
        let bytes = name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return EllipticCurve.allCases.first { $0.name.utf8.elementsEqual(bytes) }.map { [$0.scheme] } ?? []
    }

    private static func isLongEnough(_ key: OpaquePointer) -> Bool {
        PublicKey.rsaBitRange.contains(Int(EVP_PKEY_get_bits(key)))
    }

    /// r and s out of OpenSSL's DER, each in `size` bytes.
    private static func halves(_ sequence: [UInt8], _ size: Int) -> [UInt8]? {
        var out = [UInt8](repeating: 0, count: 2 * size)
        return postern_ecdsa_halves(sequence, sequence.count, &out, Int32(size)) == 1 ? out : nil
    }
}
