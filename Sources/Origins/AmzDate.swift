import Bytes

/// A moment as Signature Version 4 spells it, `20130524T000000Z`, and its day, `20130524`.
package struct AmzDate: Sendable, Equatable {
    /// 16 characters, UTC.
    package let text: String
    /// Days since 1970-01-01, UTC.
    package let dayNumber: Int

    /// - Parameter unixSeconds: the years 0000 to 9999; what lies outside is a bug of the clock's reader.
    package init(unixSeconds: Int64) {
        let time = CivilTime(unixSeconds: unixSeconds)
        precondition((0...9999).contains(time.year))
        var out: [UInt8] = []
        out.reserveCapacity(16)
        out.append(decimal: time.year, digits: 4)
        out.append(decimal: time.month, digits: 2)
        out.append(decimal: time.day, digits: 2)
        out.append(0x54)
        out.append(decimal: time.hour, digits: 2)
        out.append(decimal: time.minute, digits: 2)
        out.append(decimal: time.second, digits: 2)
        out.append(0x5A)
        text = String(decoding: out, as: UTF8.self)
        dayNumber = time.dayNumber
    }

    /// The first eight characters of `text`.
    package var day: String { String(text.prefix(8)) }
}
