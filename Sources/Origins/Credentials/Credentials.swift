import Cryptography

/// What S3 requests are signed with.
///
/// An immutable object whose identity counts: whoever refreshes credentials makes a new one, and a
/// signer that is handed another object derives its keys anew.
package final class Credentials: Sendable, CustomStringConvertible {
    package let accessKeyID: String
    package let secretAccessKey: SecretText
    /// Goes along with temporary credentials, as `x-amz-security-token`.
    package let sessionToken: SecretText?
    /// In Unix seconds; nil where they hold until somebody takes them back.
    package let expiresAt: Int64?

    package init(
        accessKeyID: String, secretAccessKey: SecretText, sessionToken: SecretText? = nil, expiresAt: Int64? = nil
    ) {
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
        self.expiresAt = expiresAt
    }

    package static let longestAccessKeyID = 128
    package static let longestSecretAccessKey = 1024
    /// It goes with every request, as a field's value.
    package static let longestSessionToken = 16384

    /// Of texts from outside: nil where one of them could not stand in a request. An ID is visible ASCII without
    /// what ends it in the `Authorization` field, `,` and `/`.
    package convenience init?(
        checking accessKeyID: String, secretAccessKey: String, sessionToken: String?, expiresAt: Int64? = nil
    ) {
        let isVisible: (UInt8) -> Bool = { (0x21...0x7E).contains($0) }
        guard (1...Self.longestAccessKeyID).contains(accessKeyID.utf8.count),
            accessKeyID.utf8.allSatisfy({ isVisible($0) && $0 != 0x2C && $0 != 0x2F }),
            (1...Self.longestSecretAccessKey).contains(secretAccessKey.utf8.count),
            secretAccessKey.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
        else { return nil }
        if let sessionToken {
            guard (1...Self.longestSessionToken).contains(sessionToken.utf8.count),
                sessionToken.utf8.allSatisfy(isVisible)
            else { return nil }
        }
        self.init(
            accessKeyID: accessKeyID, secretAccessKey: SecretText(secretAccessKey),
            sessionToken: sessionToken.map(SecretText.init), expiresAt: expiresAt)
    }

    /// - Parameter now: Unix seconds.
    package func holds(at now: Int64) -> Bool { expiresAt.map { now < $0 } ?? true }

    /// Whether there is no difference but the objects'.
    package func isSame(as other: Credentials) -> Bool {
        accessKeyID == other.accessKeyID && secretAccessKey == other.secretAccessKey
            && sessionToken == other.sessionToken && expiresAt == other.expiresAt
    }

    package var description: String { "credentials (secret)" }
}
