import Yams

/// Reads the YAML spelling of a config: mappings, lists of values, and values.
///
/// Anchors, aliases and merge keys are refused, for the other spelling has none, and a few lines of
/// them can stand for gigabytes. A key that stands twice is told with both its lines, and the rest is
/// read all the same.
struct YAMLReader {
    private let source: SettingText
    private var faults: [Fault] = []
    private var nodes = 0

    /// Ends the name that a repeated key is given so that the parser reads on: a private character and
    /// the first one's line.
    private static let repeatedMark: Character = "\u{F8FE}"
    private static let maximumRepeats = 50

    static func read(_ source: SettingText, faults: inout [Fault]) -> SettingNode? {
        var reader = YAMLReader(source: source)
        let node = reader.readDocument()
        faults += reader.faults
        return node
    }

    private init(source: SettingText) { self.source = source }

    private mutating func readDocument() -> SettingNode? {
        guard !hasTabs(), !hasManyAliases() else { return nil }
        var text = source.text
        for _ in 0..<Self.maximumRepeats {
            do {
                let parser = try Parser(yaml: text, encoding: .utf8)
                let root = try parser.singleRoot()
                // Nodes know their anchors only as long as the parser lives.
                return withExtendedLifetime(parser) {
                    let node = root.flatMap { convert($0, path: [], depth: 0) }
                    return SettingNode(content: node?.content ?? .section([]), position: position(1))
                }
            } catch YamlError.duplicatedKeysInMapping(let keys, let context) {
                guard let next = Self.renamingRepeat(in: text, of: keys, first: context.mark) else {
                    let names = keys.map { "'\($0)'" }.joined(separator: ", ")
                    fault(context.mark.line, "", "more than once in one section: \(names)", "Keep one of each")
                    return nil
                }
                text = next
            } catch let error as YamlError {
                report(error)
                return nil
            } catch {
                fault(nil, "", "the file cannot be read as YAML", "Check its syntax")
                return nil
            }
        }
        fault(nil, "", "more than \(Self.maximumRepeats) keys stand twice", "Keep one of each")
        return nil
    }

    private func position(_ line: Int?) -> Position { Position(file: source.file, line: line) }

    private mutating func fault(_ line: Int?, _ key: String, _ message: String, _ remedy: String) {
        faults.append(Fault(.error, file: source.file, line: line, key: key, message: message, remedy: remedy))
    }

