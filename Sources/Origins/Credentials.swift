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

    package init(accessKeyID: String, secretAccessKey: SecretText, sessionToken: SecretText? = nil) {
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
    }

    package var description: String { "credentials (secret)" }
}
