import Cryptography

/// A session that does not fit into what a browser keeps.
package enum SessionCookieError: Error, Sendable, Equatable {
    case tooLarge
}

/// A cookie's name and value, without attributes.
package struct SessionCookie: Sendable, Equatable {
    package let name: String
    package let value: String

    package init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}

/// A session as the cookies of one site.
///
/// One that fits is the cookie `NAME`, whose value is the sealed text. A longer one is `NAME.1`, `NAME.2` … up to
/// four, and each part says what it is part of:
///
///     COUNT (one digit) | TAG (six characters of the sealed text's digest) | "." | a piece of the sealed text
///
/// Only `.1` with all that follow it up to its own count and with its own tag make a session. A part that is left
/// over from an earlier and longer session so never mixes with a newer one: it is ignored, and cleared at the next
/// occasion. Where both `NAME` and a full set are there, the one used last counts. Two cookies of one of these names
/// can only come from somebody who is not us: then there is no session at all.
package struct SessionCookies: Sendable {
    /// The longest value of one cookie, in bytes.
    package static let valueLimit = 3800
    /// Name, value and attributes together; browsers keep up to 4096 bytes.
    package static let cookieLimit = 4095
    /// Room left for the attributes: `; Path=/; Max-Age=31536000; Secure; HttpOnly; SameSite=Lax` and some.
    package static let attributesSize = 128
    package static let partLimit = 4
    private static let prefixSize = 8

    package let name: String
    package let site: String
    private let box: SealedBox
    private let pieceSize: Int

    /// - Precondition: the name is at most 1024 bytes.
    package init(name: String, site: String, ring: KeyRing) {
        precondition(name.utf8.count <= 1024)
        self.name = name
        self.site = site
        box = SealedBox(ring)
        pieceSize = min(Self.valueLimit, Self.cookieLimit - Self.attributesSize - name.utf8.count - 3)
    }

    // MARK: Out

    /// The cookies to set, in order.
    package func encode(_ record: SessionRecord) throws(SessionCookieError) -> [SessionCookie] {
        guard record.site == site, let payload = record.encoded() else { throw .tooLarge }
        let sealed = box.seal(payload, purpose: .session, context: Array(site.utf8))
        let text = Array(sealed.utf8)
        if text.count <= pieceSize { return [SessionCookie(name: name, value: sealed)] }
        let step = pieceSize - Self.prefixSize
        let count = (text.count + step - 1) / step
        guard count <= Self.partLimit, text.count <= SealedBox.limit else { throw .tooLarge }
        let prefix = "\(count)\(Self.tag(of: text))."
        return (0..<count).map { part in
            let piece = text[part * step..<min(text.count, (part + 1) * step)]
            return SessionCookie(name: partName(part + 1), value: prefix + String(decoding: piece, as: UTF8.self))
        }
    }

    // MARK: In

    /// What a request's cookies hold, before anything is opened.
    package enum Presented: Sendable, Equatable {
        case nothing
        /// Sealed texts to open: one, but for a browser that holds leftovers.
        case sealed([String])
        /// A name came twice.
        case ambiguous
    }

    /// An opened session.
    package struct Opened: Sendable {
        package let record: SessionRecord
        /// False where an older key sealed it: time to set the cookie again.
        package let isNewestKey: Bool
    }

    /// `values` tells all values that a request has for a cookie's name; it is asked twice where no session is in
    /// parts.
    package func present(_ values: (String) -> [String]) -> Presented {
        var found: [String] = []
        let whole = values(name)
        let first = values(partName(1))
        guard whole.count <= 1, first.count <= 1 else { return .ambiguous }
        if let whole = whole.first { found.append(whole) }
        if let first = first.first {
            let others = (2...Self.partLimit).map { values(partName($0)) }
            guard others.allSatisfy({ $0.count <= 1 }) else { return .ambiguous }
            if let joined = Self.join(first, others.map(\.first)) { found.append(joined) }
        }
        return found.isEmpty ? .nothing : .sealed(found)
    }

    /// The session in one sealed text; nil for anything that this site did not seal.
    package func open(_ sealed: String) -> Opened? {
        guard let opened = box.open(sealed, purpose: .session, context: Array(site.utf8)),
            let record = SessionRecord(encoded: opened.payload), record.site == site
        else { return nil }
        return Opened(record: record, isNewestKey: opened.isNewest)
    }

    /// Those texts that open, the session used last first.
    package func newestFirst(_ texts: [String]) -> [String] {
        guard texts.count > 1 else { return texts }
        return texts.compactMap { text in open(text).map { (text, $0.record) } }.sorted { left, right in
            (left.1.lastSeenAt, left.1.createdAt) > (right.1.lastSeenAt, right.1.createdAt)
        }.map(\.0)
    }

    /// Every name that a session's cookies can have.
    package var names: [String] { [name] + (1...Self.partLimit).map(partName) }

    /// The names that a request carries and that are not among `kept`, which the answer sets: all of them at the
    /// end of a session.
    package func namesToClear(presentIn values: (String) -> [String], keeping kept: [SessionCookie] = []) -> [String] {
        names.filter { name in !values(name).isEmpty && !kept.contains { $0.name == name } }
    }

    // MARK: Parts

    private func partName(_ part: Int) -> String { "\(name).\(part)" }

    private static func tag(of sealed: [UInt8]) -> String {
        let digest = SHA256.digest(sealed).bytes
        return String(decoding: SessionCookies.alphabet(digest.prefix(6)), as: UTF8.self)
    }

    private static func alphabet(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        let characters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        return bytes.map { characters[Int($0 & 63)] }
    }

    /// The sealed text of which `first` is the first piece; nil where a piece is missing or of another text.
    private static func join(_ first: String, _ others: [String?]) -> String? {
        let first = Array(first.utf8)
        guard first.count > prefixSize, first[prefixSize - 1] == UInt8(ascii: ".") else { return nil }
        let prefix = first[..<prefixSize]
        let count = Int(first[0]) - Int(UInt8(ascii: "0"))
        guard (2...partLimit).contains(count) else { return nil }
        var text = Array(first[prefixSize...])
        for other in others.prefix(count - 1) {
            guard let other else { return nil }
            let part = Array(other.utf8)
            guard part.count > prefixSize, part[..<prefixSize] == prefix else { return nil }
            text += part[prefixSize...]
        }
        guard tag(of: text).utf8.elementsEqual(prefix[1..<prefixSize - 1]) else { return nil }
        return String(decoding: text, as: UTF8.self)
    }
}
