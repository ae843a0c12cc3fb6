/// Reads the INI spelling of a config.
///
///     workers = auto
///     [sites.docs.session]
///     idle = 1h            ; a comment begins with ; or # at a line's start or after a space
///     [sites.docs.rules]
///     "/a = b/**" = signed-in
///
/// A section's name is a dotted path; a name or key that holds a dot (in a section), an equals sign,
/// a bracket or a comment's sign stands in double quotes. A list's items have commas between them.
struct INIReader {
    private let source: SettingText
    private var faults: [Fault] = []
    private var root: Branch
    private var nodes = 0

    /// A section as it grows; the order is the file's.
    private final class Branch {
        let position: Position
        var entries: [(key: String, position: Position, content: Twig)] = []
        /// The line of this section's own header.
        var header: Int?

        init(position: Position) { self.position = position }
    }

    private enum Twig {
        case branch(Branch)
        case leaf(SettingNode.Value)
    }

    private init(_ source: SettingText) {
        self.source = source
        root = Branch(position: Position(file: source.file, line: 1))
    }

    static func read(_ source: SettingText, faults: inout [Fault]) -> SettingNode {
        var reader = INIReader(source)
        reader.readLines()
        faults += reader.faults
        return Self.node(of: reader.root)
    }

    private mutating func readLines() {
        /// Nil after a header that did not hold: its keys are not read.
        var section: (branch: Branch, path: [String])? = (root, [])
        for (index, raw) in source.lines.enumerated() {
            let line = index + 1
            let text = Self.withoutComment(raw).trimmed
            guard !text.isEmpty else { continue }
            nodes += 1
            guard nodes <= SettingText.maximumNodes else {
                return fault(line, "", "the file has more than \(SettingText.maximumNodes) keys", "Split the config")
            }
            if text.hasPrefix("[") {
                section = header(text, line)
            } else if let section {
                entry(text, line, in: section.branch, path: section.path)
            }
        }
    }

    private mutating func header(_ text: String, _ line: Int) -> (Branch, [String])? {
        guard text.hasSuffix("]"), let path = Self.path(String(text.dropFirst().dropLast())) else {
            fault(line, "", "the section's name does not hold", "Write it as [sites.docs.session]")
            return nil
        }
        guard path.count <= SettingText.maximumDepth else {
            fault(line, "", "the section lies too deep", "No section lies deeper than [sites.NAME.session]")
            return nil
        }
        var branch = root
        for (index, name) in path.enumerated() {
            let existing = branch.entries.first { $0.key == name }
            switch existing?.content {
            case .branch(let next):
                branch = next
            case .leaf:
                fault(
                    line, path[...index].joined(separator: "."),
                    "is a section here, and a value on line \(existing!.position.line ?? 0)", "Keep one of the two")
                return nil
            case nil:
                let position = Position(file: source.file, line: line)
                let next = Branch(position: position)
                branch.entries.append((name, position, .branch(next)))
                branch = next
            }
        }
        if let first = branch.header {
            fault(
                line, path.joined(separator: "."), "the section stands here again, after line \(first)",
                "Put its keys together")
        } else {
            branch.header = line
        }
        return (branch, path)
    }

    private mutating func entry(_ text: String, _ line: Int, in branch: Branch, path: [String]) {
        guard let (key, rest) = Self.keyAndRest(text), !key.isEmpty else {
            return fault(
                line, path.joined(separator: "."), "the line is neither a section nor a key with its value",
                "Write key = value")
        }
        let name = (path + [key]).joined(separator: ".")
        if let first = branch.entries.first(where: { $0.key == key }) {
            return fault(
                line, name, "the key stands here again, after line \(first.position.line ?? 0)", "Keep one of the two")
        }
        let value = SettingNode.Value(text: SettingNode.unquote(rest), listText: rest)
        branch.entries.append((key, Position(file: source.file, line: line), .leaf(value)))
    }

    private mutating func fault(_ line: Int, _ key: String, _ message: String, _ remedy: String) {
        faults.append(Fault(.error, file: source.file, line: line, key: key, message: message, remedy: remedy))
    }

    /// Up to a `;` or `#` that begins the line or follows a space, and stands in no quotes.
    private static func withoutComment(_ line: Substring) -> String {
        guard line.utf8.contains(where: { $0 == 0x3B || $0 == 0x23 }) else { return String(line) }
        var isQuoted = false
        var isEscaped = false
        var before: UInt8 = 0x20
        var out: [UInt8] = []
        for byte in line.utf8 {
            switch byte {
            case _ where isEscaped: isEscaped = false
            case 0x5C where isQuoted: isEscaped = true
            // A quote opens where a name, a value or a list's item begins, so that an apostrophe's cousin
            // within a value does not swallow the comment.
            case 0x22 where isQuoted: isQuoted = false
            case 0x22 where [0x20, 0x09, 0x2C, 0x3D, 0x5B, 0x2E].contains(before): isQuoted = true
            case 0x3B where !isQuoted && (before == 0x20 || before == 0x09),
                0x23 where !isQuoted && (before == 0x20 || before == 0x09):
                return String(decoding: out, as: UTF8.self)
            default: break
            }
            before = byte
            out.append(byte)
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// A dotted path's parts, quoted ones without their quotes; nil where one is empty or a quote is open.
    private static func path(_ text: String) -> [String]? {
        var parts: [String] = []
        var part = ""
        var isQuoted = false
        var wasQuoted = false
        for character in text {
            switch character {
            case "\"":
                guard isQuoted || (part.trimmed.isEmpty && !wasQuoted) else { return nil }
                if !isQuoted { part = "" }
                isQuoted.toggle()
                wasQuoted = true
            case "." where !isQuoted:
                parts.append(wasQuoted ? part : part.trimmed)
                part = ""
                wasQuoted = false
            default:
                if wasQuoted, !isQuoted {
                    guard character == " " || character == "\t" else { return nil }
                } else {
                    part.append(character)
                }
            }
        }
        guard !isQuoted else { return nil }
        parts.append(wasQuoted ? part : part.trimmed)
        return parts.contains("") ? nil : parts
    }

    /// The key before the first `=` outside of quotes, and what follows it.
    private static func keyAndRest(_ text: String) -> (String, String)? {
        if text.hasPrefix("\"") {
            var isEscaped = false
            var index = text.index(after: text.startIndex)
            while index < text.endIndex, isEscaped || text[index] != "\"" {
                isEscaped = !isEscaped && text[index] == "\\"
                index = text.index(after: index)
            }
            guard index < text.endIndex else { return nil }
            let rest = String(text[text.index(after: index)...]).trimmed
            guard rest.hasPrefix("=") else { return nil }
            return (SettingNode.unquote(String(text[...index])), String(rest.dropFirst()).trimmed)
        }
        guard let equals = text.firstIndex(of: "=") else { return nil }
        return (String(text[..<equals]).trimmed, String(text[text.index(after: equals)...]).trimmed)
    }

    private static func node(of branch: Branch) -> SettingNode {
        let entries = branch.entries.map { key, position, content in
            switch content {
            case .branch(let branch):
                SettingNode.Entry(key: key, position: position, node: node(of: branch))
            case .leaf(let value):
                SettingNode.Entry(
                    key: key, position: position, node: SettingNode(content: .value(value), position: position))
            }
        }
        return SettingNode(content: .section(entries), position: branch.position)
    }
}
