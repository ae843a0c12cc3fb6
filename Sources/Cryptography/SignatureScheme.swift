/// How a signature is made of a message: the scheme, its curve and its digest, with nothing left open.
package enum SignatureScheme: Hashable, Sendable, CaseIterable {
    /// RSASSA-PKCS1-v1_5 (RFC 8017 section 8.2).
    case rsaSHA256, rsaSHA384, rsaSHA512
    /// RSASSA-PSS (RFC 8017 section 8.1) with MGF1 of the same digest and a salt of its length (RFC 7518 section 3.5).
    case rsaPSSSHA256
    /// ECDSA (FIPS 186-5) with r and s in as many bytes as the curve's order has (RFC 7518 section 3.4).
    case p256SHA256, p384SHA384
    /// Ed25519 (RFC 8032), which digests by itself.
    case ed25519

    /// The digest that is signed; nil where the message is.
    var digest: SHA2? {
        switch self {
        case .rsaSHA256, .rsaPSSSHA256, .p256SHA256: .sha256
        case .rsaSHA384, .p384SHA384: .sha384
        case .rsaSHA512: .sha512
        case .ed25519: nil
        }
    }
}

/// The curves that ECDSA keys may lie on.
package enum EllipticCurve: Sendable, CaseIterable {
    case p256, p384

    /// Bytes of a coordinate, and of r and s.
    package var byteCount: Int {
        switch self {
        case .p256: 32
        case .p384: 48
        }
    }

    package var scheme: SignatureScheme {
        switch self {
        case .p256: .p256SHA256
        case .p384: .p384SHA384
        }
    }

    /// As OpenSSL calls it.
    var name: String {
        switch self {
        case .p256: "prime256v1"
        case .p384: "secp384r1"
        }
    }
}
