import Bytes
import Cryptography

/// Proof Key for Code Exchange (RFC 7636), method S256 alone.
package enum PKCE {
    package static let method = "S256"

    /// 43...128 unreserved characters (section 4.1).
    package static func isVerifier(_ text: String) -> Bool {
        (43...128).contains(text.utf8.count) && text.utf8.allSatisfy(PercentCoding.isUnreserved)
    }

    /// The verifier that 32 or more secret bytes spell: 32 make 43 characters.
    package static func verifier(_ bytes: [UInt8]) -> String { Base64URL.encode(bytes) }

    /// BASE64URL(SHA256(verifier)), 43 characters (section 4.2).
    package static func challenge(_ verifier: String) -> String {
        Base64URL.encode(SHA256.digest(Array(verifier.utf8)).bytes)
    }
}
