import Bytes

/// The pairs of an `application/x-www-form-urlencoded` query or body, decoded, in the order in which they came.
///
/// A name without `=` has an empty value; empty pairs (`a&&b`) are passed over. Malformed percent-encoding
/// and bytes that are not UTF-8 make the whole invalid.
package struct QueryParameters: Sendable, Equatable {
    package private(set) var pairs: [(name: String, value: String)] = []

    package init?(_ query: String) {
        self.init(query.utf8.span)
    }

    package init?(_ query: [UInt8]) {
        self.init(query.span)
    }

    package init?(_ query: Span<UInt8>) {
        var start = 0
        while start < query.count {
            var end = start
            var equals: Int?
            while end < query.count, query[end] != 0x26 {
                if query[end] == 0x3D, equals == nil { equals = end }
                end += 1
            }
            if end > start {
                let nameEnd = equals ?? end
                guard let name = Self.decoded(query.extracting(start..<nameEnd)),
                    let value = Self.decoded(query.extracting(min(nameEnd + 1, end)..<end))
                else { return nil }
                pairs.append((name, value))
            }
            start = end + 1
        }
    }

    /// The value of the first pair of that name.
    package func first(_ name: String) -> String? {
        pairs.first { $0.name == name }?.value
    }

    package func count(of name: String) -> Int {
        pairs.count { $0.name == name }
    }

    /// The value of the one pair of that name: nil where there is none, or more than one.
    package func only(_ name: String) -> String? {
        count(of: name) == 1 ? first(name) : nil
    }

    package static func == (left: QueryParameters, right: QueryParameters) -> Bool {
        left.pairs.elementsEqual(right.pairs, by: ==)
    }

    private static func decoded(_ bytes: Span<UInt8>) -> String? {
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            switch bytes[index] {
            case 0x25:
                guard index + 2 < bytes.count, let high = Hex.value(bytes[index + 1]),
                    let low = Hex.value(bytes[index + 2])
                else { return nil }
                out.append(high << 4 | low)
                index += 2
            case 0x2B: out.append(0x20)
            default: out.append(bytes[index])
            }
            index += 1
        }
        guard let text = try? UTF8Span(validating: out.span) else { return nil }
        return String(copying: text)
    }
}
