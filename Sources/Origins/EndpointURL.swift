import Bytes

/// The parts of a service's URL: scheme, host, port and a path under which the service lives.
struct EndpointURL: Equatable {
    let isSecure: Bool
    /// In lower case, without brackets.
    let host: String
    let port: Int
    /// Whether the host is an IPv4 or IPv6 address.
    let hostIsAddress: Bool
    /// Empty, or with a slash in front and none behind; percent-encoded once.
    let path: [UInt8]

    /// nil for anything but `http(s)://host[:port][/path]`: no user, no query, no fragment.
    init?(_ text: String) {
        let rest: Substring
        if text.hasPrefix("https://") {
            isSecure = true
            rest = text.dropFirst(8)
        } else if text.hasPrefix("http://") {
            isSecure = false
            rest = text.dropFirst(7)
        } else {
            return nil
        }
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        guard let (host, port, isAddress) = Self.splitAuthority(rest[..<slash], defaultPort: isSecure ? 443 : 80)
        else { return nil }
        self.host = host
        self.port = port
        hostIsAddress = isAddress

        var folder = String(rest[slash...].drop { $0 == "/" })
        if folder.hasSuffix("/") { folder.removeLast() }
        var path: [UInt8] = []
        if !folder.isEmpty {
            guard !folder.utf8.contains(where: { $0 == 0x3F || $0 == 0x23 }),
                let decoded = PercentCoding.decode(folder.utf8), let name = String(validating: decoded, as: UTF8.self),
                ObjectKey.namesObject(name)
            else { return nil }
            path.append(0x2F)
            ObjectKey.appendEncoded(name, to: &path)
        }
        self.path = path
    }

    /// The value of `Host`.
    var authority: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == (isSecure ? 443 : 80) ? name : "\(name):\(port)"
    }

    private static func splitAuthority(
        _ text: Substring, defaultPort: Int
    ) -> (host: String, port: Int, isAddress: Bool)? {
        let host: Substring
        let tail: Substring
        var isAddress = false
        if text.hasPrefix("[") {
            guard let close = text.firstIndex(of: "]") else { return nil }
            host = text[text.index(after: text.startIndex)..<close]
            tail = text[text.index(after: close)...]
            isAddress = true
            guard !host.isEmpty, host.contains(":"),
                host.utf8.allSatisfy({ Hex.value($0) != nil || $0 == 0x3A || $0 == 0x2E })
            else { return nil }
        } else {
            let colon = text.firstIndex(of: ":") ?? text.endIndex
            host = text[..<colon]
            tail = text[colon...]
            guard !host.isEmpty, host.utf8.count <= 253,
                host.utf8.allSatisfy({ S3Configuration.isLabelByte($0) || $0 == 0x2E || $0 == 0x5F })
            else { return nil }
            isAddress = host.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == 0x2E }
        }
        if tail.isEmpty { return (host.lowercased(), defaultPort, isAddress) }
        let digits = tail.dropFirst()
        guard tail.first == ":", (1...5).contains(digits.utf8.count),
            digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = Int(digits), (1...65535).contains(port)
        else { return nil }
        return (host.lowercased(), port, isAddress)
    }
}
