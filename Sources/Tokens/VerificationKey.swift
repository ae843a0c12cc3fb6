import Bytes
import Cryptography

/// One usable entry of a key set (RFC 7517 section 4).
package struct JWK: Sendable {
    /// `kid`
    package let identifier: String?
    /// `alg`, where the entry is for that algorithm alone.
    package let algorithm: JWSAlgorithm?
    package let key: VerificationKey
    /// Whose tokens it signs, as Entra ID's sets for many tenants say it.
    let issuer: String?
    /// Tells two keys apart whatever their names.
    let fingerprint: SHA256Digest

    func serves(_ wanted: JWSAlgorithm) -> Bool {
        (algorithm == nil || algorithm == wanted) && key.serves(wanted)
    }
}

/// A key that signatures are checked with, by the algorithms of its kind and curve alone (RFC 7518 section 3.1): a
/// token cannot have it used in another way than it is meant.
package struct VerificationKey: Sendable {
    fileprivate enum Kind: Sendable {
        case rsa
        case ec(EllipticCurve)
        case ed25519
    }

    fileprivate let kind: Kind
    fileprivate let key: PublicKey

    package func serves(_ algorithm: JWSAlgorithm) -> Bool {
        switch (kind, algorithm) {
        case (.rsa, .rs256), (.rsa, .rs384), (.rsa, .rs512), (.rsa, .ps256): true
        case (.ec(.p256), .es256), (.ec(.p384), .es384): true
        case (.ed25519, .edDSA): true
        default: false
        }
    }

    package func verifies(_ signature: [UInt8], of message: Span<UInt8>, algorithm: JWSAlgorithm) -> Bool {
        serves(algorithm) && key.verifies(signature, of: message, by: algorithm.scheme)
    }
}

/// Why an entry of a key set is left out.
package enum UnusableKey: String, Error, Equatable, Sendable {
    case notAnObject = "not_an_object"
    /// A `kty` that Postern does not verify with: `oct`, or an unknown one.
    case kind
    /// A `crv` that Postern does not verify with.
    case curve
    /// `use` is not `sig`, or `key_ops` lacks `verify`.
    case use
    /// `alg` is none that Postern verifies, or none for a key of this kind and curve; or the provider's keys are not to
    /// be used with it.
    case algorithm
    case identifier
    /// A private member: whoever publishes it has lost the key.
    case privateMember = "private_member"
    /// `n` is no canonical number of 2048...8192 bits.
    case modulus
    /// `e` is no canonical odd number from 65537.
    case exponent
    /// `x` and `y` are no point of the curve in as many bytes as it has.
    case point
    /// Beyond the number of keys that are read.
    case beyondLimit = "beyond_limit"
}

extension JWK {
    private static let privateMembers = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"]

    static func parse(_ entry: JSONValue) throws(UnusableKey) -> JWK {
        guard entry.object != nil else { throw .notAnObject }
        guard let kind = entry["kty"]?.string, ["RSA", "EC", "OKP"].contains(where: { $0.hasSameBytes(as: kind) })
        else { throw .kind }
        if let use = entry["use"], use != .string("sig") { throw .use }
        if let operations = entry["key_ops"], operations.array?.contains(.string("verify")) != true { throw .use }
        guard privateMembers.allSatisfy({ entry[$0] == nil }) else { throw .privateMember }
        var algorithm: JWSAlgorithm?
        if let named = entry["alg"] {
            algorithm = named.string.flatMap(JWSAlgorithm.named)
            guard algorithm != nil else { throw .algorithm }
        }
        let identifier = try identifier(of: entry)
        let key: (VerificationKey, members: [UInt8])
        switch kind {
        case "RSA": key = try rsa(entry)
        case "EC": key = try ec(entry)
        default: key = try ed25519(entry)
        }
        guard algorithm.map(key.0.serves) ?? true else { throw .algorithm }
        return JWK(
            identifier: identifier, algorithm: algorithm, key: key.0, issuer: entry["issuer"]?.string,
            fingerprint: SHA256.digest(Array(kind.utf8) + [0] + key.members))
    }

    private static func identifier(of entry: JSONValue) throws(UnusableKey) -> String? {
        guard let value = entry["kid"] else { return nil }
        guard let text = value.string, (1...JWS.longestKeyIdentifier).contains(text.utf8.count) else {
            throw .identifier
        }
        return text
    }

    /// RFC 7518 section 6.3.1
    private static func rsa(_ entry: JSONValue) throws(UnusableKey) -> (VerificationKey, members: [UInt8]) {
        guard let modulus = number(entry["n"]) else { throw .modulus }
        guard let exponent = number(entry["e"]) else { throw .exponent }
        do {
            let key = try PublicKey(modulus: modulus, exponent: exponent)
            return (VerificationKey(kind: .rsa, key: key), modulus + [0] + exponent)
        } catch {
            throw error == .exponent ? .exponent : .modulus
        }
    }

    /// RFC 7518 section 6.2.1
    private static func ec(_ entry: JSONValue) throws(UnusableKey) -> (VerificationKey, members: [UInt8]) {
        let curve: EllipticCurve
        switch entry["crv"] {
        case .string("P-256"): curve = .p256
        case .string("P-384"): curve = .p384
        default: throw .curve
        }
        guard let x = bytes(entry["x"]), let y = bytes(entry["y"]),
            let key = try? PublicKey(curve: curve, x: x, y: y)
        else { throw .point }
        return (VerificationKey(kind: .ec(curve), key: key), x + y)
    }

    /// RFC 8037 section 2
    private static func ed25519(_ entry: JSONValue) throws(UnusableKey) -> (VerificationKey, members: [UInt8]) {
        guard entry["crv"] == .string("Ed25519") else { throw .curve }
        guard let x = bytes(entry["x"]), let key = try? PublicKey(ed25519: x) else { throw .point }
        return (VerificationKey(kind: .ed25519, key: key), x)
    }

    /// Base64urlUInt (RFC 7518 section 2): no leading zero octets.
    private static func number(_ value: JSONValue?) -> [UInt8]? {
        guard let bytes = bytes(value), let first = bytes.first, first != 0 else { return nil }
        return bytes
    }

    private static func bytes(_ value: JSONValue?) -> [UInt8]? {
        value?.string.flatMap { Base64URL.decode($0) }
    }
}
