/// The short code that an error page shows and that the log carries too.
///
/// Ten characters of Crockford's base 32: no I, L, O or U, so that it survives being read out.
package enum Reference {
    private static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)

    /// How many characters one has.
    package static let length = 10

    /// As it was made, of what somebody has read off a page: in any case of its letters, with O for 0, I or L for 1, and
    /// hyphens or spaces between. Nil where it is none.
    package static func read(_ text: String) -> String? {
        var found: [UInt8] = []
        for byte in text.utf8 where byte != UInt8(ascii: "-") && byte != UInt8(ascii: " ") {
            let upper = byte >= 0x61 && byte <= 0x7A ? byte & 0xDF : byte
            let meant =
                switch upper {
                case UInt8(ascii: "O"): UInt8(ascii: "0")
                case UInt8(ascii: "I"), UInt8(ascii: "L"): UInt8(ascii: "1")
                default: upper
                }
            guard alphabet.contains(meant), found.count < length else { return nil }
            found.append(meant)
        }
        return found.count == length ? String(decoding: found, as: UTF8.self) : nil
    }

    /// Makes one of the system's random bits.
    package static func make() -> String {
        make(random: (0..<10).map { _ in UInt8.random(in: .min ... .max) })
    }

    /// Makes a reference of 50 random bits: the low five of each of ten bytes.
    /// - Precondition: `random` has ten bytes at least.
    package static func make(random: [UInt8]) -> String {
        precondition(random.count >= 10)
        return String(decoding: random.prefix(10).map { alphabet[Int($0 & 31)] }, as: UTF8.self)
    }
}
