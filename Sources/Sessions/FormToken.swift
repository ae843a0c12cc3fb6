import Bytes
import Cryptography

/// The token that a form of a session carries, so that no other page can send it: derived from the session and the
/// form's name, kept nowhere.
package enum FormToken {
    /// 43 characters.
    package static func make(_ form: String, session: SessionID, ring: KeyRing) -> String {
        token(form, session, ring.newest)
    }

    /// Whether `token` is the one that any key of the ring makes.
    package static func isValid(_ token: String, _ form: String, session: SessionID, ring: KeyRing) -> Bool {
        var isValid = false
        for key in ring.keys where ConstantTime.equal(token, self.token(form, session, key)) { isValid = true }
        return isValid
    }

    private static func token(_ form: String, _ session: SessionID, _ key: KeyRing.Key) -> String {
        Base64URL.encode(key.authenticate(session.bytes + Array(form.utf8), .form))
    }
}
