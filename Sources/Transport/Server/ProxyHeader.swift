import Posix

/// A PROXY header, version 1 or 2: what a proxy says, before anything else on a connection, of the client whose
/// connection it passes on (haproxy.org, "The PROXY protocol").
///
/// Strict: what does not hold to the letter is refused, and then nothing on the connection is read.
package struct ProxyHeader: Equatable, Sendable {
    /// The client's address; nil where the proxy speaks for itself (`LOCAL`), or knows none (`UNKNOWN`).
    package let client: SocketAddress?
    /// How many bytes the header takes.
    package let length: Int

    package enum Reading: Equatable, Sendable {
        case needMore
        case header(ProxyHeader)
        case refused
    }

    /// The longest header that is read, in bytes: version 1 has 107 at most, version 2 as many as its extensions
    /// bring. A proxy that adds a whole client certificate brings more, and is refused.
    package static let longest = 4096
    private static let longestLine = 107

    private static let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]
    private static let lineStart = Array("PROXY ".utf8)

    /// Reads the header at the front of all that has come so far.
    package static func read(_ bytes: Span<UInt8>) -> Reading {
        guard !bytes.isEmpty else { return .needMore }
        let start = bytes[0] == signature[0] ? signature : lineStart
        for index in 0..<min(bytes.count, start.count) where bytes[index] != start[index] { return .refused }
        guard bytes.count >= start.count else { return .needMore }
        return bytes[0] == signature[0] ? readBinary(bytes) : readLine(bytes)
    }

    // MARK: Version 1

    private static func readLine(_ bytes: Span<UInt8>) -> Reading {
        var end = lineStart.count
        while end < bytes.count, bytes[end] != 0x0D {
            // A line in printable ASCII, whatever is wrong with it otherwise.
            guard bytes[end] >= 0x20, bytes[end] < 0x7F, end < longestLine - 2 else { return .refused }
            end += 1
        }
        guard end + 1 < bytes.count else { return end <= longestLine - 2 ? .needMore : .refused }
        guard bytes[end + 1] == 0x0A else { return .refused }
        var line = ""
        for index in lineStart.count..<end { line.unicodeScalars.append(Unicode.Scalar(bytes[index])) }
        let length = end + 2
        if line == "UNKNOWN" || line.hasPrefix("UNKNOWN ") { return .header(ProxyHeader(client: nil, length: length)) }
        let words = line.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 5, let sourcePort = port(words[3]), port(words[4]) != nil,
            let source = SocketAddress(ip: words[1], port: sourcePort),
            let destination = SocketAddress(ip: words[2], port: 0)
        else { return .refused }
        switch (words[0], source, destination) {
        case ("TCP4", .ipv4, .ipv4), ("TCP6", .ipv6, .ipv6):
            return .header(ProxyHeader(client: source, length: length))
        default: return .refused
        }
    }

    /// Digits without a leading zero, up to 65535.
    private static func port(_ text: Substring) -> UInt16? {
        guard text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), text == "0" || text.first != "0" else { return nil }
        return UInt16(text)
    }

    // MARK: Version 2

    private static func readBinary(_ bytes: Span<UInt8>) -> Reading {
        if bytes.count > 12, bytes[12] != 0x20, bytes[12] != 0x21 { return .refused }
        if bytes.count > 13, ![0x00, 0x11, 0x21, 0x31].contains(bytes[13]) { return .refused }
        guard bytes.count >= 16 else { return .needMore }
        let length = 16 + number(bytes, at: 14)
        guard length <= longest else { return .refused }
        let isLocal = bytes[12] == 0x20
        let addresses =
            switch bytes[13] {
            case 0x11: 12
            case 0x21: 36
            case 0x31: 216
            default: 0
            }
        guard length >= 16 + addresses || isLocal else { return .refused }
        guard bytes.count >= length else { return .needMore }
        // What a proxy's own connection brings is its own affair, and passed over.
        if isLocal { return .header(ProxyHeader(client: nil, length: length)) }
        guard bytes[13] == 0 || extensionsHold(bytes.extracting(0..<length), from: 16 + addresses) else {
            return .refused
        }
        let client: SocketAddress? =
            switch bytes[13] {
            case 0x11:
                .ipv4(
                    address: UInt32(number(bytes, at: 16)) << 16 | UInt32(number(bytes, at: 18)),
                    port: UInt16(number(bytes, at: 24)))
            case 0x21:
                .ipv6(high: half(bytes, at: 16), low: half(bytes, at: 24), port: UInt16(number(bytes, at: 48)))
            default: nil
            }
        return .header(ProxyHeader(client: client, length: length))
    }

    /// Type, length, value, one after the other up to the end; and the checksum, where there is one, holds.
    private static func extensionsHold(_ bytes: Span<UInt8>, from start: Int) -> Bool {
        var position = start
        var checksum: Int?
        while position < bytes.count {
            guard position + 3 <= bytes.count else { return false }
            let count = number(bytes, at: position + 1)
            guard position + 3 + count <= bytes.count else { return false }
            if bytes[position] == 0x03 {
                guard count == 4, checksum == nil else { return false }
                checksum = position + 3
            }
            position += 3 + count
        }
        guard let checksum else { return true }
        let told = UInt32(number(bytes, at: checksum)) << 16 | UInt32(number(bytes, at: checksum + 2))
        return crc32c(bytes, without: checksum..<checksum + 4) == told
    }

    /// The checksum is over the whole header with its own four bytes as zeros (Castagnoli's polynomial).
    private static func crc32c(_ bytes: Span<UInt8>, without own: Range<Int>) -> UInt32 {
        var sum = UInt32.max
        for index in bytes.indices {
            sum ^= UInt32(own.contains(index) ? 0 : bytes[index])
            for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0x82F6_3B78 : sum >> 1 }
        }
        return ~sum
    }

    private static func number(_ bytes: Span<UInt8>, at index: Int) -> Int {
        Int(bytes[index]) << 8 | Int(bytes[index + 1])
    }

    private static func half(_ bytes: Span<UInt8>, at index: Int) -> UInt64 {
        var half: UInt64 = 0
        for offset in 0..<8 { half = half << 8 | UInt64(bytes[index + offset]) }
        return half
    }
}
