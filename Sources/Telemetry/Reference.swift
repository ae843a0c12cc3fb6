/// The short code that an error page shows and that the log carries too.
///
/// Ten characters of Crockford's base 32: no I, L, O or U, so that it survives being read out.
package enum Reference {
    private static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)

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
