import Bytes
import Cryptography

/// What ties sign-ins to a browser: the value of the browser cookie, 32 random bytes as base64url. One serves all
/// sign-ins of a browser, however many are in flight.
package enum BrowserBinding {
    package static func make() -> String { Base64URL.encode(SecureRandom.bytes(32)) }

    /// Whether `text` has the form of one; the value itself proves nothing.
    package static func isWellFormed(_ text: String) -> Bool {
        text.utf8.count == 43 && Base64URL.decode(text) != nil
    }
}

/// A sign-in in flight.
package struct LoginFlow: Sendable {
    package let id: SessionID
    /// Unix seconds.
    package let issuedAt: Int64
    package let provider: String
    /// Where the browser wanted to go: validated before it was sealed, to be validated again when it is used.
    package let returnTarget: String
    /// The sessions that the browser had when it began, which the new one takes the place of.
    package let replaced: [SessionID]
    /// RFC 7636 section 4.1: 43 characters.
    package let codeVerifier: SecretText
    /// OpenID Connect Core section 3.1.2.1: 43 characters.
    package let nonce: String
}

/// Sign-ins that need no memory here: what the callback must know travels in `state`, sealed and bound to the site,
/// with the digest of the browser's binding in it; the PKCE verifier and the nonce are derived from the server's key,
/// the flow and the binding, and travel nowhere. Any number of tabs sign in at once, and none knows of another.
///
/// The binding is in the payload, and not in what the seal authenticates, so that a state of ours from another
/// browser still tells where its sign-in wanted to go: twenty tabs of a browser that had no binding yet each
/// made one, and all but one of them come back with a cookie that is not theirs.
package struct LoginState: Sendable {
    /// 15 minutes: what a password, a second factor and a forgotten phone take.
    package static let defaultLifetime: Int64 = 900
    /// How far ahead of this machine's clock the one that began the sign-in may be, in seconds.
    package static let clockSkew: Int64 = 60
    private static let version: UInt8 = 1

    private enum Tag {
        static let id: UInt8 = 1
        static let issuedAt: UInt8 = 2
        static let provider: UInt8 = 3
        static let returnTarget: UInt8 = 4
        static let binding: UInt8 = 5
        // What an earlier release may pass over.
        static let replaced: UInt8 = 0x80
    }

    package enum Opened: Sendable {
        case flow(LoginFlow)
        /// Ours, of this browser, and too old: the person may start again, to the same place.
        case expired(LoginFlow)
        /// Ours, but begun under another binding, or none came along. Its code must not be used.
        case otherBrowser(returnTarget: String)
        /// Not ours, of another site, or changed: which of these, nobody is told.
        case invalid
    }

    private let box: SealedBox
    private let site: String
    private let lifetime: Int64

    /// `lifetime` in seconds.
    package init(ring: KeyRing, site: String, lifetime: Int64 = Self.defaultLifetime) {
        box = SealedBox(ring)
        self.site = site
        self.lifetime = lifetime
    }

    /// A new flow and its `state`. `now` in Unix seconds.
    package func start(
        provider: String, returnTarget: String, replacing replaced: [SessionID] = [], binding: String, now: Int64,
        id: SessionID = .random()
    ) -> (flow: LoginFlow, state: String) {
        var writer = FieldWriter()
        writer.put(Tag.id, id.bytes)
        writer.put(Tag.issuedAt, now)
        writer.put(Tag.provider, provider)
        writer.put(Tag.returnTarget, returnTarget)
        writer.put(Tag.binding, digest(binding))
        if !replaced.isEmpty { writer.put(Tag.replaced, replaced.flatMap(\.bytes)) }
        let state = box.seal([Self.version] + writer.bytes, purpose: .login, context: Array(site.utf8))
        let flow = flow(box.ring.newest, id, now, provider, returnTarget, replaced, binding)
        return (flow, state)
    }

    /// - Parameter binding: the browser cookie's value; nil where there is none.
    package func open(_ state: String, binding: String?, now: Int64) -> Opened {
        guard let opened = box.open(state, purpose: .login, context: Array(site.utf8)),
            opened.payload.first == Self.version,
            var reader = FieldReader(Array(opened.payload.dropFirst())),
            let id = reader.bytes(Tag.id).flatMap(SessionID.init),
            let issuedAt = reader.number(Tag.issuedAt),
            let provider = reader.text(Tag.provider),
            let returnTarget = reader.text(Tag.returnTarget),
            let bound = reader.bytes(Tag.binding),
            let replaced = Self.sessions(reader.bytes(Tag.replaced) ?? []),
            reader.isExhausted
        else { return .invalid }
        guard let binding, ConstantTime.equal(digest(binding), bound) else {
            return .otherBrowser(returnTarget: returnTarget)
        }
        let flow = flow(opened.key, id, issuedAt, provider, returnTarget, replaced, binding)
        let (age, overflow) = now.subtractingReportingOverflow(issuedAt)
        return !overflow && age >= -Self.clockSkew && age < lifetime ? .flow(flow) : .expired(flow)
    }

    /// The derived values come from the key that sealed the state, so that they outlive a rotation of the keys.
    private func flow(
        _ key: KeyRing.Key, _ id: SessionID, _ issuedAt: Int64, _ provider: String, _ returnTarget: String,
        _ replaced: [SessionID], _ binding: String
    ) -> LoginFlow {
        func derived(_ what: String) -> String {
            let message = Array(what.utf8) + [0] + id.bytes + context(binding)
            return Base64URL.encode(key.authenticate(message, .loginSecrets))
        }
        return LoginFlow(
            id: id, issuedAt: issuedAt, provider: provider, returnTarget: returnTarget,
            replaced: replaced, codeVerifier: SecretText(derived("code_verifier")), nonce: derived("nonce"))
    }

    private static func sessions(_ bytes: [UInt8]) -> [SessionID]? {
        guard bytes.count % SessionID.byteCount == 0 else { return nil }
        return stride(from: 0, to: bytes.count, by: SessionID.byteCount).compactMap {
            SessionID(Array(bytes[$0..<$0 + SessionID.byteCount]))
        }
    }

    private func digest(_ binding: String) -> [UInt8] { SHA256.digest(Array(binding.utf8)).bytes }

    private func context(_ binding: String) -> [UInt8] { Array(site.utf8) + [0] + Array(binding.utf8) }
}
