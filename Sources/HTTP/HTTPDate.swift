import Bytes

/// HTTP's dates (RFC 9110 section 5.6.7), as Unix seconds.
package enum HTTPDate {
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
    /// 1 January 1970 was a Thursday.
    private static let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let longDays = ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"]

    /// `Sun, 06 Nov 1994 08:49:37 GMT`. The year is held to 0 to 9999.
    package static func format(unixSeconds: Int64) -> String {
        let seconds = min(max(unixSeconds, -62_167_219_200), 253_402_300_799)
        let time = CivilTime(unixSeconds: seconds)
        var out: [UInt8] = []
        out.reserveCapacity(29)
        out.append(contentsOf: days[(time.dayNumber % 7 + 7) % 7].utf8)
        out.append(0x2C)
        out.append(0x20)
        out.append(decimal: time.day, digits: 2)
        out.append(0x20)
        out.append(contentsOf: months[time.month - 1].utf8)
        out.append(0x20)
        out.append(decimal: time.year, digits: 4)
        out.append(0x20)
        out.append(decimal: time.hour, digits: 2)
        out.append(0x3A)
        out.append(decimal: time.minute, digits: 2)
        out.append(0x3A)
        out.append(decimal: time.second, digits: 2)
        out.append(contentsOf: " GMT".utf8)
        return String(decoding: out, as: UTF8.self)
    }

    /// The three forms that a recipient must read, or nil: IMF-fixdate, RFC 850's, asctime's. Two-digit years
    /// from 70 on are of the last century. The name of the day must be one, but is not checked against the date.
    package static func parse(_ text: String) -> Int64? {
        var reader = Reader(text)
        guard let day = reader.letters() else { return nil }
        if days.contains(day), reader.take(", ") {
            guard let date = reader.number(2), reader.take(" "), let month = reader.month(), reader.take(" "),
                let year = reader.number(4), reader.take(" "), let time = reader.time(), reader.take(" GMT")
            else { return nil }
            return reader.isAtEnd ? seconds(year, month, date, time) : nil
        }
        if longDays.contains(day), reader.take(", ") {
            guard let date = reader.number(2), reader.take("-"), let month = reader.month(), reader.take("-"),
                let year = reader.number(2), reader.take(" "), let time = reader.time(), reader.take(" GMT")
            else { return nil }
            return reader.isAtEnd ? seconds(year + (year < 70 ? 2000 : 1900), month, date, time) : nil
        }
        if days.contains(day), reader.take(" ") {
            guard let month = reader.month(), reader.take(" "),
                let date = reader.take(" ") ? reader.number(1) : reader.number(2), reader.take(" "),
                let time = reader.time(), reader.take(" "), let year = reader.number(4)
            else { return nil }
            return reader.isAtEnd ? seconds(year, month, date, time) : nil
        }
        return nil
    }

    private struct Reader {
        var rest: Substring.UTF8View
        init(_ text: String) { rest = text[...].utf8 }
        var isAtEnd: Bool { rest.isEmpty }

        mutating func letters() -> String? {
            let run = rest.prefix(while: ByteClass.isAlpha)
            rest = rest.dropFirst(run.count)
            return String(run)
        }

        mutating func take(_ literal: String) -> Bool {
            guard rest.starts(with: literal.utf8) else { return false }
            rest = rest.dropFirst(literal.utf8.count)
            return true
        }

        mutating func number(_ digits: Int) -> Int? {
            let run = rest.prefix(digits)
            guard run.count == digits, run.allSatisfy(ByteClass.isDigit) else { return nil }
            rest = rest.dropFirst(digits)
            return run.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        }

        mutating func month() -> Int? {
            guard let name = letters(), let index = HTTPDate.months.firstIndex(of: name) else { return nil }
            return index + 1
        }

        /// `hh:mm:ss` as seconds of the day; second 60 is a leap second, and counts as the next minute's first.
        mutating func time() -> Int? {
            guard let hour = number(2), take(":"), let minute = number(2), take(":"), let second = number(2),
                hour < 24, minute < 60, second <= 60
            else { return nil }
            return hour * 3600 + minute * 60 + second
        }
    }

    private static func seconds(_ year: Int, _ month: Int, _ date: Int, _ time: Int) -> Int64? {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let length = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
        guard 1...length ~= date else { return nil }
        return Int64(CivilTime.dayNumber(year: year, month: month, day: date) * 86_400 + time)
    }
}
