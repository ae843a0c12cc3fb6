/// The tree that both spellings of a config are read into: what was written, and where.

/// A line of a file, counted from 1; or an environment variable, written with `$` in front, which has no lines.
package struct Position: Sendable, Hashable {
    package let file: String
    package let line: Int?

    /// For a message about `other`: `line 3` of the same file, else file and line.
    func shown(beside other: Position) -> String {
        guard let line else { return file }
        return file == other.file ? "line \(line)" : "\(file):\(line)"
    }
}

package struct SettingNode: Sendable {
    package enum Content: Sendable {
        /// Nothing stands there: YAML's `key:` or `key: null`.
        case empty
        case value(Value)
        case list([SettingNode])
        case section([Entry])
    }

    /// One value as text.
    package struct Value: Sendable {
        package let text: String
        /// What to split where a list is wanted: quotes keep a comma in one item.
        package let listText: String
    }

    package struct Entry: Sendable {
        package let key: String
        package let position: Position
        package let node: SettingNode
    }

    package let content: Content
    package let position: Position

    /// A section's entry by key.
    package func entry(_ key: String) -> Entry? {
        guard case .section(let entries) = content else { return nil }
        return entries.first { $0.key == key }
    }

    /// The items where a list is wanted: a YAML list, or one value split at its commas. Nil where this
    /// is neither.
    package var items: [Item]? {
        switch content {
        case .list(let nodes):
            var items: [Item] = []
            for node in nodes {
                guard case .value(let value) = node.content else { return nil }
                items.append(Item(text: value.text, position: node.position))
            }
            return items
        case .value(let value):
            return Self.split(value.listText).map { Item(text: $0, position: position) }
        case .empty, .section:
            return nil
        }
    }

    package struct Item: Sendable {
        package let text: String
        package let position: Position
    }

    /// Splits at commas outside of double quotes; an empty text is an empty list.
    static func split(_ text: String) -> [String] {
        guard !text.trimmed.isEmpty else { return [] }
        var items: [String] = []
        var item: [UInt8] = []
        var isQuoted = false
        var isEscaped = false
        for byte in text.utf8 {
            switch byte {
            case _ where isEscaped: isEscaped = false
            case 0x5C where isQuoted: isEscaped = true
            case 0x22: isQuoted.toggle()
            case 0x2C where !isQuoted:
                items.append(unquote(String(decoding: item, as: UTF8.self).trimmed))
                item = []
                continue
            default: break
            }
            item.append(byte)
        }
        items.append(unquote(String(decoding: item, as: UTF8.self).trimmed))
        return items
    }

    /// Without the double quotes around it, and `\"` and `\\` within them undone.
    static func unquote(_ text: String) -> String {
        let bytes = Array(text.utf8)
        guard bytes.count >= 2, bytes.first == 0x22, bytes.last == 0x22 else { return text }
        var out: [UInt8] = []
        var isEscaped = false
        for byte in bytes[1..<(bytes.count - 1)] {
            if !isEscaped, byte == 0x5C {
                isEscaped = true
                continue
            }
            if isEscaped, byte != 0x22, byte != 0x5C { out.append(0x5C) }
            isEscaped = false
            out.append(byte)
        }
        return String(decoding: out, as: UTF8.self)
    }
}
