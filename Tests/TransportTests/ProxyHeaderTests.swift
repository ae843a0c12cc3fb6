import Posix
import Testing

@testable import Transport

struct ProxyHeaderTests {
    static let signature: [UInt8] = [13, 10, 13, 10, 0, 13, 10, 0x51, 0x55, 0x49, 0x54, 10]

    /// A header of version 2.
    static func binary(_ family: UInt8, _ rest: [UInt8], length: Int? = nil) -> [UInt8] {
        binary(0x21, family, rest, length: length)
    }

    static func binary(_ command: UInt8, _ family: UInt8, _ rest: [UInt8], length: Int? = nil) -> [UInt8] {
        let count = length ?? rest.count
        return signature + [command, family, UInt8(count >> 8), UInt8(count & 255)] + rest
    }

    static let v4: [UInt8] = [192, 0, 2, 7, 10, 0, 0, 1, 0x30, 0x39, 0x01, 0xBB]
    static let v6: [UInt8] =
        [0x20, 1, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [9] + [UInt8](repeating: 0, count: 16) + [
            0, 80, 1, 0xBB,
        ]

    func read(_ bytes: [UInt8]) -> ProxyHeader.Reading { ProxyHeader.read(bytes.span) }
    func read(_ text: String) -> ProxyHeader.Reading { read(Array(text.utf8)) }

    static let good: [([UInt8], String?)] = [
        (Array("PROXY TCP4 192.0.2.7 10.0.0.1 12345 443\r\n".utf8), "192.0.2.7:12345"),
        (Array("PROXY TCP6 2001:db8::9 ::1 80 443\r\n".utf8), "[2001:db8::9]:80"),
        (Array("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n".utf8), "255.255.255.255:65535"),
        (
            Array(
                "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"
                    .utf8),
            "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535"
        ),
        (Array("PROXY UNKNOWN\r\n".utf8), nil), (Array("PROXY UNKNOWN what ever 1 2\r\n".utf8), nil),
        (Array(("PROXY UNKNOWN " + String(repeating: "x", count: 91) + "\r\n").utf8), nil),
        (binary(0x11, v4), "192.0.2.7:12345"), (binary(0x21, v6), "[2001:db8::9]:80"),
        (binary(0x11, v4 + [4, 0, 2, 0, 0]), "192.0.2.7:12345"),
        (binary(0x31, [UInt8](repeating: 65, count: 216)), nil),
        (binary(0x00, []), nil), (binary(0x00, [1, 2, 3, 4, 5]), nil), (binary(0x20, 0x00, []), nil),
        (binary(0x20, 0x11, v4), nil), (binary(0x20, 0x11, []), nil),
        (binary(0x11, v4 + [0xE0, 0x0F, 0xE1] + [UInt8](repeating: 1, count: 4065)), "192.0.2.7:12345"),
        // A checksum that was worked out by another program.
        (binary(0x11, v4 + [3, 0, 4] + crc(v4)), "192.0.2.7:12345"),
    ]

    /// CRC32c by a table, in place of the bitwise one under test.
    static func crc(_ rest: [UInt8]) -> [UInt8] {
        let table = (0..<256).map { index -> UInt32 in
            (0..<8).reduce(UInt32(index)) { sum, _ in sum & 1 == 1 ? 0x82F6_3B78 ^ (sum >> 1) : sum >> 1 }
        }
        var sum = UInt32.max
        for byte in binary(0x11, rest + [3, 0, 4, 0, 0, 0, 0]) {
            sum = table[Int(UInt8(truncatingIfNeeded: sum) ^ byte)] ^ (sum >> 8)
        }
        return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: ~sum >> UInt32($0)) }
    }

    @Test(arguments: good) func headerIsReadWhereverItIsSplit(_ bytes: [UInt8], _ client: String?) {
        let expected = ProxyHeader.Reading.header(
            ProxyHeader(client: client.map { SocketAddress($0)! }, length: bytes.count))
        for end in bytes.indices { #expect(read(Array(bytes[..<end])) == .needMore, "split at \(end)") }
        #expect(read(bytes) == expected)
        #expect(read(bytes + [0x47, 0x45, 0x54]) == expected, "what follows is not the header's")
    }

    @Test func checksumThatDoesNotHoldIsRefused() {
        var broken = Self.binary(0x11, Self.v4 + [3, 0, 4] + Self.crc(Self.v4))
        broken[20] ^= 1
        #expect(read(broken) == .refused)
    }

    @Test(arguments: [
        "GET / HTTP/1.1\r\n", "PROXY\r\n", "proxy TCP4 1.1.1.1 1.1.1.1 1 1\r\n", "PROXY  TCP4 1.1.1.1 1.1.1.1 1 1\r\n",
        "PROXY TCP4 1.1.1.1 1.1.1.1 1\r\n", "PROXY TCP4 1.1.1.1 1.1.1.1 1 1 \r\n",
        "PROXY TCP4 1.1.1.1 1.1.1.1 1 1 x\r\n",
        "PROXY TCP4 ::1 ::1 1 1\r\n", "PROXY TCP6 1.1.1.1 1.1.1.1 1 1\r\n", "PROXY TCP4 1.1.1.1 ::1 1 1\r\n",
        "PROXY TCP4 01.1.1.1 1.1.1.1 1 1\r\n", "PROXY TCP4 1.1.1 1.1.1.1 1 1\r\n", "PROXY TCP4 a.test 1.1.1.1 1 1\r\n",
        "PROXY TCP4 1.1.1.1 1.1.1.1 65536 1\r\n", "PROXY TCP4 1.1.1.1 1.1.1.1 1 65536\r\n",
        "PROXY TCP4 1.1.1.1 1.1.1.1 01 1\r\n", "PROXY TCP4 1.1.1.1 1.1.1.1 +1 1\r\n",
        "PROXY TCP4 1.1.1.1 1.1.1.1 -1 1\r\n",
        "PROXY TCP4 1.1.1.1 1.1.1.1  1\r\n", "PROXY TCP4 1.1.1.1 1.1.1.1 1 1\n", "PROXY TCP4 1.1.1.1 1.1.1.1 1 1\rX",
        "PROXY UDP4 1.1.1.1 1.1.1.1 1 1\r\n", "PROXY UNKNOWNX\r\n", "PROXY \r\n", "PROXY UNKNOWN\0\r\n",
        "PROXY UNKNOWN \u{E9}\r\n", "PROXY UNKNOWN \t\r\n", "\r\nPROXY UNKNOWN\r\n", "\0\0\0", "\u{16}\u{3}\u{1}",
    ])
    func lineThatDoesNotHoldIsRefused(_ text: String) {
        #expect(read(text) == .refused)
        let bytes = Array(text.utf8)
        for end in bytes.indices where end > 0 {
            if case .header = read(Array(bytes[..<end])) { Issue.record("taken at \(end)") }
        }
    }

    @Test func lineOf107BytesIsTheLongest() {
        let text = "PROXY UNKNOWN " + String(repeating: "x", count: 92)
        #expect(read(text + "\r\n") == .refused)
        #expect(read(text) == .refused)
        #expect(read(String(text.dropLast())) == .needMore)
    }

    @Test func binaryHeaderThatDoesNotHoldIsRefused() {
        var signature = Self.binary(0x11, Self.v4)
        signature[11] = 0
        #expect(read(signature) == .refused)
        for command: UInt8 in [0x11, 0x22, 0x2F, 0x31, 0x00] {
            #expect(read(Self.binary(command, 0x11, Self.v4)) == .refused)
        }
        for family: UInt8 in [0x10, 0x12, 0x13, 0x22, 0x32, 0x41, 0xFF] {
            #expect(read(Self.binary(family, Self.v4)) == .refused)
        }
        #expect(read(Self.binary(0x11, Array(Self.v4.dropLast()))) == .refused)
        #expect(read(Self.binary(0x21, Array(Self.v6.dropLast()))) == .refused)
        #expect(read(Self.binary(0x31, [UInt8](repeating: 65, count: 215))) == .refused)
        #expect(read(Self.binary(0x11, Self.v4, length: 4081)) == .refused, "longer than is read")
        #expect(read(Self.binary(0x11, Self.v4, length: 65535)) == .refused)
        for rest: [UInt8] in [[4], [4, 0], [4, 0, 1], [4, 0, 2, 0], [3, 0, 3, 0, 0, 0], [3, 0, 4, 0, 0, 0, 0]] {
            #expect(read(Self.binary(0x11, Self.v4 + rest)) == .refused)
        }
    }
}
