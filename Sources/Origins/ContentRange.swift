import HTTP

/// The value of `Content-Range` (RFC 9110 section 14.4).
package enum ContentRange: Sendable, Equatable {
    /// `bytes 0-9/100`: these positions of so many.
    case part(Range<Int>, of: Int)
    /// `bytes */100`: of so many, but none of them.
    case unsatisfied(size: Int)

    /// nil for anything else, a size that is not told (`*`) among it.
    package init?(_ field: String) {
        guard field.hasPrefix("bytes "), let slash = field.firstIndex(of: "/") else { return nil }
        let positions = field[field.index(field.startIndex, offsetBy: 6)..<slash]
        guard let size = Self.number(field[field.index(after: slash)...]) else { return nil }
        if positions == "*" {
            self = .unsatisfied(size: size)
            return
        }
        guard let dash = positions.firstIndex(of: "-"), let first = Self.number(positions[..<dash]),
            let last = Self.number(positions[positions.index(after: dash)...]), first <= last, last < size
        else { return nil }
        self = .part(first..<last + 1, of: size)
    }

    package var field: String {
        switch self {
        case .part(let range, let size): ByteRange.contentRange(range, size: size)
        case .unsatisfied(let size): ByteRange.contentRange(unsatisfiableOf: size)
        }
    }

    private static func number(_ text: Substring) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int(text)
    }
}
