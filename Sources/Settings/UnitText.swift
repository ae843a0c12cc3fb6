/// Sizes: a whole number and `B`, `KiB`, `MiB` or `GiB`.
package enum SizeText {
    private static let units: [(String, Int)] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)]
    static let unitNames = units.map(\.0)

    static func parse(_ text: String) -> Int? {
        for (unit, factor) in units where text.hasSuffix(unit) {
            return UnitText.number(text.dropLast(unit.count), times: factor)
        }
        return text == "0" ? 0 : nil
    }

    /// In the largest unit that divides it.
    package static func format(_ bytes: Int) -> String {
        for (unit, factor) in units where bytes >= factor && bytes % factor == 0 { return "\(bytes / factor)\(unit)" }
        return "0B"
    }
}

/// Durations: a whole number and `ms`, `s`, `m`, `h` or `d`.
package enum DurationText {
    private static let units: [(String, Int)] = [
        ("ms", 1), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000),
    ]
    static let unitNames = units.map(\.0)

    static func parse(_ text: String) -> TimeSpan? {
        for (unit, factor) in units where text.hasSuffix(unit) {
            return UnitText.number(text.dropLast(unit.count), times: factor).map { TimeSpan(milliseconds: Int64($0)) }
        }
        return text == "0" ? TimeSpan(milliseconds: 0) : nil
    }

    /// In the largest unit that divides it.
    package static func format(_ span: TimeSpan) -> String {
        let value = Int(span.milliseconds)
        guard value > 0 else { return "0s" }
        for (unit, factor) in units.dropFirst() where value % factor == 0 { return "\(value / factor)\(unit)" }
        return "\(value)ms"
    }
}

enum UnitText {
    /// Digits alone, times `factor`; nil where that is too large.
    static func number(_ digits: Substring, times factor: Int) -> Int? {
        guard digits.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let number = Int(digits) else { return nil }
        let (product, overflow) = number.multipliedReportingOverflow(by: factor)
        return overflow ? nil : product
    }
}
