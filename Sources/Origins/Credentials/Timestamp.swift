/// A moment as AWS's services write it (RFC 3339): `2026-11-23T17:38:00Z`.
enum Timestamp {
    /// Unix seconds, a fraction cut off; nil for anything else. An offset from UTC is taken into account.
    static func parse(_ text: String) -> Int64? {
        var rest = Array(text.utf8)[...]
        func number(_ digits: Int) -> Int64? {
            let run = rest.prefix(digits)
            guard run.count == digits, run.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
            rest = rest.dropFirst(digits)
            return run.reduce(0) { $0 * 10 + Int64($1 - 0x30) }
        }
        func take(_ byte: UInt8) -> Bool {
            guard rest.first == byte else { return false }
            rest = rest.dropFirst()
            return true
        }
        guard let year = number(4), take(0x2D), let month = number(2), take(0x2D), let day = number(2), take(0x54),
            let hour = number(2), take(0x3A), let minute = number(2), take(0x3A), let second = number(2),
            (1...12).contains(month), hour < 24, minute < 60, second <= 60
        else { return nil }
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let length = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][Int(month) - 1]
        guard 1...Int64(length) ~= day else { return nil }
        if take(0x2E) {
            let fraction = rest.prefix { (0x30...0x39).contains($0) }
            guard (1...9).contains(fraction.count) else { return nil }
            rest = rest.dropFirst(fraction.count)
        }
        var offset: Int64 = 0
        if !take(0x5A) {
            let isBehind = rest.first == 0x2D
            guard take(0x2D) || take(0x2B), let hours = number(2), take(0x3A), let minutes = number(2), hours < 24,
                minutes < 60
            else { return nil }
            offset = (hours * 3600 + minutes * 60) * (isBehind ? -1 : 1)
        }
        guard rest.isEmpty else { return nil }
        return days(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - offset
    }

    /// From 1970-01-01, in the proleptic Gregorian calendar. A year is counted from March, so that the leap day is its
    /// last.
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = year - (month <= 2 ? 1 : 0)
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
