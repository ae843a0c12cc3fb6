import Bytes

/// A JSON document (RFC 8259) as it came from a provider or inside a token.
///
/// What names an identity must have one reading, so the parser behind `parse` is strict: a name
/// twice in one object, a lone surrogate, U+0000, a number beyond Double's range, a byte order
/// mark or anything after the value is refused, as is what exceeds the limits.
package enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    /// A number without fraction and exponent that fits.
    case integer(Int64)
    /// Every other number; always finite.
    case double(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    package static func parse(
        _ bytes: [UInt8], limits: JSONLimits = JSONLimits()
    ) throws(JSONError) -> JSONValue {
        var parser = try JSONParser(bytes, limits: limits)
        return try parser.document()
    }
}

package struct JSONLimits: Sendable {
    /// Bytes of the whole document.
    package var size: Int
    /// Arrays and objects within one another.
    package var depth: Int

    package init(size: Int = 256 * 1024, depth: Int = 32) {
        self.size = size
        self.depth = depth
    }
}

/// Why bytes are no JSON that Postern reads.
package enum JSONError: Error, Equatable, Sendable {
    case tooLarge
    case tooDeep
    case duplicateName
    case numberOutOfRange
    /// Not the grammar of RFC 8259, or not UTF-8; the offset of the byte where that shows.
    case malformed(at: Int)
}

extension JSONValue {
    /// The member of that name, or nil where there is none or where this is no object.
    package subscript(name: String) -> JSONValue? {
        if case .object(let members) = self { members[name] } else { nil }
    }

    package var string: String? {
        if case .string(let text) = self { text } else { nil }
    }

    package var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    package var integer: Int64? {
        if case .integer(let value) = self { value } else { nil }
    }

    /// A NumericDate (RFC 7519 section 2): seconds since 1970, a fraction rounded up, which decides every comparison
    /// with a whole time as the fraction would; nil for what is no number, or has no room.
    package var seconds: Int64? {
        switch self {
        case .integer(let whole): whole
        case .double(let fraction): Int64(exactly: fraction.rounded(.up))
        default: nil
        }
    }

    package var array: [JSONValue]? {
        if case .array(let values) = self { values } else { nil }
    }

    package var object: [String: JSONValue]? {
        if case .object(let members) = self { members } else { nil }
    }

    /// The strings of an array (what is no string in it is left out), or a lone string as a list of
    /// one; nil where it is neither.
    package var strings: [String]? {
        switch self {
        case .string(let text): [text]
        case .array(let values): values.compactMap(\.string)
        default: nil
        }
    }

    /// The member of that very name or, where there is none, the one that a dotted name leads to:
    /// `realm_access.roles`.
    package func member(at path: String) -> JSONValue? {
        if let value = self[path] { return value }
        for dot in path.indices where path[dot] == "." {
            let inner = self[String(path[..<dot])]
            if let value = inner?.member(at: String(path[path.index(after: dot)...])) { return value }
        }
        return nil
    }
}

extension JSONValue {
    /// The value as compact JSON, members in the order of their names.
    package var serialized: [UInt8] {
        var out: [UInt8] = []
        append(to: &out)
        return out
    }

    private func append(to out: inout [UInt8]) {
        switch self {
        case .null: out += "null".utf8
        case .bool(let value): out += (value ? "true" : "false").utf8
        case .integer(let value): out += String(value).utf8
        case .double(let value): out += String(value).utf8
        case .string(let text): JSONText.append(text, to: &out)
        case .array(let values):
            out.append(UInt8(ascii: "["))
            for (index, value) in values.enumerated() {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                value.append(to: &out)
            }
            out.append(UInt8(ascii: "]"))
        case .object(let members):
            out.append(UInt8(ascii: "{"))
            for (index, name) in members.keys.sorted().enumerated() {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                JSONText.append(name, to: &out)
                out.append(UInt8(ascii: ":"))
                members[name]?.append(to: &out)
            }
            out.append(UInt8(ascii: "}"))
        }
    }
}
