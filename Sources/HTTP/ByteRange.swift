/// One byte range of a `Range` field (RFC 9110 section 14.1.2).
///
/// A field that asks for several ranges, in another unit, or is malformed is as if it were not there: any
/// server may ignore `Range`.
package enum ByteRange: Sendable, Equatable, CustomStringConvertible {
    /// `first-`
    case from(Int)
    /// `first-last`, both inclusive.
    case bounded(first: Int, last: Int)
    /// `-length`: that many bytes at the end.
    case suffix(Int)

    /// What a `Range` field means for a representation of known size.
    package enum Resolution: Sendable, Equatable {
        /// The field is to be ignored: 200 with everything.
        case whole
        /// 206 with these bytes; never empty.
        case partial(Range<Int>)
        /// 416.
        case unsatisfiable
    }

    /// Positions beyond 63 bits are held to the greatest number.
    package init?(_ field: String) {
        let bytes = field.utf8.span
        guard bytes.count > 6, bytes.extracting(0..<6).spells("bytes=") else { return nil }
        let bounds = bytes.trim(6..<bytes.count)
        var dash = bounds.lowerBound
        while dash < bounds.upperBound, bytes[dash] != 0x2D { dash += 1 }
        guard dash < bounds.upperBound else { return nil }
        let before = bounds.lowerBound..<dash
        let after = dash + 1..<bounds.upperBound
        switch (before.isEmpty, after.isEmpty) {
        case (true, true):
            return nil
        case (true, false):
            guard let length = Self.number(bytes.extracting(after)) else { return nil }
            self = .suffix(length)
        case (false, true):
            guard let first = Self.number(bytes.extracting(before)) else { return nil }
            self = .from(first)
        case (false, false):
            guard let first = Self.number(bytes.extracting(before)), let last = Self.number(bytes.extracting(after)),
                first <= last
            else { return nil }
            self = .bounded(first: first, last: last)
        }
    }

    package static func parse(_ field: String, size: Int) -> Resolution {
        guard let range = ByteRange(field) else { return .whole }
        return range.resolved(size: size).map(Resolution.partial) ?? .unsatisfiable
    }

    /// The bytes meant of `size`, or nil where there are none.
    package func resolved(size: Int) -> Range<Int>? {
        switch self {
        case .from(let first): first < size ? first..<size : nil
        case .bounded(let first, let last): first < size ? first..<min(last, size - 1) + 1 : nil
        case .suffix(let length): length > 0 && size > 0 ? max(0, size - length)..<size : nil
        }
    }

    /// The one spelling of the field's value.
    package var description: String {
        switch self {
        case .from(let first): "bytes=\(first)-"
        case .bounded(let first, let last): "bytes=\(first)-\(last)"
        case .suffix(let length): "bytes=-\(length)"
        }
    }

    /// The `Content-Range` of a 206 (RFC 9110 section 14.4).
    package static func contentRange(_ range: Range<Int>, size: Int) -> String {
        "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(size)"
    }

    /// The `Content-Range` of a 416.
    package static func contentRange(unsatisfiableOf size: Int) -> String { "bytes */\(size)" }

    private static func number(_ digits: Span<UInt8>) -> Int? {
        for index in digits.indices where !ByteClass.isDigit(digits[index]) { return nil }
        return parseContentLength(digits) ?? Int.max
    }
}
