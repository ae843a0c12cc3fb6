import HTTP

/// An absolute URL of a provider's document, taken apart as far as sending a request there needs.
///
/// `https`, or `http` where the host is this machine. No user information, no fragment (RFC 6749
/// section 3.1 forbids one in an endpoint), and nothing but visible ASCII.
package struct ProviderURL: Sendable, Hashable, CustomStringConvertible {
    package static let longest = 2048

    /// As the provider spelled it.
    package let text: String
    package let isSecure: Bool
    package let authority: Authority
    /// Path and query in origin form (RFC 9112 section 3.2.1): at least `/`.
    package let target: String

    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count <= Self.longest, bytes.allSatisfy({ (0x21...0x7E).contains($0) && !Self.isForbidden($0) })
        else { return nil }
        guard let colon = text.firstIndex(of: ":") else { return nil }
        switch text[..<colon].lowercased() {
        case "https": isSecure = true
        case "http": isSecure = false
        default: return nil
        }
        let afterColon = text[text.index(after: colon)...]
        guard afterColon.hasPrefix("//") else { return nil }
        let rest = afterColon.dropFirst(2)
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        guard let authority = Authority(String(rest[..<end])) else { return nil }
        self.authority = authority
        let target = String(rest[end...])
        self.target = target.hasPrefix("/") ? target : "/" + target
        self.text = text
        guard isSecure || isLoopback else { return nil }
    }

    /// Scheme and authority.
    package var origin: String { (isSecure ? "https://" : "http://") + authority.description }

    package var port: Int { authority.port ?? (isSecure ? 443 : 80) }

    /// Without the brackets of an IPv6 address.
    package var host: String {
        let host = authority.host
        return host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
    }

    /// `localhost` and names below it (RFC 6761 section 6.3), 127.0.0.0/8 and `::1`.
    package var isLoopback: Bool {
        let host = host
        if host == "localhost" || host.hasSuffix(".localhost") || host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    package var description: String { text }

    /// What RFC 3986 allows nowhere, and what other readers take for something else.
    private static func isForbidden(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "#"), UInt8(ascii: "\\"), UInt8(ascii: "\""), UInt8(ascii: "<"), UInt8(ascii: ">"),
            UInt8(ascii: "^"), UInt8(ascii: "`"), UInt8(ascii: "{"), UInt8(ascii: "|"), UInt8(ascii: "}"):
            true
        default: false
        }
    }
}
