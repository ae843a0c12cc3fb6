/// Values of the network: addresses, hosts, URLs.

extension ValueKind where Value == ListenAddress {
    static let listenAddress = ValueKind(
        "address", samples: ["0.0.0.0:443", "[::1]:8080", "unix:/run/postern.sock", "systemd:https"]
    ) { text throws(ValueProblem) in
        let remedy = "Write ADDRESS:PORT, [ADDRESS]:PORT, unix:PATH or systemd:NAME"
        if text.hasPrefix("unix:") {
            guard text.utf8.count > 5 else { throw ValueProblem("the socket's path is missing", remedy) }
            return .unix(String(text.dropFirst(5)))
        }
        if text.hasPrefix("systemd:") {
            let name = text.dropFirst(8)
            guard NameText.isName(String(name)) else { throw ValueProblem("the socket's name is missing", remedy) }
            return .systemd(String(name))
        }
        guard let (host, port) = HostText.split(text), let port else {
            throw ValueProblem("'\(text)' is no address with a port", remedy)
        }
        let bare = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        if bare == "localhost" { return .ip(IPAddress(bytes: [127, 0, 0, 1]), port: port) }
        guard host.hasPrefix("[") == bare.contains(":"), let address = IPAddress(bare) else {
            let hint = bare.isEmpty || bare == "*" ? "Write 0.0.0.0:\(port) or [::]:\(port) for all addresses" : remedy
            throw ValueProblem("'\(host)' is no IP address", hint)
        }
        return .ip(address, port: port)
    }
}

extension ValueKind where Value == AddressRange {
    static let addressRange = ValueKind("CIDR", samples: ["10.0.0.0/8", "fd00::/8", "192.0.2.7", "unix:"]) {
        text throws(ValueProblem) in
        if text == "unix:" { return .unix }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let address = IPAddress(parts[0]) else {
            throw ValueProblem(
                "'\(text)' is no range of addresses",
                "Write one such as 10.0.0.0/8 or fd00::/8, or unix: for whoever connects by a Unix socket")
        }
        let bits = address.bytes.count * 8
        guard parts.count == 2 else { return .ip(address, prefixLength: bits) }
        guard parts[1].utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let length = Int(parts[1]), length <= bits else {
            throw ValueProblem("'\(text)' has no prefix length that holds", "Write /0 to /\(bits) after the address")
        }
        let first = address.first(ofPrefix: length)
        guard first == address else {
            throw ValueProblem(
                "'\(text)' has bits set after its prefix", "Write \(first)/\(length), or a longer prefix")
        }
        return .ip(address, prefixLength: length)
    }
}

extension IPAddress {
    /// The lowest address that begins with the same bits.
    fileprivate func first(ofPrefix length: Int) -> IPAddress {
        var bits = length
        return IPAddress(
            bytes: bytes.map { byte in
                defer { bits = max(0, bits - 8) }
                return bits >= 8 ? byte : byte & ~(255 >> UInt8(bits))
            })
    }
}

extension ValueKind where Value == SiteHost {
    static let host = ValueKind("host", samples: ["docs.example.com", "localhost:8080", "[::1]:8443"]) {
        text throws(ValueProblem) in
        guard !text.contains("://") else {
            throw ValueProblem("'\(text)' is a URL", "Write the host alone, such as docs.example.com")
        }
        guard !text.contains("*") else {
            throw ValueProblem("'\(text)' is a pattern", "Write each host out")
        }
        guard let (name, port) = HostText.split(text), HostText.isHost(name) else {
            throw ValueProblem(
                "'\(text)' is no host",
                "Write a name such as docs.example.com, in ASCII (xn--… for others), with a port only where it is not 443 or 80"
            )
        }
        return SiteHost(name: HostText.canonical(name), port: port)
    }
}

extension ValueKind where Value == HTTPURL {
    static let url = ValueKind("URL", samples: ["https://s3.example.com", "http://127.0.0.1:8333/a"]) {
        text throws(ValueProblem) in try HostText.url(text)
    }
}

