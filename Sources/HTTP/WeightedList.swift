/// The elements of a list with weights, as `Accept-Language` and `Accept-Encoding` are (RFC 9110 section 12.4.2).
enum WeightedList {
    /// Elements that are looked at, of all lines together; what comes after them counts for nothing.
    static let limit = 32

    /// The values in lower case and in their order, each with its weight in thousandths. What does not hold is left out.
    static func elements(
        of name: FieldName, in fields: Fields, where isValue: (Substring) -> Bool
    ) -> [(value: String, weight: Int)] {
        var elements: [(value: String, weight: Int)] = []
        for line in fields.values(of: name) {
            for element in line.lowercased().split(separator: ",", maxSplits: limit) {
                guard elements.count < limit else { return elements }
                guard let element = self.element(element, isValue) else { continue }
                elements.append(element)
            }
        }
        return elements
    }

    /// `de-AT;q=0.8`; nil where it is none.
    private static func element(
        _ text: Substring, _ isValue: (Substring) -> Bool
    ) -> (value: String, weight: Int)? {
        let parts = text.split(separator: ";", omittingEmptySubsequences: false).map(trimmed)
        guard isValue(parts[0]) else { return nil }
        switch parts.count {
        case 1: return (String(parts[0]), 1000)
        case 2 where parts[1].hasPrefix("q="):
            return weight(parts[1].dropFirst(2)).map { (String(parts[0]), $0) }
        default: return nil
        }
    }

    /// A weight in thousandths: `0`, `1`, or either with three decimals at most.
    private static func weight(_ text: Substring) -> Int? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, parts[0] == "0" || parts[0] == "1" else { return nil }
        let decimals = parts.count == 2 ? parts[1] : ""
        guard decimals.utf8.count <= 3, decimals.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
        let thousandths = Int(decimals + String(repeating: "0", count: 3 - decimals.utf8.count)) ?? 0
        guard parts[0] == "0" || thousandths == 0 else { return nil }
        return parts[0] == "1" ? 1000 : thousandths
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop { $0 == " " || $0 == "\t" }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text
    }
}
