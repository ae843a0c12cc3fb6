/// Environment variables that take the place of keys: `POSTERN_SITES__DOCS__ORIGIN` is `sites.docs.origin`. Parts of the
/// path have two underscores between them; where no part is a name of the author's one will do, `POSTERN_LOG_LEVEL`.
struct EnvironmentOverrides {
    static let prefix = "POSTERN_"

    private var faults = FaultList()
    private var root: SettingNode
    /// Which variable said a key.
    private var said: [[String]: String] = [:]
    private var foreigners: [(name: String, mismatch: Mismatch)] = []

    /// The tree with what the environment says in its place. An empty variable says nothing.
    static func apply(_ environment: [String: String], to root: SettingNode, _ faults: inout FaultList) -> SettingNode {
        let names = environment.filter { $0.key.hasPrefix(prefix) && !$0.value.isEmpty }.keys.sorted()
        guard !names.isEmpty else { return root }
        var overrides = EnvironmentOverrides(root: root)
        for name in names { overrides.apply(name, environment[name] ?? "") }
        overrides.warnOfForeigners()
        faults.append(overrides.faults.faults)
        return overrides.root
    }

    private init(root: SettingNode) { self.root = root }

    private mutating func apply(_ name: String, _ text: String) {
        let position = Position(file: "$" + name, line: nil)
        do throws(Mismatch) {
            let path = try path(of: String(name.dropFirst(Self.prefix.count)))
            if let other = said[path] {
                return faults.error(
                    position, path.dotted, "the variable $\(other) says the same key", "Keep one of the two")
            }
            said[path] = name
            let value = SettingNode.Value(text: text, listText: text)
            root = root.setting(path[...], to: SettingNode(content: .value(value), position: position), position)
        } catch {
            if error.isForeign {
                foreigners.append((name, error))
            } else {
                faults.error(position, "", error.message, error.remedy, nearest: error.nearest)
            }
        }
    }

    /// What has no path's form may be somebody else's: a secret that the config reads, or a Kubernetes service's that is
    /// called postern.
    private mutating func warnOfForeigners() {
        for (name, mismatch) in foreigners where !root.refers(toVariable: name) && !Self.isOfService(name) {
            faults.warning(Position(file: "$" + name, line: nil), "", mismatch.message, mismatch.remedy)
        }
    }

    private struct Mismatch: Error {
        let message: String
        let remedy: String
        var nearest: String?
        var isForeign = false
    }

    /// The path of the key that the variable is called after.
    private func path(of name: String) throws(Mismatch) -> [String] {
        if let path = Self.plainNames[name] { return path }
        guard name.contains("__") else {
            let nearest = Spelling.nearest(to: name, among: Self.plainNames.keys.sorted())
            throw Mismatch(
                message: "the variable is no key's",
                remedy: nearest.map { "Did you mean '\(Self.prefix)\($0)'?" } ?? Self.form, isForeign: true)
        }
        var node: SettingNode? = root
        var pattern = ""
        var path: [String] = []
        for part in name.split(separator: "__") {
            let keys = OptionTable.keys(in: pattern)
            let key: String
            if let known = keys.first(where: { $0.uppercased() == part }) {
                key = known
                path.append(known)
            } else if keys.contains("*"), Self.takesNames(pattern) {
                key = "*"
                path.append(try Self.name(String(part), among: node?.keys ?? [], in: path))
            } else {
                throw Self.mismatch(String(part), keys, after: path)
            }
            node = path.last.flatMap { node?.entry($0)?.node }
            pattern = pattern.isEmpty ? key : "\(pattern).\(key)"
        }
        guard OptionTable.option(pattern) != nil else {
            let keys = OptionTable.keys(in: pattern).filter { $0 != "*" }
            throw Mismatch(
                message: "\(path.dotted) is a section",
                remedy: keys.isEmpty ? Self.form : "Its keys are " + keys.joined(separator: ", "))
        }
        return path
    }

    private static let form = "Keys are written as in POSTERN_LOG_LEVEL and POSTERN_SITES__DOCS__ORIGIN"

