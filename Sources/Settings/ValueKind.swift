/// What an option's value is: its name and spelling in the reference, and how text becomes it.
package struct ValueKind<Value: Sendable>: Sendable {
    /// As the reference names it: `duration`.
    package let name: String
    /// Whether a list is read: a YAML list, or one value with commas.
    package let isList: Bool
    /// Values that hold, for tests and for the property that both spellings mean the same.
    package let samples: [String]
    /// Reads a list's items, or the one value of what is no list.
    let read: @Sendable ([SettingNode.Item]) -> Reading<Value>
    /// What one value looks like, as far as a schema can say it.
    let form: ValueForm

    /// A kind whose value is one piece of text.
    init(
        _ name: String, samples: [String], form: ValueForm = .text,
        _ parse: @escaping @Sendable (String) throws(ValueProblem) -> Value
    ) {
        self.name = name
        isList = false
        self.samples = samples
        self.form = form
        read = { items in
            do throws(ValueProblem) {
                return .value(try parse(items[0].text))
            } catch {
                return .problems([.init(problem: error, position: items[0].position)])
            }
        }
    }

    private init(
        name: String, isList: Bool, samples: [String], form: ValueForm,
        read: @escaping @Sendable ([SettingNode.Item]) -> Reading<Value>
    ) {
        self.name = name
        self.isList = isList
        self.samples = samples
        self.form = form
        self.read = read
    }

    /// The values of one kind, each with its line.
    static func list<Item>(_ kind: ValueKind<Item>) -> ValueKind<Value> where Value == [Located<Item>] {
        ValueKind(name: "list of " + kind.name, isList: true, samples: kind.samples, form: kind.form) { items in
            var values: [Located<Item>] = []
            var problems: [LocatedProblem] = []
            for item in items {
                switch kind.read([item]) {
                case .value(let value): values.append(Located(value: value, position: item.position))
                case .problems(let found): problems += found
                }
            }
            return problems.isEmpty ? .value(values) : .problems(problems)
        }
    }
}

/// What a value looks like to those who know no kinds, such as an editor. It never shuts out what the kind takes, and may
/// let in what the kind refuses.
enum ValueForm: Sendable, Equatable {
    case text
    case flag
    case words([String])
    /// Digits, or a word in their place.
    case number(ClosedRange<Int>, word: String? = nil)
    /// Digits with one of these units; `0` needs none.
    case quantity(units: [String])
}

enum Reading<Value: Sendable>: Sendable {
    case value(Value)
    case problems([LocatedProblem])
}

struct LocatedProblem: Sendable {
    let problem: ValueProblem
    let position: Position
}

/// A value and where it was written.
package struct Located<Value: Sendable>: Sendable, CustomStringConvertible {
    package let value: Value
    package let position: Position

    package var description: String { "\(value)" }
}

extension ValueKind where Value == String {
    /// Text with one character at least.
    static let text = ValueKind(
        "text", samples: ["postern", "two words", "a:b, c", "a # b ; c", "\"x\" = \\y", "' é [z] "]
    ) { text throws(ValueProblem) in
        guard !text.isEmpty else { throw ValueProblem("the value is empty", "Write one, or remove the key") }
        return text
    }

    /// A user-given name of another section.
    static func reference(to section: String) -> ValueKind {
        ValueKind("name in `\(section)`", samples: ["a"]) { text throws(ValueProblem) in
            guard !text.isEmpty else {
                throw ValueProblem("the name is empty", "Write the name of one of the \(section)")
            }
            return text
        }
    }

