import HTTP

/// One question put to the bucket: what it asks, and what a proper answer to it looks like.
package struct S3Query {
    package let isHead: Bool
    package let conditions: Conditions
    /// Whether the range is asked for. Asked anew without it when `If-Range` turns out not to hold.
    package let asksRange: Bool

    package init(_ request: OriginRequest, whole: Bool = false) {
        isHead = request.isHead
        conditions = request.conditions
        // If-Range is sent as a precondition (see `headers`), and there is room for one only.
        let isCrowded =
            conditions.ifRange != nil && (conditions.ifMatch != nil || conditions.ifUnmodifiedSince != nil)
        asksRange = !whole && !isHead && conditions.range != nil && !isCrowded
    }

    /// Whether the range holds for one version of the object only.
    package var asksIfRange: Bool { asksRange && conditions.ifRange != nil }

    /// The headers that put the conditions, sorted by name. All of them are signed.
    ///
    /// No S3 server known to us honours `If-Range`: it goes as `If-Match` or `If-Unmodified-Since`, and a
    /// 412 has the whole object asked for. Nor do they compare weakly for `If-None-Match`: the `W/` is
    /// left off, which is what a weak comparison ignores.
    package var headers: [SignedHeader] {
        if conditions.isEmpty { return [] }
        var headers: [SignedHeader] = []
        var ifMatch = conditions.ifMatch
        var unmodifiedSince = conditions.ifUnmodifiedSince
        if asksIfRange {
            switch conditions.ifRange! {
            case .tag(let tag): ifMatch = .tags([tag])
            case .date(let date): unmodifiedSince = date
            }
        }
        // A weak tag never matches strongly, and is left off. Where none remains the answer's own tag decides.
        if let text = ifMatch.flatMap({ Self.text($0, isWeakComparison: false) }) {
            headers.append(SignedHeader(.ifMatch, text))
        }
        if let date = conditions.ifModifiedSince {
            headers.append(SignedHeader(.ifModifiedSince, HTTPDate.format(unixSeconds: date)))
        }
        if let text = conditions.ifNoneMatch.flatMap({ Self.text($0, isWeakComparison: true) }) {
            headers.append(SignedHeader(.ifNoneMatch, text))
        }
        if let date = unmodifiedSince {
            headers.append(SignedHeader(.ifUnmodifiedSince, HTTPDate.format(unixSeconds: date)))
        }
        if asksRange, let range = conditions.range { headers.append(SignedHeader(.range, Self.text(range))) }
        return headers
    }

    /// No object is larger, and no server's arithmetic overflows on it.
    private static let largestPosition = 1 << 53

    /// The field for a range, its positions held to sizes that there are; it means the same.
    private static func text(_ range: ByteRange) -> String {
        switch range {
        case .bounded(let first, let last) where last < largestPosition:
            ByteRange.bounded(first: first, last: last).description
        case .from(let first), .bounded(let first, _): ByteRange.from(min(first, largestPosition)).description
        case .suffix(let count): ByteRange.suffix(min(count, largestPosition)).description
        }
    }

    private static func text(_ condition: EntityTag.Condition, isWeakComparison: Bool) -> String? {
        switch condition {
        case .any: return "*"
        case .tags(let tags):
            let sent = isWeakComparison ? tags : tags.filter { !$0.isWeak }
            return sent.isEmpty ? nil : sent.map { "\"\($0.value)\"" }.joined(separator: ", ")
        }
    }
}
