/// One section of a checked tree, for typed reading. What does not hold reads as absent: `TreeCheck`
/// has told it already.
struct SettingSection {
    /// With stars, as options name it.
    let pattern: String
    let path: [String]
    let node: SettingNode?
    let position: Position

    static func root(_ node: SettingNode) -> SettingSection {
        SettingSection(pattern: "", path: [], node: node, position: node.position)
    }

    var key: String { path.dotted }

    func key(of option: Option<some Sendable>) -> String { (path + [Self.lastPart(option.path)]).dotted }

    var isPresent: Bool { node != nil }

    /// A section below, perhaps an absent one.
    func section(_ name: String, as key: String? = nil) -> SettingSection {
        let entry = node?.entry(name)
        let part = key ?? name
        return SettingSection(
            pattern: pattern.isEmpty ? part : "\(pattern).\(part)", path: path + [name], node: entry?.node,
            position: entry?.position ?? position)
    }

    /// The sections below that bear the author's names, in the file's order.
    var named: [SettingSection] {
        guard case .section(let entries) = node?.content else { return [] }
        return entries.map { section($0.key, as: "*") }
    }

    var name: String { path.last ?? "" }

    func has(_ option: Option<some Sendable>) -> Bool { entry(option) != nil }

    /// Where the option is written; the section's own place where it is not.
    func position(of option: Option<some Sendable>) -> Position { entry(option)?.position ?? position }

    /// What is written, with its place.
    func located<Value>(_ option: Option<Value>) -> Located<Value>? {
        guard let entry = entry(option) else { return nil }
        let items: [SettingNode.Item]
        if option.kind.isList {
            guard let found = entry.node.items else { return nil }
            items = found
        } else {
            guard case .value(let value) = entry.node.content else { return nil }
            items = [SettingNode.Item(text: value.text, position: entry.node.position)]
        }
        guard case .value(let value) = option.kind.read(items) else { return nil }
        return Located(value: value, position: entry.position)
    }

    /// What is written, or nil.
    func optional<Value>(_ option: Option<Value>) -> Value? { located(option)?.value }

    /// What is written, or else the option's default, which it must have.
    func value<Value>(_ option: Option<Value>) -> Value {
        if let value = optional(option) { return value }
        guard let value = option.defaultValue else { preconditionFailure("\(option.path) has no default") }
        return value
    }

    /// What is written; a fault where nothing is.
    func required<Value>(_ option: Option<Value>, _ faults: inout FaultList) -> Value? {
        guard has(option) else {
            let example = OptionTable.option(option.path)?.example ?? ""
            let name = Self.lastPart(option.path)
            faults.error(position, key(of: option), "the key is missing", "Add \(name), as in: \(name): \(example)")
            return nil
        }
        return optional(option)
    }

    private func entry(_ option: Option<some Sendable>) -> SettingNode.Entry? {
        assert(option.path == (pattern.isEmpty ? "" : pattern + ".") + Self.lastPart(option.path))
        assert(OptionTable.option(option.path) != nil)
        return node?.entry(Self.lastPart(option.path))
    }

    private static func lastPart(_ path: String) -> String {
        guard let dot = path.lastIndex(of: ".") else { return path }
        return String(path[path.index(after: dot)...])
    }
}
