import Bytes

/// What is shown in a terminal: times and spans in plain words, columns that line up.
enum PlainText {
    /// `2026-11-23 21:15:02 UTC`
    static func time(_ unixSeconds: Int64) -> String {
        let time = CivilTime(unixSeconds: unixSeconds)
        return "\(digits(time.year, 4))-\(digits(time.month))-\(digits(time.day)) "
            + "\(digits(time.hour)):\(digits(time.minute)):\(digits(time.second)) UTC"
    }

    /// RFC 3339: `2026-11-23T21:15:02Z`
    static func timestamp(_ unixSeconds: Int64) -> String {
        time(unixSeconds).replacing(" UTC", with: "Z").replacing(" ", with: "T")
    }

    /// The largest unit that there are two of: `90 s`, `5 min`, `47 h`, `3 days`.
    static func span(_ seconds: Int64) -> String {
        let seconds = max(0, seconds)
        if seconds < 120 { return "\(seconds) s" }
        if seconds < 7200 { return "\(seconds / 60) min" }
        if seconds < 172_800 { return "\(seconds / 3600) h" }
        return "\(seconds / 86_400) days"
    }

    /// `1 site`, `2 sites`
    static func count(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }

    /// Without what steers a terminal, breaks the line, or turns its direction.
    static func line(_ text: String) -> String {
        var out = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
                out.append(contentsOf: "\\u{\(String(scalar.value, radix: 16))}".unicodeScalars)
            default: out.append(scalar)
            }
        }
        return String(out)
    }

    /// Rows whose columns begin below each other, with two spaces between.
    static func table(_ rows: [[String]]) -> String {
        let rows = rows.map { $0.map(line) }
        var widths: [Int] = []
        for row in rows {
            for (column, cell) in row.enumerated() {
                if column == widths.count { widths.append(0) }
                widths[column] = max(widths[column], cell.count)
            }
        }
        return rows.map { row in
            var text = ""
            for (column, cell) in row.enumerated() {
                text += cell
                if row[(column + 1)...].contains(where: { !$0.isEmpty }) {
                    text += String(repeating: " ", count: widths[column] - cell.count + 2)
                }
            }
            return text + "\n"
        }.joined()
    }

    private static func digits(_ value: Int, _ count: Int = 2) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, count - text.count)) + text
    }
}
