/// IP addresses, ranges of them, and what a listener listens on.

/// An IPv4 (4 bytes) or IPv6 (16 bytes) address.
package struct IPAddress: Sendable, Hashable, CustomStringConvertible {
    package let bytes: [UInt8]

    package init(bytes: [UInt8]) {
        precondition(bytes.count == 4 || bytes.count == 16)
        self.bytes = bytes
    }

    package var isIPv6: Bool { bytes.count == 16 }

    /// 0.0.0.0 or ::
    package var isAny: Bool { bytes.allSatisfy { $0 == 0 } }

    /// 127.0.0.0/8 or ::1
    package var isLoopback: Bool {
        isIPv6 ? bytes.dropLast().allSatisfy { $0 == 0 } && bytes[15] == 1 : bytes[0] == 127
    }

    /// Reads the dotted or the colon form, without brackets and without a zone.
    package init?(_ text: some StringProtocol) {
        guard let bytes = text.contains(":") ? Self.parseIPv6(Substring(text)) : Self.parseIPv4(Substring(text)) else {
            return nil
        }
        self.bytes = bytes
    }

    /// Four decimal numbers without leading zeros, for `010` means 8 to some.
    private static func parseIPv4(_ text: Substring) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bytes: [UInt8] = []
        for part in parts {
            guard part.count <= 3, part.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let byte = UInt8(part),
                part.count == 1 || part.first != "0"
            else { return nil }
            bytes.append(byte)
        }
        return bytes
    }

    /// RFC 4291 section 2.2: eight groups, one run of zeros left out as `::`, the last two groups
    /// perhaps in dotted form.
    private static func parseIPv6(_ text: Substring) -> [UInt8]? {
        var halves: [[UInt8]] = [[]]
        var groups = text.split(separator: ":", omittingEmptySubsequences: false)[...]
        if groups.first == "" {
            guard groups.count > 2, groups.dropFirst().first == "" else { return nil }
            groups = groups.dropFirst()
        }
        if groups.last == "" {
            guard groups.count > 1, groups.dropLast().last == "" else { return nil }
            groups = groups.dropLast()
        }
        for (index, group) in groups.enumerated() {
            if group.isEmpty {
                halves.append([])
            } else if group.contains(".") {
                guard index == groups.count - 1, let tail = parseIPv4(group) else { return nil }
                halves[halves.count - 1] += tail
            } else {
                guard group.count <= 4, group.utf8.allSatisfy({ isHexDigit($0) }), let value = UInt16(group, radix: 16)
                else { return nil }
                halves[halves.count - 1] += [UInt8(value >> 8), UInt8(value & 255)]
            }
        }
        switch halves.count {
        case 1:
            return halves[0].count == 16 ? halves[0] : nil
        case 2:
            let missing = 16 - halves[0].count - halves[1].count
            return missing >= 2 ? halves[0] + [UInt8](repeating: 0, count: missing) + halves[1] : nil
        default:
            return nil
        }
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x46, 0x61...0x66: true
        default: false
        }
    }

    /// The canonical form (RFC 5952).
    package var description: String {
        guard isIPv6 else { return bytes.map { "\($0)" }.joined(separator: ".") }
        let groups = (0..<8).map { UInt16(bytes[2 * $0]) << 8 | UInt16(bytes[2 * $0 + 1]) }
        var longest = 0..<0
        var start = 0
        while start < 8 {
            var end = start
            while end < 8, groups[end] == 0 { end += 1 }
            if end - start > max(1, longest.count) { longest = start..<end }
            start = max(end, start + 1)
        }
        func text(_ part: ArraySlice<UInt16>) -> String {
            part.map { String($0, radix: 16) }.joined(separator: ":")
        }
        guard !longest.isEmpty else { return text(groups[...]) }
        return text(groups[..<longest.lowerBound]) + "::" + text(groups[longest.upperBound...])
    }
}

