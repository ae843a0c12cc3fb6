import Bytes
import COpenSSL

/// Why bytes are no key that a signature may be checked with.
package enum PublicKeyError: Error, Equatable {
    /// Not 2048...8192 bits, or even.
    case modulus
    /// Below 65537, even, or longer than 64 bits.
    case exponent
    /// No point of the curve, or its coordinates are not of the curve's length.
    case point
    case refusedByOpenSSL
}

/// A public key that checks signatures, by the schemes of its kind alone.
///
/// Immutable; one key serves all threads at once, since every check has a context of its own.
package final class PublicKey: Sendable {
    package static let rsaBitRange = 2048...8192

    private enum Kind {
        case rsa
        case ec
        case ed25519
    }

    /// Bytes of every signature.
    package let signatureSize: Int
    private let kind: Kind
    nonisolated(unsafe) private let key: OpaquePointer
    /// Contexts that are ready to verify, from which each check takes its copy: that spares a check the look-up of the
    /// algorithms by their names.
    nonisolated(unsafe) private let templates: [(scheme: SignatureScheme, context: OpaquePointer)]

    /// An RSA key.
    /// - Parameters:
    ///   - modulus: big-endian, without leading zeros.
    ///   - exponent: big-endian, without leading zeros.
    package convenience init(modulus: [UInt8], exponent: [UInt8]) throws(PublicKeyError) {
        let leadingZeros = modulus.first?.leadingZeroBitCount ?? 8
        guard leadingZeros < 8, Self.rsaBitRange.contains(modulus.count * 8 - leadingZeros), modulus.last! & 1 == 1
        else { throw .modulus }
        let value = exponent.count <= 8 ? exponent.reduce(UInt64(0)) { $0 << 8 | UInt64($1) } : 0
        guard value >= 65537, value & 1 == 1, exponent.first != 0 else { throw .exponent }
        guard let parameters = Self.rsaParameters(modulus: modulus, exponent: exponent) else { throw Self.refusal }
        defer { OSSL_PARAM_free(parameters) }
        guard let key = Self.makeKey("RSA", parameters) else { throw Self.refusal }
        try self.init(key, .rsa, signatureSize: modulus.count, [.rsaSHA256, .rsaSHA384, .rsaSHA512, .rsaPSSSHA256])
    }

    /// A key for ECDSA.
    /// - Parameters:
    ///   - x: big-endian, in as many bytes as the curve has.
    ///   - y: likewise. The point must lie on the curve.
    package convenience init(curve: EllipticCurve, x: [UInt8], y: [UInt8]) throws(PublicKeyError) {
        guard x.count == curve.byteCount, y.count == curve.byteCount else { throw .point }
        // SEC 1 section 2.3.3: uncompressed. There is no such form of the point at infinity.
        var point = [4] + x + y
        var name = curve.name.utf8CString
        let key = point.withUnsafeMutableBufferPointer { point in
            name.withUnsafeMutableBufferPointer { name in
                postern_ec_public_key(name.baseAddress, point.baseAddress, point.count)
            }
        }
        guard let key else {
            ERR_clear_error()
            throw .point
        }
        try self.init(key, .ec, signatureSize: 2 * curve.byteCount, [curve.scheme])
    }

    /// A key for Ed25519: 32 bytes. Bytes that are no point's make a key that no signature matches; a point of small
    /// order, which many signatures of nothing would match, is refused.
    package convenience init(ed25519 bytes: [UInt8]) throws(PublicKeyError) {
        guard bytes.count == 32, !Self.hasSmallOrder(bytes) else { throw .point }
        guard let key = EVP_PKEY_new_raw_public_key_ex(nil, "ED25519", nil, bytes, bytes.count) else {
            throw Self.refusal
        }
        try self.init(key, .ed25519, signatureSize: 64, [])
    }

    /// Takes the key over.
    private init(
        _ key: OpaquePointer, _ kind: Kind, signatureSize: Int, _ schemes: [SignatureScheme]
    ) throws(PublicKeyError) {
        self.key = key
        self.kind = kind
        self.signatureSize = signatureSize
        var templates: [(scheme: SignatureScheme, context: OpaquePointer)] = []
        for scheme in schemes {
            guard let context = Self.makeTemplate(key, scheme) else { break }
            templates.append((scheme, context))
        }
        self.templates = templates
        guard templates.count == schemes.count else { throw Self.refusal }
    }

    deinit {
        for (_, context) in templates { EVP_PKEY_CTX_free(context) }
        EVP_PKEY_free(key)
    }

    package func verifies(_ signature: [UInt8], of message: Span<UInt8>, by scheme: SignatureScheme) -> Bool {
        guard signature.count == signatureSize else { return false }
        let isGenuine: Bool
        switch (kind, scheme, scheme.digest) {
        case (.ed25519, .ed25519, _):
            isGenuine = verifiesEd25519(signature, of: message)
        case (.ec, _, let digest?):
            guard let sequence = Self.sequence(signature) else { return false }
            isGenuine = verifies(sequence, ofDigest: digest.digest(message), by: scheme)
        case (.rsa, _, let digest?):
            isGenuine = verifies(signature, ofDigest: digest.digest(message), by: scheme)
        default:
            return false
        }
        if !isGenuine { ERR_clear_error() }
        return isGenuine
    }

    package func verifies(_ signature: [UInt8], of message: [UInt8], by scheme: SignatureScheme) -> Bool {
        verifies(signature, of: message.span, by: scheme)
    }

    private func verifies(_ signature: [UInt8], ofDigest digest: [UInt8], by scheme: SignatureScheme) -> Bool {
        guard let template = templates.first(where: { $0.scheme == scheme })?.context,
            let context = EVP_PKEY_CTX_dup(template)
        else { return false }
        defer { EVP_PKEY_CTX_free(context) }
        return EVP_PKEY_verify(context, signature, signature.count, digest, digest.count) == 1
    }

    private func verifiesEd25519(_ signature: [UInt8], of message: Span<UInt8>) -> Bool {
        guard let context = EVP_MD_CTX_new() else { return false }
        defer { EVP_MD_CTX_free(context) }
        guard EVP_DigestVerifyInit(context, nil, nil, nil, key) == 1 else { return false }
        return message.withUnsafeBytes {
            EVP_DigestVerify(
                context, signature, signature.count, $0.baseAddress?.assumingMemoryBound(to: UInt8.self), $0.count) == 1
        }
    }

    /// r and s, one after the other (RFC 7518 section 3.4), as OpenSSL wants them: a DER sequence of two integers
    /// (RFC 3279 section 2.2.3). Nil where one of them is zero; that both are below the order OpenSSL checks.
    private static func sequence(_ signature: [UInt8]) -> [UInt8]? {
        var content: [UInt8] = []
        for half in [signature.prefix(signature.count / 2), signature.suffix(signature.count / 2)] {
            let number = half.drop { $0 == 0 }
            guard let first = number.first else { return nil }
            // A first bit of one would make it negative.
            let padding: [UInt8] = first & 0x80 == 0 ? [] : [0]
            content += [0x02, UInt8(number.count + padding.count)] + padding + number
        }
        // At most 2 * (2 + 49) bytes: a length of one byte.
        return [0x30, UInt8(content.count)] + content
    }

    /// Whether the point is one of the eight whose order divides the cofactor (RFC 8032 section 5.1), by its y without
    /// the sign of x; the last two are 0 and 1 spelled with p added.
    private static func hasSmallOrder(_ bytes: [UInt8]) -> Bool {
        let y = Array(bytes.dropLast()) + [bytes[31] & 0x7F]
        return smallOrders.contains { Hex.encode(y) == $0 }
    }

    private static let smallOrders = [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ]

    private static var refusal: PublicKeyError {
        ERR_clear_error()
        return .refusedByOpenSSL
    }

    private static func makeTemplate(_ key: OpaquePointer, _ scheme: SignatureScheme) -> OpaquePointer? {
        guard let context = EVP_PKEY_CTX_new_from_pkey(nil, key, nil) else { return nil }
        guard EVP_PKEY_verify_init(context) == 1, prepare(context, scheme) else {
            EVP_PKEY_CTX_free(context)
            return nil
        }
        return context
    }

    /// Leaves a context, made for signing or verifying, nothing to choose.
    static func prepare(_ context: OpaquePointer, _ scheme: SignatureScheme) -> Bool {
        switch (scheme, scheme.digest) {
        case (.rsaSHA256, let digest?), (.rsaSHA384, let digest?), (.rsaSHA512, let digest?):
            postern_use_pkcs1(context, digest.algorithm) == 1
        case (.rsaPSSSHA256, let digest?): postern_use_pss(context, digest.algorithm) == 1
        case (_, let digest?): EVP_PKEY_CTX_set_signature_md(context, digest.algorithm) == 1
        case (_, nil): true
        }
    }

    private static func makeKey(
        _ type: String, _ parameters: UnsafeMutablePointer<OSSL_PARAM>
    ) -> OpaquePointer? {
        guard let maker = EVP_PKEY_CTX_new_from_name(nil, type, nil) else { return nil }
        defer { EVP_PKEY_CTX_free(maker) }
        var key: OpaquePointer?
        guard EVP_PKEY_fromdata_init(maker) == 1, postern_public_key_from_parameters(maker, &key, parameters) == 1
        else { return nil }
        return key
    }

    private static func rsaParameters(modulus: [UInt8], exponent: [UInt8]) -> UnsafeMutablePointer<OSSL_PARAM>? {
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
