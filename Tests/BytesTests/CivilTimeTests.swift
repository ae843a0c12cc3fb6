import Bytes
import Testing

@Test func everyDayOfTwoThousandYearsFollowsTheOneBeforeIt() {
    var year = 999
    var month = 12
    var day = 31
    let start = CivilTime.dayNumber(year: 1000, month: 1, day: 1)
    let end = CivilTime.dayNumber(year: 3000, month: 1, day: 1)
    #expect(end - start == 730_485)
    for number in start..<end {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        if day == [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] {
            day = 1
            month = month % 12 + 1
            if month == 1 { year += 1 }
        } else {
            day += 1
        }
        let time = CivilTime(unixSeconds: Int64(number) * 86_400 + 86_399)
        let isRight =
            (time.year, time.month, time.day) == (year, month, day)
            && (time.hour, time.minute, time.second) == (23, 59, 59) && time.dayNumber == number
        guard isRight, CivilTime.dayNumber(year: year, month: month, day: day) == number else {
            Issue.record("\(year)-\(month)-\(day) is taken for \(time)")
            return
        }
    }
}

@Test func numbersAreWrittenWithZerosInFront() {
    var out: [UInt8] = []
    out.append(decimal: 7, digits: 2)
    out.append(decimal: 2026, digits: 4)
    out.append(decimal: 0, digits: 1)
    #expect(String(decoding: out, as: UTF8.self) == "0720260")
}
