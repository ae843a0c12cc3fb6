/// The profiles of the two files that AWS's tools share: `credentials`, whose sections are the profiles' names, and
/// `config`, whose sections are `profile NAME` and `default`. What both have counts as the former has it.
package struct SharedProfiles: Sendable, Equatable {
    /// Of one file, in bytes.
    package static let maximumLength = 1 << 20

    /// By name; the names of settings are in lower case.
    package let profiles: [String: [String: String]]

    package init(config: String, credentials: String) {
        var profiles = Self.sections(of: config) { name in
            if name == "default" { return name }
            guard name.hasPrefix("profile"), let first = name.dropFirst(7).first, first == " " || first == "\t" else {
                return nil
            }
            return Self.trimmed(name.dropFirst(7))
        }
        for (name, settings) in Self.sections(of: credentials, { $0 }) {
            profiles[name, default: [:]].merge(settings) { _, new in new }
        }
        self.profiles = profiles
    }

    /// Lines that are neither a section nor `name = value` count for nothing, as do indented ones, which belong to
    /// settings that are of no use here.
    ///
    /// - Parameter profile: the profile's name for that of a section; nil where it is none.
    private static func sections(
        of text: String, _ profile: (String) -> String?
    ) -> [String: [String: String]] {
        var found: [String: [String: String]] = [:]
        var current: String?
        for line in text.split(whereSeparator: \.isNewline) {
            guard let first = line.utf8.first, first != 0x23, first != 0x3B, first != 0x20, first != 0x09 else {
                continue
            }
            if first == 0x5B {
                let name = line.firstIndex(of: "]").map { trimmed(line[line.index(after: line.startIndex)..<$0]) }
                current = name.flatMap(profile).map(unquoted)
                if let current { found[current, default: [:]].merge([:]) { old, _ in old } }
                continue
            }
            guard let current, let equals = line.firstIndex(of: "=") else { continue }
            let name = trimmed(line[..<equals]).lowercased()
            if !name.isEmpty { found[current]?[name] = value(line[line.index(after: equals)...]) }
        }
        return found
    }

    /// Without a comment, which begins with a space or tab and `#` or `;`.
    private static func value(_ text: Substring) -> String {
        var previous: Character?
        for index in text.indices {
            let one = text[index]
            if one == "#" || one == ";", previous == " " || previous == "\t" { return trimmed(text[..<index]) }
            previous = one
        }
        return trimmed(text)
    }

    private static func unquoted(_ name: String) -> String {
        guard name.count >= 2, let quote = name.first, quote == "\"" || quote == "'", name.last == quote else {
            return name
        }
        return String(name.dropFirst().dropLast())
    }

    private static func trimmed(_ text: some StringProtocol) -> String {
        let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        var rest = text.drop(while: isSpace)
        while let last = rest.last, isSpace(last) { rest = rest.dropLast() }
        return String(rest)
    }
}
