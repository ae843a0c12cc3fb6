/// Settings by patterns of paths. As with rules, the most specific pattern that matches decides, whatever the order.
package struct PathMap<Value: Sendable & Equatable>: Sendable, Equatable {
    package struct Entry: Sendable, Equatable {
        package let pattern: PathPattern
        package let value: Value

        package init(_ pattern: PathPattern, _ value: Value) {
            self.pattern = pattern
            self.value = value
        }
    }

    /// Most specific first.
    package let entries: [Entry]

    package init(_ entries: [Entry] = []) {
        self.entries = entries.sorted { $0.pattern.isMoreSpecific(than: $1.pattern) }
    }

    /// - Parameter segments: a path's segments, decoded.
    package func entry(for segments: [String]) -> Entry? {
        entries.first { $0.pattern.matches(segments) }
    }
}

/// A field that a site's answers have.
package struct FieldSetting: Sendable, Equatable {
    /// As it was written.
    package let name: String
    /// Empty: the answer has no such field.
    package let value: String

    package init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}
