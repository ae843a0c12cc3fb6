/// Values that stand in the header fields of answers.
extension ValueKind where Value == String {
    /// A field's value, or nothing.
    static let fieldValue = ValueKind(
        "field's value, or nothing", samples: ["DENY", "default-src 'self'; img-src *", "a, \"b\"", ""]
    ) { text throws(ValueProblem) in
        guard text.utf8.allSatisfy({ $0 == 0x09 || ($0 >= 0x20 && $0 != 0x7F) }) else {
            throw ValueProblem("the value holds a control character", "Write it on one line")
        }
        return text.trimmed
    }

    /// `Cache-Control` (RFC 9111 section 5.2.2).
    static let cacheControl = ValueKind(
        "cache directives", samples: ["no-cache", "max-age=31536000, immutable", "public, max-age=60, x=\"a, b\""]
    ) { text throws(ValueProblem) in
        let directives = try CacheDirectives.parse(text)
        let names = Set(directives.map(\.name))
        func contradict(_ one: String, _ others: [String]) throws(ValueProblem) {
            guard names.contains(one), let other = others.first(where: names.contains) else { return }
            throw ValueProblem("\(one) and \(other) contradict each other", "Keep one of the two")
        }
        try contradict("no-store", ["max-age", "s-maxage", "public", "immutable", "stale-while-revalidate"])
        try contradict("public", ["private"])
        try contradict("s-maxage", ["private"])
        try contradict("no-cache", ["immutable"])
        for directive in directives where ["max-age", "s-maxage", "stale-while-revalidate"].contains(directive.name) {
            guard let seconds = directive.value, seconds.utf8.count <= 10,
                seconds.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), !seconds.isEmpty
            else {
                throw ValueProblem("\(directive.name) takes seconds", "Write it as in \(directive.name)=3600")
            }
        }
        return text.trimmed
    }
}

/// The directives of a `Cache-Control` that the config's author wrote.
enum CacheDirectives {
    static func parse(_ text: String) throws(ValueProblem) -> [(name: String, value: String?)] {
        var directives: [(name: String, value: String?)] = []
        for item in split(text) {
            let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = parts[0].lowercased()
            let value = parts.count == 2 ? String(parts[1]) : nil
            let isQuoted = value.map { $0.utf8.count >= 2 && $0.hasPrefix("\"") && $0.hasSuffix("\"") } ?? false
            guard isToken(name), value.map({ isQuoted ? isText($0) : isToken($0) }) ?? true else {
                throw ValueProblem("'\(item)' is no cache directive", "Write them as in: max-age=3600, immutable")
            }
            guard !directives.contains(where: { $0.name == name }) else {
                throw ValueProblem("\(name) stands there twice", "Keep one of the two")
            }
            directives.append((name, value))
        }
        guard !directives.isEmpty else { throw ValueProblem("the value is empty", "Write one, or remove the key") }
        return directives
    }

    /// At commas outside of quotes.
    private static func split(_ text: String) -> [String] {
        var items: [[UInt8]] = [[]]
        var isQuoted = false
        for byte in text.utf8 {
            if byte == 0x22 { isQuoted.toggle() }
            if byte == 0x2C, !isQuoted { items.append([]) } else { items[items.count - 1].append(byte) }
        }
        return items.map { String(decoding: $0, as: UTF8.self).trimmed }.filter { !$0.isEmpty }
    }

    private static func isText(_ text: String) -> Bool {
        text.utf8.dropFirst().dropLast().allSatisfy { $0 >= 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x5C }
    }

    /// RFC 9110 section 5.6.2.
    static func isToken(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"()<>@,;:\\\"/[]?={}".utf8.contains($0) }
    }
}
