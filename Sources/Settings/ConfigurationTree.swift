/// A config's files as one tree: the one that was named, and those that it includes. A section may be told in several
/// files, each key in one.
struct ConfigurationTree {
    /// Files that one config is made of.
    static let maximumFiles = 256
    /// Files that include each other in a row.
    static let maximumDepth = 8

    private let files: any SettingFiles
    private var faults = FaultList()
    /// Those that were read, by their absolute paths, and where they were included.
    private var places: [String: Position] = [:]
    /// By the names that positions have.
    private var written: [String: ConfigurationFile] = [:]
    /// Bytes that there may still be.
    private var room = SettingText.maximumSize
    /// Whether all files could be read as what their names say they are.
    private var isWhole = true

    /// What was read; no tree where the file that was named cannot be.
    struct Result {
        let root: SettingNode?
        let files: [String: ConfigurationFile]
        /// Whether nothing of the config is missing.
        let isWhole: Bool
        let faults: [Fault]
    }

    /// - Parameter follows: whether what the file includes is read too.
    static func read(_ path: String, files: any SettingFiles, follows: Bool = true) -> Result {
        var tree = ConfigurationTree(files: files)
        let root = tree.file(path, from: nil, depth: 1, follows: follows)
        return Result(root: root, files: tree.written, isWhole: tree.isWhole, faults: tree.faults.faults)
    }

    private init(files: any SettingFiles) { self.files = files }

    /// - Parameter origin: where it is included; nil for the file that was named.
    private mutating func file(_ path: String, from origin: Position?, depth: Int, follows: Bool) -> SettingNode? {
        let absolute = PathText.absolute(path, from: files.currentDirectory)
        places[absolute] = origin ?? Position(file: path, line: nil)
        guard let text = text(path, absolute, from: origin), let node = node(of: text, isINI: Self.isINI(path)) else {
            isWhole = false
            return nil
        }
        written[path] = ConfigurationFile(
            directory: PathText.directory(of: absolute),
            isShared: files.status(absolute).map { $0.permissions & 0o044 != 0 } ?? false)
        guard follows, let entry = node.entry(Options.include.path) else { return node }
        // What does not hold of the key is the table's to tell, once, in the tree of the file that was named.
        var root = origin == nil ? node : node.without(Options.include.path)
        if origin != nil {
            faults.append(TreeCheck.check(SettingNode(content: .section([entry]), position: node.position)))
        }
        for item in entry.node.items ?? [] where !item.text.isEmpty {
            for one in included(item, in: path) {
                guard let more = included(one, from: item.position, depth: depth + 1) else { continue }
                root = root.merged(with: more, path: [], &faults)
            }
        }
        return root
    }

    private mutating func included(_ path: String, from position: Position, depth: Int) -> SettingNode? {
        let key = Options.include.path
        if let place = places[PathText.absolute(path, from: files.currentDirectory)] {
            let before = place.line == nil ? "as the config itself" : "already, on \(place.shown(beside: position))"
            faults.error(position, key, "the file \(path) is read \(before)", "Include each file once")
            return nil
        }
        guard depth <= Self.maximumDepth else {
            faults.error(
                position, key, "more than \(Self.maximumDepth) files include each other in a row",
                "Include them from the first")
            isWhole = false
            return nil
        }
        guard places.count < Self.maximumFiles else {
            faults.error(
                position, key, "the config has more than \(Self.maximumFiles) files", "Put some of them together")
            isWhole = false
            return nil
        }
        return file(path, from: position, depth: depth, follows: true)
    }

