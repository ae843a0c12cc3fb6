/// What proxies say of where a request came from: `Forwarded` (RFC 7239) and the `X-Forwarded-For` that it was made of.
///
/// Both are lists to which every proxy appends, and so are read from their end: what stands further to the front may
/// be the client's own invention, and is not looked at unless whatever follows it is trusted.
package enum ForwardedFields {
    /// One proxy's word.
    package struct Element: Sendable, Equatable {
        /// The address that the proxy saw, in its canonical text or as it came, without a port; nil where it says
        /// `unknown`, uses a made-up name, or does not hold.
        package var client: String?
        package var scheme: String?
        package var host: String?

        package init(client: String? = nil, scheme: String? = nil, host: String? = nil) {
            self.client = client
            self.scheme = scheme
            self.host = host
        }
    }

    /// The elements of all `Forwarded` lines, the nearest proxy's first. One that does not hold says nothing, and is
    /// the last: nobody could tell where the one before it ends.
    package static func forwarded(_ fields: borrowing Fields) -> [Element] {
        var elements: [Element] = []
        for line in fields.values(of: .forwarded).reversed() {
            for text in splitFromEnd(line) {
                guard let element = element(text) else { return elements + [Element()] }
                elements.append(element)
            }
        }
        return elements
    }

    /// The same of `X-Forwarded-For`, with the scheme and the host that the nearest proxy's fields name.
    package static func xForwarded(_ fields: borrowing Fields) -> [Element] {
        var elements = fields.values(of: .xForwardedFor).reversed().flatMap { line in
            items(line).reversed().map { Element(client: address(trimmed($0))) }
        }
        let scheme = last(fields.values(of: .xForwardedProto)), host = last(fields.values(of: .xForwardedHost))
        if scheme != nil || host != nil {
            if elements.isEmpty { elements.append(Element()) }
            elements[0].scheme = scheme
            elements[0].host = host
        }
        return elements
    }

    /// Whether any of the `X-Forwarded-*` that are read is there.
    package static func hasXForwarded(_ fields: borrowing Fields) -> Bool {
        fields.contains(.xForwardedFor) || fields.contains(.xForwardedProto) || fields.contains(.xForwardedHost)
    }

    // MARK: Parts

    private static func last(_ lines: [String]) -> String? {
        guard let line = lines.last, let item = items(line).last else { return nil }
        let text = trimmed(item)
        return text.isEmpty ? nil : text.lowercased()
    }

    /// What stands between commas. A comma is a byte: as a character it may be one with what stands before it, and a
    /// client's invention would swallow what a proxy has appended.
    private static func items(_ line: String) -> [Substring.UTF8View] {
        line.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
    }

    /// The list's items, the last first. Quotes are counted from the end, so that one which a client has left open
    /// swallows nothing that a proxy has appended.
    private static func splitFromEnd(_ line: String) -> [Substring.UTF8View] {
        let bytes = line.utf8
        var items: [Substring.UTF8View] = []
        var end = bytes.endIndex
        var index = bytes.endIndex
        var isQuoted = false
        while index > bytes.startIndex {
            let after = index
            index = bytes.index(before: index)
            switch bytes[index] {
            case UInt8(ascii: "\""):
                var slashes = 0
                var before = index
                while before > bytes.startIndex, bytes[bytes.index(before: before)] == UInt8(ascii: "\\") {
                    before = bytes.index(before: before)
                    slashes += 1
                }
                if slashes % 2 == 0 { isQuoted.toggle() }
            case UInt8(ascii: ",") where !isQuoted:
                items.append(line[after..<end].utf8)
                end = index
            default: break
            }
        }
        items.append(line[..<end].utf8)
        return items
    }

    /// RFC 7239 section 4: pairs of a token and a token or quoted string, between semicolons. No name stands twice.
    private static func element(_ text: Substring.UTF8View) -> Element? {
        var rest = text
        var element = Element()
        var seen: Set<String> = []
        func skipSpace() { rest = rest.drop { $0 == 0x20 || $0 == 0x09 } }
        while true {
            skipSpace()
            guard let first = rest.first else { return seen.isEmpty ? nil : element }
            if first == UInt8(ascii: ";") {
                rest = rest.dropFirst()
                continue
            }
            let name = rest.prefix { ByteClass.isToken($0) }
            rest = rest.dropFirst(name.count)
            guard !name.isEmpty, rest.first == UInt8(ascii: "="),
                seen.insert(String(Substring(name)).lowercased()).inserted
            else { return nil }
            rest = rest.dropFirst()
            guard let value = value(&rest) else { return nil }
            skipSpace()
            guard rest.isEmpty || rest.first == UInt8(ascii: ";") else { return nil }
            switch String(Substring(name)).lowercased() {
            case "for": element.client = node(value)
            case "proto": element.scheme = value.lowercased()
            case "host": element.host = value.lowercased()
            default: break
            }
        }
    }

    private static func value(_ rest: inout Substring.UTF8View) -> String? {
        guard rest.first == UInt8(ascii: "\"") else {
            let token = rest.prefix { ByteClass.isToken($0) }
            rest = rest.dropFirst(token.count)
            return token.isEmpty ? nil : String(Substring(token))
        }
        var bytes: [UInt8] = []
        var position = rest.dropFirst()
        while let byte = position.popFirst() {
            switch byte {
            case UInt8(ascii: "\""):
                rest = position
                return String(decoding: bytes, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let escaped = position.popFirst() else { return nil }
                bytes.append(escaped)
            case 0x20..., 0x09: bytes.append(byte)
            default: return nil
            }
        }
        return nil
    }

    /// Section 6: an address, or `unknown` or a made-up name, perhaps with a port that may be made up too. IPv6 stands
    /// in brackets.
    private static func node(_ text: String) -> String? {
        guard text.hasPrefix("["), let end = text.firstIndex(of: "]") else {
            guard !text.hasPrefix("_"), text.lowercased() != "unknown" else { return nil }
            let host = text.prefix { $0 != ":" }
            return isPort(text.dropFirst(host.count)) ? String(host) : nil
        }
        guard isPort(text[text.index(after: end)...]) else { return nil }
        return String(text[text.index(after: text.startIndex)..<end])
    }

    /// `X-Forwarded-For` has no specification: an address, IPv6 with brackets or without, and some add the port.
    private static func address(_ text: String) -> String? {
        if text.utf8.count(where: { $0 == UInt8(ascii: ":") }) > 1, !text.hasPrefix("[") { return text }
        return text.isEmpty ? nil : node(text)
    }

    /// Nothing, or a colon and a port.
    private static func isPort(_ text: Substring) -> Bool {
        guard !text.isEmpty else { return true }
        let port = text.dropFirst().utf8
        return text.hasPrefix(":") && !port.isEmpty
            && port.allSatisfy { byte in
                byte == 0x2D || byte == 0x2E || byte == 0x5F || ByteClass.isAlpha(byte) || ByteClass.isDigit(byte)
            }
    }

    private static func trimmed(_ text: Substring.UTF8View) -> String {
        var bytes = text.drop { $0 == 0x20 || $0 == 0x09 }
        while let last = bytes.last, last == 0x20 || last == 0x09 { bytes = bytes.dropLast() }
        return String(Substring(bytes))
    }
}
