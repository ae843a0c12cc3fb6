/// Percent-encoding (RFC 3986 section 2.1).
package enum PercentCoding {
    /// `ALPHA / DIGIT / "-" / "." / "_" / "~"` (RFC 3986 section 2.3).
    @inlinable
    package static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: true
        default: false
        }
    }

    /// Every byte that is not unreserved becomes `%XX` with upper-case digits; `/` stays where
    /// `keepingSlashes` says so. This is AWS's UriEncode, and what a form or query value needs
    /// (RFC 6749 appendix B reads `%20` as well as `+`).
    package static func encode(_ bytes: some Sequence<UInt8>, keepingSlashes: Bool = false) -> String {
        var out: [UInt8] = []
        append(bytes, keepingSlashes: keepingSlashes, to: &out)
        return String(decoding: out, as: UTF8.self)
    }

    package static func encode(_ text: String, keepingSlashes: Bool = false) -> String {
        encode(text.utf8, keepingSlashes: keepingSlashes)
    }

    package static func append(_ bytes: some Sequence<UInt8>, keepingSlashes: Bool, to out: inout [UInt8]) {
        for byte in bytes {
            if isUnreserved(byte) || (keepingSlashes && byte == 0x2F) {
                out.append(byte)
            } else {
                out.append(0x25)
                out.append(Hex.upperDigits[Int(byte >> 4)])
                out.append(Hex.upperDigits[Int(byte & 15)])
            }
        }
    }

    /// The bytes that `text` stands for, or nil where a `%` is not followed by two hexadecimal digits.
    /// - Parameter plusIsSpace: true for `application/x-www-form-urlencoded` values.
    package static func decode(_ text: some Sequence<UInt8>, plusIsSpace: Bool = false) -> [UInt8]? {
        var out: [UInt8] = []
        var bytes = text.makeIterator()
        while let byte = bytes.next() {
            if byte == 0x25 {
                guard let high = bytes.next().flatMap(Hex.value), let low = bytes.next().flatMap(Hex.value) else {
                    return nil
                }
                out.append(high << 4 | low)
            } else {
                out.append(plusIsSpace && byte == 0x2B ? 0x20 : byte)
            }
        }
        return out
    }
}
