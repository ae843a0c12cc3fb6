import Bytes
import Cryptography

/// A key for Ed25519 that says to the apps behind this program who asks. It follows from a key of the ring, so that all
/// instances have the same, before and after a restart.
package struct AssertionKey: Sendable {
    /// The thumbprint of the public key (RFC 7638, RFC 8037 section 2).
    package let id: String
    /// The public key as a JWK has it.
    package let x: String
    private let key: SigningKey

    /// - Parameter seed: 32 bytes.
    init(seed: SecretBytes) {
        key = SigningKey(ed25519: seed)
        x = Base64URL.encode(key.ed25519PublicKey!)
        id = Base64URL.encode(SHA256.digest("{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"\(x)\"}".utf8.span).bytes)
    }

    /// A signed JWT (RFC 7519) with these claims.
    package func sign(_ claims: (inout JSONText) -> Void) -> String {
        var header = JSONText()
        header.object {
            $0.member("alg", "EdDSA")
            $0.member("typ", "JWT")
            $0.member("kid", id)
        }
        var body = JSONText()
        body.object(claims)
        let text = Base64URL.encode(header.bytes) + "." + Base64URL.encode(body.bytes)
        return text + "." + Base64URL.encode(key.sign(Array(text.utf8), by: .ed25519)!)
    }
}