    static let scope = ValueKind("scope", samples: ["openid", "profile"]) { text throws(ValueProblem) in
        // RFC 6749 section 3.3
        let isToken = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x5C }
        guard !text.isEmpty, isToken else {
            throw ValueProblem("'\(text)' is no scope", "A scope is one word without quotes or backslashes")
        }
        return text
    }

    static let cookieName = ValueKind("cookie name", samples: ["__Host-docs", "session"]) { text throws(ValueProblem) in
        let isToken = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"()<>@,;:\\\"/[]?={}".utf8.contains($0) }
        guard !text.isEmpty, text.utf8.count <= 64, isToken, text != "__Host-", text != "__Secure-" else {
            throw ValueProblem(
                "'\(text)' is no cookie name", "Use letters, digits, - and _, 64 at most, such as __Host-docs")
        }
        return text
    }

    /// A field that an app is told something in, or nothing.
    static let identityField = ValueKind("field name, or nothing", samples: ["X-Postern-User", "Remote-User", ""]) {
        text throws(ValueProblem) in
        let isPlain = text.utf8.allSatisfy {
            ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A) || "0123456789-".utf8.contains($0)
        }
        let others = [
            "accept", "authorization", "cache-control", "connection", "cookie", "date", "expect", "forwarded", "host",
            "if-", "keep-alive", "origin", "proxy-", "range", "referer", "sec-", "te", "trailer", "transfer-",
            "upgrade",
            "user-agent", "content-", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host",
        ]
        let name = text.lowercased()
        let isOther = others.contains { $0.hasSuffix("-") ? name.hasPrefix($0) : name == $0 }
        guard isPlain, text.utf8.count <= 64, !isOther else {
            throw ValueProblem(
                "'\(text)' is no field that can say who asks", "Use letters, digits and -, such as X-Postern-User")
        }
        return text
    }

    /// `/name`, without a slash at its end.
    static let authPath = ValueKind("path", samples: ["/.auth", "/-/sign-in"]) { text throws(ValueProblem) in
        let segments = text.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        let isPlain = segments.allSatisfy { segment in
            !segment.isEmpty && segment != "." && segment != ".."
                && segment.utf8.allSatisfy {
                    ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A) || "0123456789-._~".utf8.contains($0)
                }
        }
        guard text.hasPrefix("/"), !segments.isEmpty, isPlain else {
            throw ValueProblem(
                "'\(text)' is no path for Postern's own pages",
                "Write one such as /.auth, of letters, digits, -, ., _ and ~, without a slash at its end")
        }
        return text
    }

    static let region = ValueKind("region", samples: ["eu-central-1", "auto"]) { text throws(ValueProblem) in
        guard !text.isEmpty,
            text.utf8.allSatisfy({ ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A) || "0123456789-_".utf8.contains($0) })
        else { throw ValueProblem("'\(text)' is no region", "Write one such as eu-central-1") }
        return text
    }

    static let bucket = ValueKind("bucket name", samples: ["docs-private", "my.bucket"]) { text throws(ValueProblem) in
        let isPlain = text.utf8.allSatisfy {
            ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A) || "0123456789-._".utf8.contains($0)
        }
        guard text.utf8.count >= 3, text.utf8.count <= 255, isPlain, !text.hasPrefix("."), !text.contains("..") else {
            throw ValueProblem("'\(text)' is no bucket's name", "Write the bucket's name alone, such as docs-private")
        }
        return text
    }

    /// A key prefix: without a `/` at its start, with one at its end.
    static let keyPrefix = ValueKind("text", samples: ["site/", "a/b c"]) { text throws(ValueProblem) in
        var prefix = text[...]
        while prefix.hasPrefix("/") { prefix.removeFirst() }
        guard !prefix.isEmpty else { return "" }
        let segments = prefix.split(separator: "/", omittingEmptySubsequences: false)
        guard !segments.contains("."), !segments.contains("..") else {
            throw ValueProblem("the prefix holds a dot segment", "Write it without . and ..")
        }
        return prefix.hasSuffix("/") ? String(prefix) : prefix + "/"
    }

    /// A file's name, or nothing.
    static let fileName = ValueKind("file name, or nothing", samples: ["index.html", ""]) { text throws(ValueProblem) in
        guard !text.contains("/"), text != ".", text != ".." else {
            throw ValueProblem("'\(text)' is more than a file's name", "Write it without slashes, such as index.html")
        }
        return text
    }

    /// A path on the site, or nothing.
    static let sitePath = ValueKind("path, or nothing", samples: ["/404.html", "/errors/404.html", ""]) {
        text throws(ValueProblem) in
        guard !text.isEmpty else { return text }
        let segments = text.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        guard text.hasPrefix("/"), !segments.isEmpty, segments.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." })
        else {
            throw ValueProblem("'\(text)' is no page's path", "Write one such as /404.html")
        }
        return text
    }

    /// A path in the file system, as it was written.
    static let path = ValueKind("path", samples: ["/srv/docs", "docs/site"]) { text throws(ValueProblem) in
        guard !text.isEmpty else { throw ValueProblem("the path is empty", "Write one, or remove the key") }
        return text
    }
}

extension ValueKind where Value == Bool {
    static let flag = ValueKind("true or false", samples: ["true", "false"], form: .flag) { text throws(ValueProblem) in
        switch text.lowercased() {
        case "true", "yes", "on": return true
        case "false", "no", "off": return false
        default: throw ValueProblem("'\(text)' is neither true nor false", "Write true or false")
        }
    }
}