/// Addresses that begin with the same bits: `10.0.0.0/8`. Or whoever connects by a Unix socket: `unix:`.
package enum AddressRange: Sendable, Hashable, CustomStringConvertible {
    case ip(IPAddress, prefixLength: Int)
    case unix

    /// - Parameter bytes: an address of 4 or 16 bytes, or none of a Unix socket's peer. An IPv4 address mapped into
    ///   IPv6 counts as IPv4.
    package func contains(_ bytes: [UInt8]) -> Bool {
        guard case .ip(let address, let prefixLength) = self else { return bytes.isEmpty }
        var bytes = bytes[...]
        if bytes.count == 16, address.bytes.count == 4, bytes.prefix(10).allSatisfy({ $0 == 0 }),
            bytes[10] == 255, bytes[11] == 255
        {
            bytes = bytes.dropFirst(12)
        }
        guard bytes.count == address.bytes.count else { return false }
        var bits = prefixLength
        for (own, other) in zip(address.bytes, bytes) {
            guard bits > 0 else { return true }
            let mask: UInt8 = bits >= 8 ? 255 : ~(255 >> UInt8(bits))
            guard own & mask == other & mask else { return false }
            bits -= 8
        }
        return true
    }

    package var description: String {
        switch self {
        case .ip(let address, let prefixLength): "\(address)/\(prefixLength)"
        case .unix: "unix:"
        }
    }
}

/// What a listener listens on.
package enum ListenAddress: Sendable, Hashable, CustomStringConvertible {
    case ip(IPAddress, port: UInt16)
    /// A Unix socket's path, absolute.
    case unix(String)
    /// A socket that systemd hands over, by its `FileDescriptorName`.
    case systemd(String)

    package var description: String {
        switch self {
        case .ip(let address, let port): address.isIPv6 ? "[\(address)]:\(port)" : "\(address):\(port)"
        case .unix(let path): "unix:\(path)"
        case .systemd(let name): "systemd:\(name)"
        }
    }

    /// Reachable from this machine alone, as far as the address tells.
    package var isLocal: Bool {
        switch self {
        case .ip(let address, _): address.isLoopback
        case .unix: true
        case .systemd: false
        }
    }
}

/// A host as a `Host` field names it: lower case, with a port where it is not the scheme's own.
package struct SiteHost: Sendable, Hashable, CustomStringConvertible {
    /// A name or an IPv4 address, or an IPv6 address in its brackets.
    package let name: String
    package let port: UInt16?

    package init(name: String, port: UInt16?) {
        self.name = name
        self.port = port
    }

    package var description: String { port.map { "\(name):\($0)" } ?? name }

    /// localhost, a name below it, 127.0.0.0/8 or [::1].
    package var isLoopback: Bool { Self.isLoopback(name) }

    package static func isLoopback(_ name: String) -> Bool {
        if name == "localhost" || name.hasSuffix(".localhost") { return true }
        let bare = name.hasPrefix("[") && name.hasSuffix("]") ? name.dropFirst().dropLast() : name[...]
        return IPAddress(bare)?.isLoopback ?? false
    }
}

/// An `http` or `https` URL without user, query or fragment.
package struct HTTPURL: Sendable, Hashable, CustomStringConvertible {
    package let isSecure: Bool
    /// Lower case; an IPv6 address in its brackets.
    package let host: String
    package let port: UInt16
    /// Empty, or begins with `/`; as it was written.
    package let path: String

    package init(isSecure: Bool, host: String, port: UInt16, path: String) {
        self.isSecure = isSecure
        self.host = host
        self.port = port
        self.path = path
    }

    /// Nil where the text is no http or https URL, or has a user, a query or a fragment.
    package init?(_ text: String) {
        guard let url = try? HostText.url(text) else { return nil }
        self = url
    }

    package var scheme: String { isSecure ? "https" : "http" }
    package var hasDefaultPort: Bool { port == (isSecure ? 443 : 80) }
    /// The host, and the port where it is not the scheme's own.
    package var authority: String { hasDefaultPort ? host : "\(host):\(port)" }
    /// Scheme and authority.
    package var origin: String { "\(scheme)://\(authority)" }
    package var description: String { origin + path }
    package var isLoopback: Bool { SiteHost.isLoopback(host) }
}
