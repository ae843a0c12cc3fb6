/// A moment as Signature Version 4 spells it, `20130524T000000Z`, and its day, `20130524`.
package struct AmzDate: Sendable, Equatable {
    /// 16 characters, UTC.
    package let text: String
    /// Days since 1970-01-01, UTC.
    package let dayNumber: Int64

    /// - Parameter unixSeconds: the years 0000 to 9999; what lies outside is a bug of the clock's reader.
    package init(unixSeconds: Int64) {
        let days = Self.floorDivide(unixSeconds, 86400)
        let second = unixSeconds - days * 86400
        dayNumber = days
        let (year, month, day) = Self.civil(fromDays: days)
        precondition((0...9999).contains(year))
        var out: [UInt8] = []
        out.reserveCapacity(16)
        func append(_ value: Int64, digits: Int) {
            var divisor: Int64 = 1
            for _ in 1..<digits { divisor *= 10 }
            var value = value
            for _ in 0..<digits {
                out.append(0x30 + UInt8(value / divisor))
                value %= divisor
                divisor /= 10
            }
        }
        append(year, digits: 4)
        append(month, digits: 2)
        append(day, digits: 2)
        out.append(0x54)
        append(second / 3600, digits: 2)
        append(second / 60 % 60, digits: 2)
        append(second % 60, digits: 2)
        out.append(0x5A)
        text = String(decoding: out, as: UTF8.self)
    }

    /// The first eight characters of `text`.
    package var day: String { String(text.prefix(8)) }

    /// The proleptic Gregorian date of a day counted from 1970-01-01. A year is taken to begin in
    /// March, so that the leap day is its last, and 400 years are a whole number of days (146097).
    private static func civil(fromDays days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = floorDivide(shifted, 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let fromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * fromMarch + 2) / 5 + 1
        let month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }

    private static func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
        value >= 0 ? value / divisor : -((-value + divisor - 1) / divisor)
    }
}
