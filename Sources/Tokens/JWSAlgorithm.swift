import Cryptography

/// A signature algorithm that Postern verifies (RFC 7518 section 3.1, RFC 8037 section 3.1). The raw value is `alg`,
/// byte for byte. There is no `none` and no HMAC: what is not here cannot be asked for.
package enum JWSAlgorithm: String, Hashable, Sendable, CaseIterable {
    case rs256 = "RS256"
    case rs384 = "RS384"
    case rs512 = "RS512"
    case ps256 = "PS256"
    case es256 = "ES256"
    case es384 = "ES384"
    /// With Ed25519.
    case edDSA = "EdDSA"

    package var scheme: SignatureScheme {
        switch self {
        case .rs256: .rsaSHA256
        case .rs384: .rsaSHA384
        case .rs512: .rsaSHA512
        case .ps256: .rsaPSSSHA256
        case .es256: .p256SHA256
        case .es384: .p384SHA384
        case .edDSA: .ed25519
        }
    }

    /// The digest of `at_hash` (OpenID Connect Core 3.1.3.6): the algorithm's own, which for Ed25519 is SHA-512.
    var hash: SHA2 {
        switch self {
        case .rs256, .ps256, .es256: .sha256
        case .rs384, .es384: .sha384
        case .rs512, .edDSA: .sha512
        }
    }

    /// By bytes: Swift's own equality of strings holds some that differ for equal.
    package static func named(_ name: String) -> JWSAlgorithm? {
        allCases.first { $0.rawValue.hasSameBytes(as: name) }
    }
}