    /// The files that one item of `include` names, seen from the file that it stands in, by name.
    private mutating func included(_ item: SettingNode.Item, in file: String) -> [String] {
        let text = item.text
        let base = PathText.directory(of: file)
        let path = text.hasPrefix("/") || !file.contains("/") ? text : base == "/" ? "/\(text)" : "\(base)/\(text)"
        let name = path.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
        guard FileNamePattern.isPattern(path) else { return [path] }
        let key = Options.include.path
        guard !FileNamePattern.isPattern(path.dropLast(name.count)) else {
            faults.error(
                item.position, key, "'\(text)' has * or ? before its last /", "Write them in files' names alone")
            return []
        }
        let directory = String(path.dropLast(name.count))
        do throws(FileProblem) {
            let absolute = PathText.absolute(directory, from: files.currentDirectory)
            let pattern = FileNamePattern(name)
            return try files.names(in: absolute).filter(pattern.matches).sorted {
                $0.utf8.lexicographicallyPrecedes($1.utf8)
            }.map { directory + $0 }
        } catch {
            let shown = directory.isEmpty ? "." : directory
            if error == .missing {
                faults.warning(
                    item.position, key, "there is no directory \(shown), so that nothing is included",
                    "Make it, or remove the key")
            } else {
                faults.error(
                    item.position, key, "the directory \(shown) \(error.text)",
                    "Give the user that Postern runs as the right to read it")
                isWhole = false
            }
            return []
        }
    }

    private static func isINI(_ path: String) -> Bool {
        let name = path.lowercased()
        return name.hasSuffix(".ini") || name.hasSuffix(".conf")
    }

    private static func isYAML(_ path: String) -> Bool {
        let name = path.lowercased()
        return name.hasSuffix(".yaml") || name.hasSuffix(".yml")
    }

    private mutating func text(_ path: String, _ absolute: String, from origin: Position?) -> SettingText? {
        /// A fault of the file that was named is its own; one of an included file has the line that includes it.
        func fail(_ message: String, _ remedy: String) {
            if let origin {
                faults.error(origin, Options.include.path, "\(path): \(message)", remedy)
            } else {
                faults.append([Fault(.error, file: path, line: nil, message: message, remedy: remedy)])
            }
        }
        guard Self.isINI(path) || Self.isYAML(path) else {
            fail("the file's name does not tell how it is written", "Name it .yaml or .yml, or .ini or .conf")
            return nil
        }
        let bytes: [UInt8]
        do throws(FileProblem) {
            bytes = try files.read(absolute, limit: room)
        } catch {
            let remedy =
                switch error {
                case .tooLarge: "A config is at most 1 MiB, with all that it includes"
                case _ where origin != nil: "Name a file that can be read, relative to the one that includes it"
                default: "Name a config file that can be read, with --config FILE"
                }
            fail("the file \(error.text)", remedy)
            return nil
        }
        room -= bytes.count
        var found: [Fault] = []
        defer { faults.append(found) }
        return SettingText(file: path, bytes: bytes, faults: &found)
    }

    private mutating func node(of text: SettingText, isINI: Bool) -> SettingNode? {
        var found: [Fault] = []
        defer { faults.append(found) }
        return isINI ? INIReader.read(text, faults: &found) : YAMLReader.read(text, faults: &found)
    }
}

/// One of a config's files.
struct ConfigurationFile: Sendable {
    /// Absolute: where the relative paths in it start.
    let directory: String
    /// Whether others than the owner may read it.
    let isShared: Bool
}

extension SettingNode {
    fileprivate func without(_ key: String) -> SettingNode {
        guard case .section(let entries) = content else { return self }
        return SettingNode(content: .section(entries.filter { $0.key != key }), position: position)
    }

    /// This with what another file says besides. What both say is a fault.
    fileprivate func merged(with other: SettingNode, path: [String], _ faults: inout FaultList) -> SettingNode {
        guard case .section(var entries) = content else { return other }
        guard case .section(let more) = other.content else { return self }
        var indices: [String: Int] = [:]
        for (index, entry) in entries.enumerated() { indices[entry.key] = index }
        for entry in more {
            guard let index = indices[entry.key] else {
                indices[entry.key] = entries.count
                entries.append(entry)
                continue
            }
            let first = entries[index]
            let inner = path + [entry.key]
            if first.node.canBeSection, entry.node.canBeSection {
                entries[index] = Entry(
                    key: first.key, position: first.position,
                    node: first.node.merged(with: entry.node, path: inner, &faults))
            } else {
                faults.error(
                    entry.position, inner.dotted,
                    "the key stands here again, after \(first.position.shown(beside: entry.position))",
                    "Keep one of the two")
            }
        }
        return SettingNode(content: .section(entries), position: position)
    }

    /// A section, or one that nothing stands in.
    private var canBeSection: Bool {
        switch content {
        case .section, .empty: true
        case .value, .list: false
        }
    }
}
