/// Which of a few languages a client would read (RFC 9110 section 12.5.4, by the look-up of RFC 4647 section 3.4).
package enum AcceptLanguage {
    /// Ranges that are looked at, of all lines together; what comes after them counts for nothing.
    package static let rangeLimit = WeightedList.limit

    /// - Parameter languages: tags of one part in lower case, such as `de`, the first being what `*` stands for.
    /// - Returns: the one that the client wants most; nil where it names none of them.
    package static func best(of languages: [String], for fields: Fields) -> String? {
        var found: (language: String, weight: Int)?
        var excluded: Set<String> = []
        var wildcard: Int?
        for range in WeightedList.elements(of: .acceptLanguage, in: fields, where: isRange) {
            if range.value == "*" {
                wildcard = wildcard ?? range.weight
                continue
            }
            // `de-AT` is read by whoever reads `de`: parts are taken off its end until something fits.
            let primary = range.value.prefix { $0 != "-" }
            guard let language = languages.first(where: { $0 == primary }) else { continue }
            if range.weight == 0 {
                // `de-CH;q=0` says nothing of other German.
                if range.value == language { excluded.insert(language) }
            } else if range.weight > found?.weight ?? 0 {
                found = (language, range.weight)
            }
        }
        if let found, !excluded.contains(found.language) { return found.language }
        guard let wildcard, wildcard > 0 else { return nil }
        return languages.first { !excluded.contains($0) }
    }

    private static func isRange(_ text: Substring) -> Bool {
        let subtags = text.split(separator: "-", omittingEmptySubsequences: false)
        return text == "*"
            || subtags.allSatisfy { subtag in
                (1...8).contains(subtag.utf8.count)
                    && subtag.utf8.allSatisfy { ($0 >= 0x61 && $0 <= 0x7A) || ($0 >= 0x30 && $0 <= 0x39) }
            }
    }
}
