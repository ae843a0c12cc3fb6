import Bytes
import Cryptography

/// How a client proves itself by a key of its own: `private_key_jwt` (OpenID Connect Core 9, RFC 7523 section 2.2).
package struct ClientKey: Sendable {
    /// Seconds that an assertion holds: enough for one request, and for clocks that differ a little.
    package static let assertionLifetime: Int64 = 60

    private let key: SigningKey
    private let identifier: String?

    /// - Parameters:
    ///   - pem: the private key, and where the provider knows the client by a certificate that too.
    ///   - identifier: `kid`; nil where the provider needs none.
    package init(pem: SecretBytes, identifier: String?) throws(SigningKeyError) {
        key = try SigningKey(pem: pem)
        self.identifier = identifier
    }

    /// What the key signs by at this provider: the first that the provider lists, else the key's usual one.
    /// - Parameter supported: `token_endpoint_auth_signing_alg_values_supported`; nil where it does not say.
    package func algorithm(supported: [String]?) -> JWSAlgorithm {
        let mine = key.schemes.compactMap { scheme in JWSAlgorithm.allCases.first { $0.scheme == scheme } }
        return mine.first { supported?.contains($0.rawValue) ?? true } ?? mine[0]
    }

    /// A client assertion (RFC 7523 section 3).
    /// - Parameters:
    ///   - audience: whom it is for, and nobody else: one address.
    ///   - identifier: `jti`; no two assertions have the same.
    ///   - now: Unix seconds.
    package func assertion(
        clientID: String, audience: String, supported: [String]?, identifier: String, now: Int64
    ) -> SecretText {
        let algorithm = algorithm(supported: supported)
        var header = JSONText()
        header.object {
            $0.member("alg", algorithm.rawValue)
            $0.member("typ", "JWT")
            $0.member("kid", self.identifier)
            $0.member("x5t#S256", key.certificateDigest.map { Base64URL.encode($0.bytes) })
        }
        var claims = JSONText()
        claims.object {
            $0.member("iss", clientID)
            $0.member("sub", clientID)
            $0.member("aud", audience)
            $0.member("jti", identifier)
            $0.member("iat", now)
            $0.member("exp", now + Self.assertionLifetime)
        }
        let text = Base64URL.encode(header.bytes) + "." + Base64URL.encode(claims.bytes)
        // The scheme is one of the key's.
        let signature = key.sign(Array(text.utf8), by: algorithm.scheme)!
        return SecretText(text + "." + Base64URL.encode(signature))
    }
}
