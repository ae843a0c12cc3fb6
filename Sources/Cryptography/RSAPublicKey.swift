import COpenSSL

/// Why bytes are no RSA key that a signature may be checked with.
package enum RSAKeyError: Error, Equatable {
    /// Not 2048...8192 bits, or even.
    case modulus
    /// Below 65537, even, or longer than 64 bits.
    case exponent
    case refusedByOpenSSL
}

/// An RSA public key that checks RS256 signatures: RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 section 8.2.2).
///
/// Immutable; one key serves all threads at once, since every check has a context of its own.
package final class RSAPublicKey: Sendable {
    package static let bitRange = 2048...8192

    /// Bytes of the modulus, and so of every signature.
    package let size: Int
    nonisolated(unsafe) private let template: OpaquePointer

    /// - Parameters:
    ///   - modulus: big-endian, without leading zeros.
    ///   - exponent: big-endian, without leading zeros.
    package init(modulus: [UInt8], exponent: [UInt8]) throws(RSAKeyError) {
        let leadingZeros = modulus.first?.leadingZeroBitCount ?? 8
        guard leadingZeros < 8, Self.bitRange.contains(modulus.count * 8 - leadingZeros), modulus.last! & 1 == 1
        else { throw .modulus }
        let value = exponent.count <= 8 ? exponent.reduce(UInt64(0)) { $0 << 8 | UInt64($1) } : 0
        guard value >= 65537, value & 1 == 1, exponent.first != 0 else { throw .exponent }
        guard let template = Self.makeTemplate(modulus: modulus, exponent: exponent) else {
            ERR_clear_error()
            throw .refusedByOpenSSL
        }
        self.template = template
        size = modulus.count
    }

    deinit { EVP_PKEY_CTX_free(template) }

    package func verifyPKCS1SHA256(signature: [UInt8], message: Span<UInt8>) -> Bool {
        verifyPKCS1SHA256(signature: signature, digest: SHA256.digest(message))
    }

    package func verifyPKCS1SHA256(signature: [UInt8], message: [UInt8]) -> Bool {
        verifyPKCS1SHA256(signature: signature, digest: SHA256.digest(message))
    }

    private func verifyPKCS1SHA256(signature: [UInt8], digest: SHA256Digest) -> Bool {
        guard signature.count == size, let context = EVP_PKEY_CTX_dup(template) else { return false }
        defer { EVP_PKEY_CTX_free(context) }
        let isGenuine = EVP_PKEY_verify(context, signature, signature.count, digest.bytes, SHA256.byteCount) == 1
        if !isGenuine { ERR_clear_error() }
        return isGenuine
    }

    /// A context that is ready to verify, from which each check takes its copy: that spares a check
    /// the look-up of the algorithms by their names.
    private static func makeTemplate(modulus: [UInt8], exponent: [UInt8]) -> OpaquePointer? {
        guard let parameters = makeParameters(modulus: modulus, exponent: exponent) else { return nil }
        defer { OSSL_PARAM_free(parameters) }
        guard let maker = EVP_PKEY_CTX_new_from_name(nil, "RSA", nil) else { return nil }
        defer { EVP_PKEY_CTX_free(maker) }
        var key: OpaquePointer?
        guard EVP_PKEY_fromdata_init(maker) == 1,
            postern_public_key_from_parameters(maker, &key, parameters) == 1, let key
        else { return nil }
        defer { EVP_PKEY_free(key) }
        guard let context = EVP_PKEY_CTX_new_from_pkey(nil, key, nil) else { return nil }
        guard EVP_PKEY_verify_init(context) == 1, postern_set_pkcs1_verification(context, SHA256.algorithm) == 1
        else {
            EVP_PKEY_CTX_free(context)
            return nil
        }
        return context
    }

    private static func makeParameters(modulus: [UInt8], exponent: [UInt8]) -> UnsafeMutablePointer<OSSL_PARAM>? {
        guard let n = BN_bin2bn(modulus, Int32(modulus.count), nil) else { return nil }
        defer { BN_free(n) }
        guard let e = BN_bin2bn(exponent, Int32(exponent.count), nil) else { return nil }
        defer { BN_free(e) }
        guard let builder = OSSL_PARAM_BLD_new() else { return nil }
        defer { OSSL_PARAM_BLD_free(builder) }
        guard postern_push_rsa_public_key(builder, n, e) == 1 else { return nil }
        return OSSL_PARAM_BLD_to_param(builder)
    }
}
