/// Which of a few languages a client would read (RFC 9110 section 12.5.4, by the look-up of RFC 4647 section 3.4).
package enum AcceptLanguage {
    /// Ranges that are looked at, of all lines together; what comes after them counts for nothing.
    package static let rangeLimit = 32

    /// - Parameter languages: tags of one part in lower case, such as `de`, the first being what `*` stands for.
    /// - Returns: the one that the client wants most; nil where it names none of them.
    package static func best(of languages: [String], for fields: Fields) -> String? {
        var found: (language: String, weight: Int)?
        var excluded: Set<String> = []
        var wildcard: Int?
        for range in ranges(fields) {
            if range.tag == "*" {
                wildcard = wildcard ?? range.weight
                continue
            }
            // `de-AT` is read by whoever reads `de`: parts are taken off its end until something fits.
            let primary = range.tag.prefix { $0 != "-" }
            guard let language = languages.first(where: { $0 == primary }) else { continue }
            if range.weight == 0 {
                // `de-CH;q=0` says nothing of other German.
                if range.tag == language { excluded.insert(language) }
            } else if range.weight > found?.weight ?? 0 {
                found = (language, range.weight)
            }
        }
        if let found, !excluded.contains(found.language) { return found.language }
        guard let wildcard, wildcard > 0 else { return nil }
        return languages.first { !excluded.contains($0) }
    }

    private static func ranges(_ fields: Fields) -> [(tag: String, weight: Int)] {
        var ranges: [(tag: String, weight: Int)] = []
        for line in fields.values(of: .acceptLanguage) {
            for element in line.lowercased().split(separator: ",", maxSplits: rangeLimit) {
                guard ranges.count < rangeLimit else { return ranges }
                guard let range = range(element) else { continue }
                ranges.append(range)
            }
        }
        return ranges
    }

    /// `de-AT;q=0.8`; nil where it is none.
    private static func range(_ element: Substring) -> (tag: String, weight: Int)? {
        let parts = element.split(separator: ";", omittingEmptySubsequences: false).map(trimmed)
        let tag = parts[0]
        let subtags = tag.split(separator: "-", omittingEmptySubsequences: false)
        let isTag = subtags.allSatisfy { subtag in
            (1...8).contains(subtag.utf8.count)
                && subtag.utf8.allSatisfy { ($0 >= 0x61 && $0 <= 0x7A) || ($0 >= 0x30 && $0 <= 0x39) }
        }
        guard isTag || tag == "*" else { return nil }
        switch parts.count {
        case 1: return (String(tag), 1000)
        case 2 where parts[1].hasPrefix("q="):
            return weight(parts[1].dropFirst(2)).map { (String(tag), $0) }
        default: return nil
        }
    }

    /// A weight in thousandths: `0`, `1`, or either with three decimals at most (RFC 9110 section 12.4.2).
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