extension ValueKind where Value == String {
    /// An origin of the web (RFC 6454 section 6.2), as browsers serialise it.
    static let webOrigin = ValueKind(
        "origin", samples: ["https://app.example.com", "http://localhost:3000"]
    ) { text throws(ValueProblem) in
        let remedy = "Write scheme and host, such as https://app.example.com"
        guard text != "*", text != "null" else {
            throw ValueProblem("'\(text)' stands for origins that nobody has named", remedy)
        }
        let url = try HostText.url(text)
        guard url.path.isEmpty else { throw ValueProblem("the origin has a path", "Write \(url.origin)") }
        return url.origin
    }
}

/// An issuer as written, and as a URL.
package struct Issuer: Sendable, Equatable {
    package let text: String
    package let url: HTTPURL
}

extension ValueKind where Value == Issuer {
    static let issuer = ValueKind("URL", samples: ["https://id.example.com", "https://id.example.com/realms/a"]) {
        text throws(ValueProblem) in
        let url = try HostText.url(text)
        guard url.isSecure || url.isLoopback else {
            throw ValueProblem(
                "the issuer is reached over plain HTTP, where anybody on the way could sign in as anybody",
                "Write its https URL")
        }
        return Issuer(text: text, url: url)
    }
}

/// Hosts and URLs as text.
enum HostText {
    /// The host and the port of `host`, `host:port` or `[v6]:port`; nil where the port is none.
    static func split(_ text: String) -> (host: String, port: UInt16?)? {
        var host = text[...]
        var port: UInt16?
        if let colon = text.lastIndex(of: ":"), !text[colon...].contains("]") {
            let digits = text[text.index(after: colon)...]
            guard !digits.isEmpty, digits.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let number = UInt16(digits)
            else { return nil }
            port = number
            host = text[..<colon]
        }
        // A bare IPv6 address would lose its last group to the port.
        guard host.hasPrefix("[") == host.contains(":"), host.hasPrefix("[") == host.hasSuffix("]") else { return nil }
        return (String(host), port)
    }

    /// A DNS name (letters, digits and hyphens, underscores too), an IPv4 address, or `[IPv6]`.
    static func isHost(_ host: String) -> Bool {
        if host.hasPrefix("[") { return IPAddress(host.dropFirst().dropLast())?.isIPv6 ?? false }
        guard !host.isEmpty, host.utf8.count <= 253 else { return false }
        let labels = host.split(separator: ".", omittingEmptySubsequences: false)
        let areLabels = labels.allSatisfy { label in
            !label.isEmpty && label.utf8.count <= 63 && label.first != "-" && label.last != "-"
                && label.utf8.allSatisfy {
                    ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A) || "0123456789-_".utf8.contains($0)
                }
        }
        let isNumeric = labels.last?.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 } ?? false
        return areLabels && (!isNumeric || IPAddress(host) != nil)
    }

    /// Lower case, and IPv6 addresses in their canonical form.
    static func canonical(_ host: String) -> String {
        if host.hasPrefix("["), let address = IPAddress(host.dropFirst().dropLast()) { return "[\(address)]" }
        return host.lowercased()
    }

    static func url(_ text: String) throws(ValueProblem) -> HTTPURL {
        let remedy = "Write one such as https://id.example.com"
        let lower = text.lowercased()
        let isSecure = lower.hasPrefix("https://")
        guard isSecure || lower.hasPrefix("http://") else {
            throw ValueProblem("'\(text)' is no http or https URL", remedy)
        }
        let rest = text.dropFirst(isSecure ? 8 : 7)
        guard rest.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !"\"<>\\^`{|}".utf8.contains($0) }) else {
            throw ValueProblem("the URL holds a character that it may not", "Percent-encode it")
        }
        guard !rest.contains("?"), !rest.contains("#") else {
            throw ValueProblem("the URL has a query or a fragment", "Write it without ? and #")
        }
        let authority = rest.prefix { $0 != "/" }
        guard !authority.contains("@") else {
            throw ValueProblem("the URL names a user", "Write it without user and password")
        }
        guard let (host, port) = split(String(authority)), isHost(host), port != 0 else {
            throw ValueProblem("'\(authority)' is no host", remedy)
        }
        return HTTPURL(
            isSecure: isSecure, host: canonical(host), port: port ?? (isSecure ? 443 : 80),
            path: String(rest.dropFirst(authority.count)))
    }
}

/// Names that the config's author gives.
enum NameText {
    static func isName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 64
            && text.utf8.allSatisfy { ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A) || "0123456789-_.".utf8.contains($0) }
    }
}
