/// Holds a tree against the option table: unknown keys, sections for values and values for sections,
/// and values that are not what their option takes.
struct TreeCheck {
    private var faults = FaultList()

    static func check(_ root: SettingNode) -> [Fault] {
        var check = TreeCheck()
        check.section(root, pattern: "", path: [])
        return check.faults.faults
    }

    private mutating func section(_ node: SettingNode, pattern: String, path: [String]) {
        switch node.content {
        case .empty:
            return
        case .value, .list:
            let what = path.isEmpty ? "a config is a section with keys" : "is a section, and stands here as a value"
            faults.error(node.position, path.dotted, what, remedy(for: pattern))
        case .section(let entries):
            for entry in entries { self.entry(entry, in: pattern, path: path + [entry.key]) }
        }
    }

    private func remedy(for section: String) -> String {
        let keys = OptionTable.keys(in: section).filter { $0 != "*" }
        return keys.isEmpty ? "Give it a name with keys below it" : "Its keys are " + keys.joined(separator: ", ")
    }

    private mutating func entry(_ entry: SettingNode.Entry, in pattern: String, path: [String]) {
        let keys = OptionTable.keys(in: pattern)
        let key: String
        if keys.contains(entry.key), entry.key != "*" {
            key = entry.key
        } else if keys.contains("*") {
            key = "*"
        } else {
            return unknown(entry, keys, pattern, path)
        }
        let inner = pattern.isEmpty ? key : "\(pattern).\(key)"
        if let option = OptionTable.option(inner) {
            value(entry, option, path: path)
        } else {
            if key == "*", OptionTable.section(inner)?.keyKind != .pattern, !NameText.isName(entry.key) {
                faults.error(
                    entry.position, path.dotted, "'\(entry.key)' is no name",
                    "Use letters, digits, -, _ and ., 64 at most")
            }
            section(entry.node, pattern: inner, path: path)
        }
    }

    private mutating func unknown(
        _ entry: SettingNode.Entry, _ keys: [String], _ pattern: String, _ path: [String]
    ) {
        let place = path.count > 1 ? "in \(path.dropLast().dotted)" : "at the top level"
        if let nearest = Spelling.nearest(to: entry.key, among: keys) {
            return faults.error(
                entry.position, path.dotted, "unknown key '\(entry.key)' \(place)", "Did you mean '\(nearest)'?",
                nearest: nearest)
        }
        // The right key in the wrong section.
        let elsewhere = OptionTable.options.map(\.path) + OptionTable.sections.map(\.path)
        if let home = elsewhere.first(where: { $0.split(separator: ".").last.map(String.init) == entry.key }) {
            let shown = home.split(separator: ".").map { $0 == "*" ? "NAME" : String($0) }.joined(separator: ".")
            return faults.error(
                entry.position, path.dotted, "unknown key '\(entry.key)' \(place)", "There is \(shown)", nearest: shown)
        }
        faults.error(entry.position, path.dotted, "unknown key '\(entry.key)' \(place)", remedy(for: pattern))
    }

    private mutating func value(_ entry: SettingNode.Entry, _ option: OptionDeclaration, path: [String]) {
        let items: [SettingNode.Item]
        switch entry.node.content {
        case .empty:
            let remedy = option.isList ? "Write [] for none, or remove the key" : "Write one, or remove the key"
            return faults.error(entry.position, path.dotted, "the key has no value", remedy)
        case .section:
            return faults.error(
                entry.position, path.dotted, "takes \(article(option)), and has keys of its own here",
                "Write it as in: \(option.example)")
        case .list where !option.isList:
            return faults.error(
                entry.position, path.dotted, "takes \(article(option)), and stands here as a list", "Write one value")
        case .list, .value:
            if option.isList {
                guard let found = entry.node.items else {
                    return faults.error(
                        entry.position, path.dotted, "takes a list of plain values", "Write it as in: \(option.example)"
                    )
                }
                items = found
            } else if case .value(let value) = entry.node.content {
                items = [SettingNode.Item(text: value.text, position: entry.node.position)]
            } else {
                return
            }
        }
        guard case .problems(let problems) = option.check(items) else { return }
        for found in problems {
            faults.error(found.position, path.dotted, found.problem.message, found.problem.remedy)
        }
    }

    private func article(_ option: OptionDeclaration) -> String {
        option.isList ? "a list" : "one value (\(option.kindName))"
    }
}
