/// Instants as RFC 3339 text in UTC with milliseconds, `2026-02-03T04:05:06.789Z`.
///
/// Remembers the last second's text, for a busy worker asks about the same second thousands of times.
struct Timestamp {
    /// Bytes of one, four digits a year.
    static let room = 32

    private var second = Int64.min
    private var prefix: [UInt8] = []

    mutating func append(microseconds: Int64, to out: inout OutputSpan<UInt8>) {
        let now = microseconds.flooredQuotient(1_000_000)
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

    /// `2026-02-03T04:05:06.` of a Unix second, by the days-from-civil rule of the proleptic Gregorian
    /// calendar with March as its first month.
    private static func prefix(of second: Int64) -> [UInt8] {
        let day = second.flooredQuotient(86400)
        let time = second - day * 86400
        let shifted = day + 719_468
        let era = shifted.flooredQuotient(146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let dayOfMonth = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)

        var out: [UInt8] = []
        func pad(_ value: Int64, _ width: Int, _ after: Character) {
            let digits = String(value)
            out.append(contentsOf: String(repeating: "0", count: max(0, width - digits.count)).utf8)
            out.append(contentsOf: digits.utf8)
            out.append(after.asciiValue!)
        }
        pad(year, 4, "-")
        pad(month, 2, "-")
        pad(dayOfMonth, 2, "T")
        pad(time / 3600, 2, ":")
        pad(time / 60 % 60, 2, ":")
        pad(time % 60, 2, ".")
        return out
    }
}

extension Int64 {
    /// Division that rounds down, also below zero.
    fileprivate func flooredQuotient(_ divisor: Int64) -> Int64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
