/// A content coding that content is served with (RFC 9110 section 8.4.1).
package enum ContentCoding: String, Sendable, CaseIterable {
    /// Brotli (RFC 7932).
    case br
    /// RFC 1952.
    case gzip

    /// What the names of files in this coding end with.
    package var suffix: String {
        switch self {
        case .br: ".br"
        case .gzip: ".gz"
        }
    }
}

/// Which content codings a client takes (RFC 9110 section 12.5.3).
package struct AcceptEncoding: Sendable {
    private let elements: [(value: String, weight: Int)]
    private let isThere: Bool

    package init(_ fields: Fields) {
        isThere = fields.contains(.acceptEncoding)
        elements = WeightedList.elements(of: .acceptEncoding, in: fields) { value in
            let bytes = value.utf8.span
            for index in bytes.indices where !ByteClass.isToken(bytes[index]) { return false }
            return bytes.count > 0
        }
    }

    /// Those codings that the client takes at least as gladly as the plain content, the gladdest first, and in the order
    /// given where it does not care. None where it says nothing: programs that do not ask may not know what to do.
    package func preferred(of codings: [ContentCoding]) -> [ContentCoding] {
        guard isThere else { return [] }
        // Not named, it is taken, and whatever is named is wanted more.
        let plain = weight(of: "identity") ?? 1
        let weighted = codings.enumerated().map { ($0.offset, $0.element, weight(of: $0.element.rawValue) ?? 0) }
        return weighted.filter { $0.2 > 0 && $0.2 >= plain }.sorted { ($1.2, $0.0) < ($0.2, $1.0) }.map(\.1)
    }

    /// Whether the plain content is refused.
    package var refusesPlain: Bool { weight(of: "identity") == 0 }

    /// In thousandths; nil where nothing is said of it. The first word on it counts.
    private func weight(of coding: String) -> Int? {
        let named = elements.first { $0.value == coding || $0.value == "x-" + coding }
        return (named ?? elements.first { $0.value == "*" })?.weight
    }
}
