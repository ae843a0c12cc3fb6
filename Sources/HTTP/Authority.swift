/// `host [ ":" port ]` as a `Host` field or an `:authority` has it (RFC 9110 section 7.2, RFC 3986 section 3.2).
///
/// The host is an address or a name of letters, digits, `-`, `_` and `.`, in lower case; an IPv6 address
/// stands in brackets. User information, percent-encoding, empty labels and empty ports are refused. A
/// trailing dot stays, so that a name with one equals none without.
package struct Authority: Sendable, Hashable, CustomStringConvertible {
    /// The host, and the port where one was named.
    package let description: String
    /// How many bytes of `description` the host takes.
    private let hostLength: Int
    /// 1 to 65535, where one was named.
    package let port: Int?

    package var host: String { String(description.utf8.prefix(hostLength)) ?? "" }

    package init?(_ text: String) {
        self.init(text.utf8.span)
    }

    package init?(_ bytes: Span<UInt8>) {
        guard bytes.count > 0, bytes.count <= 255 + 6 else { return nil }
        var index = 0
        if bytes[0] == 0x5B {
            while index < bytes.count, bytes[index] != 0x5D { index += 1 }
            guard index < bytes.count, Self.isIPv6(bytes.extracting(1..<index)) else { return nil }
            index += 1
        } else {
            var label = 0
            while index < bytes.count, bytes[index] != 0x3A {
                let byte = bytes[index]
                if byte == 0x2E {
                    guard label > 0 else { return nil }
                    label = 0
                } else {
                    guard ByteClass.isAlpha(byte) || ByteClass.isDigit(byte) || byte == 0x2D || byte == 0x5F else {
                        return nil
                    }
                    label += 1
                }
                index += 1
            }
            guard index > 0, index <= 255, !(index == 1 && bytes[0] == 0x2E) else { return nil }
        }
        hostLength = index
        if index == bytes.count {
            port = nil
        } else {
            guard bytes[index] == 0x3A, bytes.count - index <= 6,
                let number = parseContentLength(bytes.extracting(index + 1..<bytes.count)), 1...65535 ~= number
            else { return nil }
            port = number
        }
        description = Self.lowercased(bytes)
    }

    private static func lowercased(_ bytes: Span<UInt8>) -> String {
        var hasUpper = false
        for index in bytes.indices { hasUpper = hasUpper || bytes[index] &- 0x41 < 26 }
        let text = bytes.text()
        return hasUpper ? text.lowercased() : text
    }

    /// IPv6address of RFC 3986 section 3.2.2: eight groups, or fewer with one `::`; the last two may be IPv4.
    private static func isIPv6(_ bytes: Span<UInt8>) -> Bool {
        var groups = 0
        var index = 0
        var compressed = false
        if bytes.count >= 2, bytes[0] == 0x3A {
            guard bytes[1] == 0x3A else { return false }
            compressed = true
            index = 2
        }
        while index < bytes.count {
            let start = index
            while index < bytes.count, index - start < 5, bytes[index] != 0x3A, bytes[index] != 0x2E {
                guard ByteClass.isDigit(bytes[index]) || (bytes[index] | 0x20) &- 0x61 < 6 else { return false }
                index += 1
            }
            if index < bytes.count, bytes[index] == 0x2E {
                guard isIPv4(bytes.extracting(start..<bytes.count)) else { return false }
                groups += 2
                break
            }
            guard 1...4 ~= index - start else { return false }
            groups += 1
            guard index < bytes.count else { break }
            guard bytes[index] == 0x3A, index + 1 < bytes.count else { return false }
            index += 1
            if bytes[index] == 0x3A {
                guard !compressed else { return false }
                compressed = true
                index += 1
            }
        }
        return compressed ? groups <= 7 : groups == 8
    }

    private static func isIPv4(_ bytes: Span<UInt8>) -> Bool {
        var parts = 1
        var value = 0
        var digits = 0
        for index in bytes.indices {
            if bytes[index] == 0x2E {
                guard digits > 0 else { return false }
                parts += 1
                value = 0
                digits = 0
            } else {
                guard ByteClass.isDigit(bytes[index]), !(digits > 0 && value == 0) else { return false }
                value = value * 10 + Int(bytes[index] - 0x30)
                digits += 1
                guard value <= 255 else { return false }
            }
        }
        return parts == 4 && digits > 0
    }
}
