/// Why a session key cannot be used.
package enum KeyFault: String, Error, Sendable {
    case empty = "it is empty"
    case form = "it is neither 32 bytes nor base64 or hexadecimal text"
    case short = "it holds fewer than 32 bytes"
    case long = "it holds more than 1024 bytes"
    case guessable = "it is one byte over and over"
}

/// What a session key looks like in a file or a variable:
///
/// - 32 bytes of whatever kind, or more that are no text, taken as they are,
/// - or text that spells 32 to 1024 bytes: hexadecimal digits, or base64 of either alphabet, padded or not.
///
/// One line ending after either is ignored, and nothing else is.
package enum KeyText {
    package static let minimum = 32
    package static let maximum = 1024

    package static func decode(_ content: [UInt8]) throws(KeyFault) -> [UInt8] {
        if content.count == minimum { return try checked(content) }
        var text = content
        if text.last == UInt8(ascii: "\n") { text.removeLast() }
        if text.last == UInt8(ascii: "\r") { text.removeLast() }
        if text.isEmpty { throw .empty }
        if text.count == minimum { return try checked(text) }
        if text.contains(where: { $0 < 0x20 || $0 >= 0x7F }) { return try checked(content) }
        guard !text.contains(0x20) else { throw .form }
        // Hexadecimal digits alone are never meant as base64: 22 of 64 characters, 43 times in a row.
        let isHex = text.allSatisfy { Hex.value($0) != nil }
        guard let bytes = isHex ? Hex.decode(String(decoding: text, as: UTF8.self)) : base64(text) else { throw .form }
        return try checked(bytes)
    }

    private static func checked(_ bytes: [UInt8]) throws(KeyFault) -> [UInt8] {
        if bytes.count < minimum { throw .short }
        if bytes.count > maximum { throw .long }
        if bytes.allSatisfy({ $0 == bytes[0] }) { throw .guessable }
        return bytes
    }

    /// RFC 4648 sections 4 and 5; one alphabet at a time, padding whole or absent.
    private static func base64(_ text: [UInt8]) -> [UInt8]? {
        let padding = text.reversed().prefix { $0 == UInt8(ascii: "=") }.count
        guard padding == 0 || (padding <= 2 && text.count % 4 == 0) else { return nil }
        let body = text.dropLast(padding)
        let isStandard = body.contains { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "/") }
        let isURLSafe = body.contains { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") }
        guard !(isStandard && isURLSafe) else { return nil }
        return Base64URL.decode(
            body.map { byte in
                switch byte {
                case UInt8(ascii: "+"): UInt8(ascii: "-")
                case UInt8(ascii: "/"): UInt8(ascii: "_")
                default: byte
                }
            })
    }
}
