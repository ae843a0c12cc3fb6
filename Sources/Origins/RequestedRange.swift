/// One range of bytes as it is asked for, before the size is known (RFC 9110 section 14.1.2).
package enum RequestedRange: Sendable, Equatable {
    /// From the first position on, to the last one (inclusive) where it is named.
    case from(Int, through: Int?)
    /// The last so many bytes.
    case suffix(Int)

    /// nil for several ranges, another unit, a reversed range and malformed text: all of them are
    /// answered with the whole (section 14.2 allows it). Numbers beyond 2^63 count as "to the end".
    package init?(_ field: String) {
        let equals = field.utf8.firstIndex(of: 0x3D) ?? field.endIndex
        guard field[..<equals].lowercased() == "bytes", equals < field.endIndex else { return nil }
        let set = field[field.index(after: equals)...]
        guard let dash = set.utf8.firstIndex(of: 0x2D) else { return nil }
        let first = set[..<dash], last = set[set.utf8.index(after: dash)...]
        guard Self.isDigits(first), Self.isDigits(last) else { return nil }
        switch (first.isEmpty, last.isEmpty) {
        case (true, true): return nil
        case (true, false): self = .suffix(Int(last) ?? .max)
        case (false, true): self = .from(Int(first) ?? .max, through: nil)
        case (false, false):
            let from = Int(first) ?? .max
            let through = Int(last) ?? .max
            guard from <= through else { return nil }
            self = .from(from, through: through)
        }
    }

    /// The positions that this means in content of `size` bytes; nil where it means none (416).
    package func resolved(size: Int) -> Range<Int>? {
        switch self {
        case .from(let first, let last):
            guard first < size else { return nil }
            return first..<min(last ?? size - 1, size - 1) + 1
        case .suffix(let count):
            guard count > 0, size > 0 else { return nil }
            return max(0, size - count)..<size
        }
    }

    /// The value of a `Range` field that asks for it.
    package var field: String {
        switch self {
        case .from(let first, nil): "bytes=\(first)-"
        case .from(let first, let last?): "bytes=\(first)-\(last)"
        case .suffix(let count): "bytes=-\(count)"
        }
    }

    private static func isDigits(_ text: Substring) -> Bool {
        text.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }
}

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
        case .part(let range, let size): "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(size)"
        case .unsatisfied(let size): "bytes */\(size)"
        }
    }

    private static func number(_ text: Substring) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int(text)
    }
}