    private mutating func report(_ error: YamlError) {
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let about = context.map { " \($0.text)" } ?? ""
            fault(
                mark.line, "", "this is no YAML:\(about) \(problem) (column \(mark.column))",
                "Check the indentation, the colons and the quotes of this line and the one before")
        case .reader(let problem, _, _, _):
            fault(nil, "", "this is no YAML: \(problem)", "Save the file as UTF-8 text")
        default:
            fault(nil, "", "the file cannot be read as YAML", "Check its syntax")
        }
    }

    /// All tabs in indentation at once, which the parser would tell one by one and darkly.
    private mutating func hasTabs() -> Bool {
        for (index, line) in source.lines.enumerated() {
            let indentation = line.prefix { $0 == " " || $0 == "\t" }
            guard indentation.contains("\t"), indentation.count < line.count,
                line[indentation.endIndex] != "#"
            else { continue }
            fault(index + 1, "", "the line is indented with a tab", "YAML is indented with spaces")
        }
        return !faults.isEmpty
    }

    /// Whether aliases are so many that even comparing keys could take for ever. Looks at words alone,
    /// and so counts what only looks like an alias too; a config has neither.
    private mutating func hasManyAliases() -> Bool {
        var anchors = 0
        var aliases = 0
        for (index, line) in source.lines.enumerated() {
            guard line.utf8.contains(0x26) || line.utf8.contains(0x2A) else { continue }
            var before: UInt8 = 0x20
            let bytes = Array(line.utf8)
            for (column, byte) in bytes.enumerated() {
                let opens = [0x20, 0x5B, 0x7B, 0x2C, 0x3A].contains(before)
                if opens, column + 1 < bytes.count, bytes[column + 1] > 0x20, bytes[column + 1] != 0x2A {
                    if byte == 0x26 { anchors += 1 }
                    if byte == 0x2A { aliases += 1 }
                }
                before = byte
            }
            if anchors > 0, aliases > 16 {
                fault(index + 1, "", "the file has anchors and many aliases", "Write out what they stand for")
                return true
            }
        }
        return false
    }

    /// Gives the second of two equal keys of a block mapping another name; nil where it is not found.
    private static func renamingRepeat(in text: String, of keys: [String], first: Mark) -> String? {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let column = first.column - 1
        guard first.line >= 1, first.line <= lines.count else { return nil }
        guard let key = keys.first(where: { keyEnd($0, in: lines[first.line - 1], at: column) != nil }) else {
            return nil
        }
        var index = first.line
        while index < lines.count {
            let line = lines[index]
            let indentation = line.prefix { $0 == " " }.count
            let isBlank = indentation == line.count || line.dropFirst(indentation).first == "#"
            if !isBlank, indentation < column { return nil }
            if !isBlank, indentation == column, let range = keyEnd(key, in: line, at: column) {
                let renamed = "\"" + escape(key) + String(repeatedMark) + "\(first.line)\""
                lines[index] = String(line[..<range.lowerBound]) + renamed + String(line[range.upperBound...])
                return lines.joined(separator: "\n")
            }
            index += 1
        }
        return nil
    }

    private static func escape(_ key: String) -> String {
        key.split(separator: "\\", omittingEmptySubsequences: false).joined(separator: "\\\\")
            .split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\\\"")
    }

    /// Where `key`, bare or quoted, stands in the line before a colon.
    private static func keyEnd(_ key: String, in line: String, at column: Int) -> Range<String.Index>? {
        guard line.count > column else { return nil }
        let start = line.index(line.startIndex, offsetBy: column)
        for spelling in [key, "\"\(escape(key))\"", "'\(key)'"] where line[start...].hasPrefix(spelling) {
            let end = line.index(start, offsetBy: spelling.count)
            let rest = line[end...].drop { $0 == " " }
            if rest.first == ":" { return start..<end }
        }
        return nil
    }

    private mutating func convert(_ node: Node, path: [String], depth: Int) -> SettingNode? {
        let here = position(node.mark?.line ?? 1)
        let key = path.joined(separator: ".")
        nodes += 1
        guard nodes <= SettingText.maximumNodes else {
            if nodes == SettingText.maximumNodes + 1 {
                fault(here.line, key, "the file has more than \(SettingText.maximumNodes) values", "Split the config")
            }
            return nil
        }
        guard depth <= SettingText.maximumDepth else {
            fault(here.line, "", "the file is nested too deep", "No key lies deeper than sites.NAME.rules.PATTERN")
            return nil
        }
        if node.anchor != nil {
            fault(here.line, key, "anchors and aliases are not supported", "Write the value out where it is needed")
            return nil
        }
        switch node {
        case .scalar(let scalar):
            let isNull = scalar.style == .plain && ["", "~", "null", "Null", "NULL"].contains(scalar.string)
            if isNull { return SettingNode(content: .empty, position: here) }
            let value = SettingNode.Value(text: scalar.string, listText: scalar.string)
            return SettingNode(content: .value(value), position: here)
        case .sequence(let sequence):
            var items: [SettingNode] = []
            for item in sequence {
                if let item = convert(item, path: path, depth: depth + 1) { items.append(item) }
            }
            return SettingNode(content: .list(items), position: here)
        case .mapping(let mapping):
            return section(mapping, at: here, path: path, depth: depth)
        case .alias:
            fault(here.line, key, "anchors and aliases are not supported", "Write the value out where it is needed")
            return nil
        }
    }

    private mutating func section(
        _ mapping: Node.Mapping, at here: Position, path: [String], depth: Int
    ) -> SettingNode {
        var entries: [SettingNode.Entry] = []
        for (key, value) in mapping {
            let line = key.mark?.line ?? here.line
            guard case .scalar(let scalar) = key, key.anchor == nil else {
                fault(line, path.joined(separator: "."), "a key is a word, not a list or a section", "Write key: value")
                continue
            }
            let name = scalar.string
            if name == "<<", scalar.style == .plain {
                fault(line, path.joined(separator: "."), "merge keys are not supported", "Write out what it stands for")
                continue
            }
            if let mark = name.firstIndex(of: Self.repeatedMark) {
                let original = String(name[..<mark])
                fault(
                    line, (path + [original]).joined(separator: "."),
                    "the key stands here again, after line \(name[name.index(after: mark)...])", "Keep one of the two")
                continue
            }
            guard let node = convert(value, path: path + [name], depth: depth + 1) else { continue }
            entries.append(SettingNode.Entry(key: name, position: position(line), node: node))
        }
        return SettingNode(content: .section(entries), position: here)
    }
}
