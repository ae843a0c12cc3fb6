import Bytes
import Cryptography

/// A key that signatures are checked with. Each kind says which algorithms it serves; a kind that
/// is added later is one more case here and one more reader in `JWK`.
package enum VerificationKey: Sendable {
    case rsa(RSAPublicKey)

    package func serves(_ algorithm: JWSAlgorithm) -> Bool {
        switch (self, algorithm) {
        case (.rsa, .rs256): true
        }
    }

    package func verifies(_ signature: [UInt8], of message: Span<UInt8>, algorithm: JWSAlgorithm) -> Bool {
        switch (self, algorithm) {
        case (.rsa(let key), .rs256): key.verifyPKCS1SHA256(signature: signature, message: message)
        }
    }
}

/// One usable entry of a key set (RFC 7517 section 4).
package struct JWK: Sendable {
    /// `kid`
    package let identifier: String?
    /// `alg`, where the entry is for that algorithm alone.
    package let algorithm: JWSAlgorithm?
    package let key: VerificationKey
    /// Tells two keys apart whatever their names.
    let fingerprint: SHA256Digest

    func serves(_ wanted: JWSAlgorithm) -> Bool {
        (algorithm == nil || algorithm == wanted) && key.serves(wanted)
    }
}

/// Why an entry of a key set is left out.
package enum UnusableKey: String, Error, Equatable, Sendable {
    case notAnObject = "not_an_object"
    /// A `kty` that Postern does not verify with: EC, OKP, oct.
    case kind
    /// `use` is not `sig`, or `key_ops` lacks `verify`.
    case use
    /// `alg` is none that Postern verifies.
    case algorithm
    case identifier
    /// A private member: whoever publishes it has lost the key.
    case privateMember = "private_member"
    /// `n` is no canonical number of 2048...8192 bits.
    case modulus
    /// `e` is no canonical odd number from 65537.
    case exponent
    /// Beyond the number of keys that are read.
    case beyondLimit = "beyond_limit"
}

extension JWK {
    private static let privateMembers = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"]

    static func parse(_ entry: JSONValue) throws(UnusableKey) -> JWK {
        guard entry.object != nil else { throw .notAnObject }
        guard entry["kty"]?.string?.hasSameBytes(as: "RSA") == true else { throw .kind }
        if let use = entry["use"], use != .string("sig") { throw .use }
        if let operations = entry["key_ops"], operations.array?.contains(.string("verify")) != true { throw .use }
        guard privateMembers.allSatisfy({ entry[$0] == nil }) else { throw .privateMember }
        var algorithm: JWSAlgorithm?
        if let named = entry["alg"] {
            algorithm = named.string.flatMap(JWSAlgorithm.named)
            guard algorithm != nil else { throw .algorithm }
        }
        let identifier = try identifier(of: entry)
        guard let modulus = number(entry["n"]) else { throw .modulus }
        guard let exponent = number(entry["e"]) else { throw .exponent }
        do {
            let key = try RSAPublicKey(modulus: modulus, exponent: exponent)
            return JWK(
                identifier: identifier, algorithm: algorithm, key: .rsa(key),
                fingerprint: SHA256.digest(modulus + [0] + exponent))
        } catch {
            throw error == .exponent ? .exponent : .modulus
        }
    }

    private static func identifier(of entry: JSONValue) throws(UnusableKey) -> String? {
        guard let value = entry["kid"] else { return nil }
        guard let text = value.string, (1...JWS.longestKeyIdentifier).contains(text.utf8.count) else {
            throw .identifier
        }
        return text
    }

    /// Base64urlUInt (RFC 7518 section 2): no leading zero octets.
    private static func number(_ value: JSONValue?) -> [UInt8]? {
        guard let bytes = value?.string.flatMap({ Base64URL.decode($0) }), let first = bytes.first, first != 0
        else { return nil }
        return bytes
    }
}