    private static func mismatch(_ part: String, _ keys: [String], after path: [String]) -> Mismatch {
        let place = path.isEmpty ? "at the top level" : "in \(path.dotted)"
        if keys.contains("*") {
            return Mismatch(
                message: "\(path.dotted) has keys that no variable can spell", remedy: "Write them in the config")
        }
        let nearest = Spelling.nearest(to: part, among: keys)
        return Mismatch(
            message: "unknown key '\(part.lowercased())' \(place)",
            remedy: nearest.map { "Did you mean '\($0.uppercased())'?" }
                ?? "The keys there are " + keys.filter { $0 != "*" }.joined(separator: ", "),
            nearest: nearest)
    }

    /// Whether the keys of a section are names, which capitals can tell: patterns, paths and fields are not.
    private static func takesNames(_ section: String) -> Bool {
        guard OptionTable.option("\(section).*") == nil else { return false }
        return !OptionTable.sections.contains { $0.path == "\(section).*" && $0.keyKind == .pattern }
    }

    /// The author's name that is meant; a new one where there is none yet.
    private static func name(
        _ part: String, among names: [String], in path: [String]
    ) throws(Mismatch) -> String {
        let meant = names.filter { folded($0) == part }
        guard meant.count < 2 else {
            throw Mismatch(
                message: "it may be \(Sentence.or(meant)) of \(path.dotted)", remedy: "Write the key in the config")
        }
        return meant.first ?? part.lowercased()
    }

    /// A name as a variable has it: capitals and digits, and `_` for all else.
    private static func folded(_ name: String) -> String {
        String(name.uppercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
    }

    /// The keys whose path has no name of the author's, by both forms of their variables' names. `include` is none of
    /// them: the files are one tree before the environment is asked.
    private static let plainNames: [String: [String]] = {
        var names: [String: [String]] = [:]
        for option in OptionTable.options where !option.path.contains("*") && option.path != Options.include.path {
            let path = option.path.split(separator: ".").map(String.init)
            for separator in ["_", "__"] { names[path.joined(separator: separator).uppercased()] = path }
        }
        return names
    }()

    /// Whether it is one of those by which Kubernetes tells containers where a service is: `POSTERN_SERVICE_HOST`,
    /// `POSTERN_PORT_443_TCP_ADDR`.
    private static func isOfService(_ name: String) -> Bool {
        let parts = name.split(separator: "_")
        return parts.indices.contains { index in
            let next = parts.dropFirst(index + 1).first
            switch parts[index] {
            case "SERVICE": return next == "HOST" || next == "PORT"
            case "PORT": return next.map { $0.allSatisfy(\.isNumber) } ?? true
            default: return false
            }
        }
    }
}

extension SettingNode {
    fileprivate var keys: [String] {
        if case .section(let entries) = content { entries.map(\.key) } else { [] }
    }

    /// Whether a value is `env:` and this variable.
    fileprivate func refers(toVariable name: String) -> Bool {
        switch content {
        case .empty: false
        case .value(let value): value.listText.contains("env:\(name)")
        case .list(let nodes): nodes.contains { $0.refers(toVariable: name) }
        case .section(let entries): entries.contains { $0.node.refers(toVariable: name) }
        }
    }

    /// This with another value at a path; sections that are not there are made.
    fileprivate func setting(_ path: ArraySlice<String>, to value: SettingNode, _ position: Position) -> SettingNode {
        guard let key = path.first else { return value }
        var entries: [Entry] = []
        switch content {
        case .section(let found): entries = found
        case .empty: break
        // A value where a section belongs is a fault already, which must be told.
        case .value, .list: return self
        }
        if let index = entries.firstIndex(where: { $0.key == key }) {
            let inner = entries[index].node.setting(path.dropFirst(), to: value, position)
            entries[index] = Entry(
                key: key, position: path.count == 1 ? position : entries[index].position, node: inner)
        } else {
            let empty = SettingNode(content: .section([]), position: position)
            let inner = empty.setting(path.dropFirst(), to: value, position)
            entries.append(Entry(key: key, position: position, node: inner))
        }
        return SettingNode(content: .section(entries), position: self.position)
    }
}
