import Bytes
import Cryptography
import Deflate

/// A session as bytes.
///
///     version (1) | 0 | fields      or      version (1) | 1 | the fields deflated, where that is shorter
///
/// The ID token is kept as its three parts decoded, which saves the quarter that base64url adds and lets its claims
/// deflate.
extension SessionRecord {
    /// The most that the fields may take, deflated or not: in bytes.
    package static let fieldsLimit = 65_536
    /// The most groups, claims, and values of one claim.
    package static let listLimit = 2048
    private static let version: UInt8 = 1

    private enum Tag {
        static let id: UInt8 = 1
        static let site: UInt8 = 2
        static let provider: UInt8 = 3
        static let createdAt: UInt8 = 4
        static let lastSeenAt: UInt8 = 5
        static let tokenExpiresAt: UInt8 = 6
        static let tokenHeader: UInt8 = 7
        static let tokenPayload: UInt8 = 8
        static let tokenSignature: UInt8 = 9
        /// The ID token as it is, where its parts are not canonical base64url.
        static let tokenText: UInt8 = 10
        static let refreshToken: UInt8 = 11
        static let providerSessionID: UInt8 = 12
        static let subject: UInt8 = 16
        static let name: UInt8 = 17
        static let email: UInt8 = 18
        static let emailVerified: UInt8 = 19
        static let groups: UInt8 = 20
        /// Each claim's name, the number of its values in decimal, and its values.
        static let claims: UInt8 = 21
        // What an earlier release may pass over.
        static let grantObtainedAt: UInt8 = 0x80
        static let grantExpiresAt: UInt8 = 0x81
    }

    /// Nil where the session exceeds a limit.
    package func encoded() -> [UInt8]? {
        guard identity.groups.count <= Self.listLimit, identity.claims.count <= Self.listLimit,
            identity.claims.allSatisfy({ $0.values.count <= Self.listLimit })
        else { return nil }
        var writer = FieldWriter()
        writer.put(Tag.id, id.bytes)
        writer.put(Tag.site, site)
        writer.put(Tag.provider, provider)
        writer.put(Tag.createdAt, createdAt)
        writer.put(Tag.lastSeenAt, lastSeenAt)
        writer.put(Tag.tokenExpiresAt, tokenExpiresAt)
        let parts = idToken.split(separator: ".", omittingEmptySubsequences: false).map { Base64URL.decode($0) }
        if parts.count == 3, let header = parts[0], let payload = parts[1], let signature = parts[2] {
            writer.put(Tag.tokenHeader, header)
            writer.put(Tag.tokenPayload, payload)
            writer.put(Tag.tokenSignature, signature)
        } else {
            writer.put(Tag.tokenText, idToken)
        }
        writer.put(Tag.refreshToken, optional: refreshToken?.reveal())
        writer.put(Tag.providerSessionID, optional: providerSessionID)
        writer.put(Tag.subject, identity.subject)
        writer.put(Tag.name, optional: identity.name)
        writer.put(Tag.email, optional: identity.email)
        if let isVerified = identity.emailVerified { writer.put(Tag.emailVerified, isVerified ? 1 : 0) }
        if !identity.groups.isEmpty { writer.put(Tag.groups, identity.groups) }
        if !identity.claims.isEmpty {
            writer.put(Tag.claims, identity.claims.flatMap { [$0.name, String($0.values.count)] + $0.values })
        }
        if grantObtainedAt != createdAt { writer.put(Tag.grantObtainedAt, grantObtainedAt) }
        if grantExpiresAt != tokenExpiresAt { writer.put(Tag.grantExpiresAt, grantExpiresAt) }
        guard writer.bytes.count <= Self.fieldsLimit else { return nil }
        let deflated = Deflate.compress(writer.bytes)
        return deflated.count < writer.bytes.count
            ? [Self.version, 1] + deflated : [Self.version, 0] + writer.bytes
    }

    /// Nil where `bytes` is not the whole encoding of a session.
    package init?(encoded bytes: [UInt8]) {
        guard bytes.count >= 2, bytes[0] == Self.version else { return nil }
        let body = Array(bytes[2...])
        switch bytes[1] {
        case 0:
            guard body.count <= Self.fieldsLimit else { return nil }
            self.init(fields: body)
        case 1:
            guard let fields = Deflate.inflate(body, limit: Self.fieldsLimit) else { return nil }
            self.init(fields: fields)
        default: return nil
        }
    }

    private init?(fields: [UInt8]) {
        guard var reader = FieldReader(fields),
            let id = reader.bytes(Tag.id).flatMap(SessionID.init),
            let site = reader.text(Tag.site),
            let provider = reader.text(Tag.provider),
            let createdAt = reader.number(Tag.createdAt),
            let lastSeenAt = reader.number(Tag.lastSeenAt),
            let tokenExpiresAt = reader.number(Tag.tokenExpiresAt),
            let idToken = Self.token(from: &reader),
            let refreshToken = reader.optionalText(Tag.refreshToken),
            let providerSessionID = reader.optionalText(Tag.providerSessionID),
            let identity = Self.identity(from: &reader),
            let grantObtainedAt = reader.optionalNumber(Tag.grantObtainedAt),
            let grantExpiresAt = reader.optionalNumber(Tag.grantExpiresAt),
            reader.isExhausted
        else { return nil }
        self.init(
            id: id, site: site, provider: provider, idToken: idToken, refreshToken: refreshToken.map(SecretText.init),
            providerSessionID: providerSessionID, identity: identity, createdAt: createdAt, lastSeenAt: lastSeenAt,
            tokenExpiresAt: tokenExpiresAt, grantObtainedAt: grantObtainedAt, grantExpiresAt: grantExpiresAt)
    }

    private static func token(from reader: inout FieldReader) -> String? {
        let parts = [Tag.tokenHeader, Tag.tokenPayload, Tag.tokenSignature].compactMap { reader.bytes($0) }
        let text = reader.bytes(Tag.tokenText)
        switch (parts.count, text) {
        case (3, nil): return parts.map(Base64URL.encode).joined(separator: ".")
        case (0, .some(let text)): return String(validating: text, as: UTF8.self)
        default: return nil
        }
    }

    private static func identity(from reader: inout FieldReader) -> SessionIdentity? {
        guard let subject = reader.text(Tag.subject),
            let name = reader.optionalText(Tag.name),
            let email = reader.optionalText(Tag.email),
            let groups = reader.list(Tag.groups, limit: listLimit),
            let flat = reader.list(Tag.claims, limit: fieldsLimit),
            let claims = claims(flat)
        else { return nil }
        var emailVerified: Bool?
        switch reader.bytes(Tag.emailVerified) {
        case nil: break
        case [1]: emailVerified = true
        case []: emailVerified = false
        default: return nil
        }
        return SessionIdentity(
            subject: subject, name: name, email: email, emailVerified: emailVerified, groups: groups, claims: claims)
    }

    private static func claims(_ flat: [String]) -> [SessionClaim]? {
        var claims: [SessionClaim] = []
        var rest = flat[...]
        while let name = rest.popFirst() {
            guard claims.count < listLimit, let count = rest.popFirst().flatMap({ Int($0) }),
                (0...min(listLimit, rest.count)).contains(count)
            else { return nil }
            claims.append(SessionClaim(name: name, values: Array(rest.prefix(count))))
            rest = rest.dropFirst(count)
        }
        return claims
    }
}
