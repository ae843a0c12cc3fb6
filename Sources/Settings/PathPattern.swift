import Bytes

/// A pattern of paths: literal segments, `*` for any one segment, and `**` at the end for any number
/// of them, none included.
///
/// `/public/**` matches `/public`, `/public/` and everything below, and not `/publicX`. A slash at the
/// end says nothing: `/docs` and `/docs/` are one pattern. Segments compare decoded and by case.
package struct PathPattern: Sendable, Hashable, CustomStringConvertible {
    enum Segment: Sendable, Hashable {
        /// Its bytes, for two spellings of one character are two names in a bucket.
        case literal([UInt8])
        case any
    }

    let segments: [Segment]
    let endsWithAll: Bool

    /// How many segments of a path it names, the end's `**` aside.
    package var count: Int { segments.count }

    /// `/**`
    package static let everything = PathPattern(segments: [], endsWithAll: true)

    init(segments: [Segment], endsWithAll: Bool) {
        self.segments = segments
        self.endsWithAll = endsWithAll
    }

    /// Reads a pattern; a character that may not stand in a path is percent-encoded, `%2A` for a star.
    package init(_ text: String) throws(ValueProblem) {
        guard text.hasPrefix("/") else {
            throw ValueProblem("a pattern begins with /", "Write /\(text)")
        }
        var parts = text.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        if parts.last == "" { parts.removeLast() }
        var segments: [Segment] = []
        var endsWithAll = false
        for (index, part) in parts.enumerated() {
            switch part {
            case "*":
                segments.append(.any)
            case "**":
                guard index == parts.count - 1 else {
                    throw ValueProblem("** stands within the pattern", "It can only be its last segment")
                }
                endsWithAll = true
            default:
                segments.append(.literal(try Self.literal(part)))
            }
        }
        self.init(segments: segments, endsWithAll: endsWithAll)
    }

    private static func literal(_ part: Substring) throws(ValueProblem) -> [UInt8] {
        guard !part.isEmpty else {
            throw ValueProblem("a pattern has no empty segments", "Write one / where two stand together")
        }
        guard !part.contains("*") else {
            throw ValueProblem(
                "* stands beside other characters", "It takes the place of a whole segment, as in /*/edit")
        }
        guard !part.contains("?"), !part.contains("#") else {
            throw ValueProblem("a pattern has no query and no fragment", "Write the path alone")
        }
        guard let bytes = PercentCoding.decode(part.utf8), let text = String(validating: bytes, as: UTF8.self) else {
            throw ValueProblem("the percent-encoding does not hold", "Write %25 for a percent sign")
        }
        guard text != ".", text != "..", !bytes.contains(where: { $0 < 0x20 || $0 == 0x2F || $0 == 0x5C || $0 == 0x7F })
        else {
            throw ValueProblem("the segment \(part) never stands in a path that is served", "Remove it")
        }
        return bytes
    }

    func matches(_ path: [String], count: Int) -> Bool {
        guard endsWithAll ? count >= segments.count : count == segments.count else { return false }
        for (index, segment) in segments.enumerated() {
            if case .literal(let bytes) = segment, !path[index].utf8.elementsEqual(bytes) { return false }
        }
        return true
    }

    /// - Parameter path: decoded segments, perhaps with an empty last one.
    package func matches(_ path: [String]) -> Bool {
        matches(path, count: path.last?.isEmpty == true ? path.count - 1 : path.count)
    }

    /// Compares segment by segment from the left: a literal comes before `*`, and `*` before the end's
    /// `**`; a pattern that ends comes before one that goes on with `**`. Of two different patterns
    /// that match one path, exactly one is more specific.
    package func isMoreSpecific(than other: PathPattern) -> Bool {
        for (own, others) in zip(ranks, other.ranks) where own != others { return own > others }
        return ranks.count > other.ranks.count
    }

    private var ranks: [Int] {
        segments.map { $0 == .any ? 2 : 3 } + [endsWithAll ? 0 : 1]
    }

    package var description: String {
        let parts = segments.map {
            switch $0 {
            case .literal(let bytes): Self.encode(bytes)
            case .any: "*"
            }
        }
        return "/" + (parts + (endsWithAll ? ["**"] : [])).joined(separator: "/")
    }

    /// Escapes what would be read as something else.
    private static func encode(_ bytes: [UInt8]) -> String {
        var out = ""
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            switch scalar {
            case "%", "*", "?", "#": out += PercentCoding.encode(String(scalar))
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }
}
