/// An entity tag (RFC 9110 section 8.8.3): `"..."`, or `W/"..."` for a weak one.
package struct EntityTag: Sendable, Hashable, CustomStringConvertible {
    /// What stands between the quotation marks.
    package let value: String
    package let isWeak: Bool

    /// Nil where the text is not one entity tag and nothing else.
    package init?(_ text: String) {
        let bytes = text.utf8.span
        guard let (tag, end) = Self.read(bytes, at: 0), end == bytes.count else { return nil }
        self = tag
    }

    private init(value: String, isWeak: Bool) {
        self.value = value
        self.isWeak = isWeak
    }

    /// The same tag as a weak one: of content that means the same, byte for byte or not.
    package var weakened: EntityTag { EntityTag(value: value, isWeak: true) }

    package var description: String { (isWeak ? "W/\"" : "\"") + value + "\"" }

    /// RFC 9110 section 8.8.3.2. For `Range` and `If-Match`.
    package func equalsStrongly(_ other: EntityTag) -> Bool { !isWeak && !other.isWeak && value == other.value }

    /// For `If-None-Match`.
    package func equalsWeakly(_ other: EntityTag) -> Bool { value == other.value }

    /// The value of `If-Match` or `If-None-Match`: `*`, or a list.
    package enum Condition: Sendable, Equatable {
        case any
        case tags([EntityTag])

        /// - Parameter lines: the field's lines. Nil where they are malformed.
        package init?(_ lines: [String]) {
            if lines.count == 1, lines[0].utf8.elementsEqual("*".utf8) {
                self = .any
                return
            }
            var tags: [EntityTag] = []
            for line in lines {
                let bytes = line.utf8.span
                var index = 0
                while true {
                    while index < bytes.count, ByteClass.isBlank(bytes[index]) || bytes[index] == 0x2C { index += 1 }
                    guard index < bytes.count else { break }
                    guard let (tag, end) = EntityTag.read(bytes, at: index) else { return nil }
                    tags.append(tag)
                    index = end
                    while index < bytes.count, ByteClass.isBlank(bytes[index]) { index += 1 }
                    guard index == bytes.count || bytes[index] == 0x2C else { return nil }
                }
            }
            guard !tags.isEmpty else { return nil }
            self = .tags(tags)
        }

        /// Whether `tag` (nil: there is no current representation with a tag) is among them, weakly compared.
        package func matchesWeakly(_ tag: EntityTag?) -> Bool { matches(tag) { $0.equalsWeakly($1) } }

        package func matchesStrongly(_ tag: EntityTag?) -> Bool { matches(tag) { $0.equalsStrongly($1) } }

        private func matches(_ tag: EntityTag?, by equal: (EntityTag, EntityTag) -> Bool) -> Bool {
            switch self {
            case .any: true
            case .tags(let tags): tag.map { tag in tags.contains { equal($0, tag) } } ?? false
            }
        }
    }

    private static func read(_ bytes: Span<UInt8>, at start: Int) -> (EntityTag, end: Int)? {
        var index = start
        let isWeak = bytes.count - index >= 2 && bytes[index] == 0x57 && bytes[index + 1] == 0x2F
        if isWeak { index += 2 }
        guard index < bytes.count, bytes[index] == 0x22 else { return nil }
        index += 1
        let lower = index
        while index < bytes.count, bytes[index] != 0x22 {
            guard bytes[index] > 0x20, bytes[index] != 0x7F else { return nil }
            index += 1
        }
        guard index < bytes.count else { return nil }
        return (EntityTag(value: bytes.extracting(lower..<index).text(), isWeak: isWeak), index + 1)
    }
}
