import Cryptography

/// One refresh token of one session, named without holding it: the session's id, and the token's digest. Both have a
/// fixed size, so that no two pairs are the same.
package struct GrantID: Hashable, Sendable {
    package let session: SessionID
    package let token: SHA256Digest

    package init(session: SessionID, refreshToken: SecretText) {
        self.session = session
        token = SHA256.digest(Array(refreshToken.reveal().utf8))
    }
}
