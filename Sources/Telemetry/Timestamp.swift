import Bytes

/// Instants as RFC 3339 text in UTC with milliseconds, `2026-02-03T04:05:06.789Z`.
///
/// Remembers the last second's text, for a busy worker asks about the same second thousands of times.
struct Timestamp {
    /// Bytes of one, four digits a year.
    static let room = 32

    private var second = Int64.min
    private var prefix: [UInt8] = []

    mutating func append(microseconds: Int64, to out: inout OutputSpan<UInt8>) {
        let now = microseconds >= 0 ? microseconds / 1_000_000 : (microseconds - 999_999) / 1_000_000
        if now != second {
            second = now
            prefix = Self.prefix(of: now)
        }
        let text = prefix.span
        for index in text.indices { out.append(text[index]) }
        let milliseconds = (microseconds - now * 1_000_000) / 1000
        out.append(0x30 + UInt8(milliseconds / 100))
        out.append(0x30 + UInt8(milliseconds / 10 % 10))
        out.append(0x30 + UInt8(milliseconds % 10))
        out.append(0x5A)
    }

    /// `2026-02-03T04:05:06.` of a Unix second.
    private static func prefix(of second: Int64) -> [UInt8] {
        let time = CivilTime(unixSeconds: second)
        var out: [UInt8] = []
        for (value, digits, after) in [
            (time.year, 4, "-"), (time.month, 2, "-"), (time.day, 2, "T"), (time.hour, 2, ":"), (time.minute, 2, ":"),
            (time.second, 2, "."),
        ] {
            out.append(decimal: value, digits: digits)
            out.append(contentsOf: after.utf8)
        }
        return out
    }
}