extension ValueKind where Value == Int {
    static func count(_ range: ClosedRange<Int>) -> ValueKind {
        ValueKind("number", samples: ["\(range.lowerBound)", "\(range.upperBound)"], form: .number(range)) {
            text throws(ValueProblem) in
            guard text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let value = Int(text) else {
                throw ValueProblem("'\(text)' is no number", "Write digits alone")
            }
            guard range.contains(value) else {
                throw ValueProblem("\(text) is out of range", "Write \(range.lowerBound) to \(range.upperBound)")
            }
            return value
        }
    }

    /// Bytes.
    static func size(_ range: ClosedRange<Int>) -> ValueKind {
        let samples = [SizeText.format(range.lowerBound), SizeText.format(range.upperBound)]
        return ValueKind("size", samples: samples, form: .quantity(units: SizeText.unitNames)) {
            text throws(ValueProblem) in
            guard let value = SizeText.parse(text) else {
                throw ValueProblem("'\(text)' is no size", "Write a number and its unit: 512B, 16KiB, 10MiB or 2GiB")
            }
            guard range.contains(value) else {
                throw ValueProblem(
                    "\(text) is out of range",
                    "Write \(SizeText.format(range.lowerBound)) to \(SizeText.format(range.upperBound))")
            }
            return value
        }
    }
}

extension ValueKind where Value == Int? {
    static let workers = ValueKind(
        "auto or a number", samples: ["auto", "1", "256"], form: .number(1...256, word: "auto")
    ) { text throws(ValueProblem) in
        if text == "auto" { return nil }
        guard text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let value = Int(text), (1...256).contains(value)
        else {
            throw ValueProblem("'\(text)' is no number of workers", "Write auto, or 1 to 256")
        }
        return value
    }
}

extension ValueKind where Value == TimeSpan {
    static func duration(_ shortest: String, _ longest: String) -> ValueKind {
        ValueKind("duration", samples: [shortest, longest], form: .quantity(units: DurationText.unitNames)) {
            text throws(ValueProblem) in
            guard let value = DurationText.parse(text) else {
                throw ValueProblem(
                    "'\(text)' is no duration", "Write a number and its unit: 500ms, 90s, 15m, 12h or 7d")
            }
            guard let low = DurationText.parse(shortest), let high = DurationText.parse(longest), value >= low,
                value <= high
            else { throw ValueProblem("\(text) is out of range", "Write \(shortest) to \(longest)") }
            return value
        }
    }
}

extension ValueKind where Value: RawRepresentable<String> & CaseIterable {
    /// One of a closed list of words.
    static func choice() -> ValueKind {
        let words = Value.allCases.map(\.rawValue)
        return ValueKind(Sentence.or(words), samples: words, form: .words(words)) { text throws(ValueProblem) in
            guard let value = Value(rawValue: text) else {
                let nearest = Spelling.nearest(to: text, among: words)
                let hint = nearest.map { "Did you mean '\($0)'?" } ?? "Write \(Sentence.or(words))"
                throw ValueProblem("'\(text)' is none of the known words", hint)
            }
            return value
        }
    }
}

extension ValueKind where Value == Requirement {
    static let requirement = ValueKind(
        "requirement", samples: ["anyone", "groups:a,b and email:*@example.com", "claim:dept=R D"]
    ) { text throws(ValueProblem) in try Requirement(text) }
}

extension ValueKind where Value == LogSettings.Target {
    static let logTarget = ValueKind(
        "stdout, stderr, journald, off, or file:PATH", samples: ["stdout", "off", "file:/var/log/postern/access.log"]
    ) { text throws(ValueProblem) in
        switch text {
        case "stdout": return .stdout
        case "stderr": return .stderr
        case "journald": return .journald
        case "off": return .off
        default:
            guard text.hasPrefix("file:"), text.count > 5 else {
                throw ValueProblem(
                    "'\(text)' is no place for the log", "Write stdout, stderr, journald, off or file:PATH")
            }
            return .file(String(text.dropFirst(5)))
        }
    }
}

/// Words joined as prose.
enum Sentence {
    static func or(_ words: [String]) -> String {
        guard words.count > 1 else { return words.first ?? "" }
        return words.dropLast().joined(separator: ", ") + " or " + words[words.count - 1]
    }
}
