import HTTP

/// What a request for an object says beside its name: preconditions and a range (RFC 9110 sections
/// 13 and 14), parsed. What is malformed, or overruled by another field, is not in here.
package struct Conditions: Sendable, Equatable {
    /// A list of entity tags, or `*`.
    package enum Tags: Sendable, Equatable {
        case any
        case tags([EntityTag])
    }

    /// What `If-Range` compares with: a strong tag, or a date.
    package enum Validator: Sendable, Equatable {
        case tag(EntityTag)
        /// Unix seconds.
        case date(Int64)
    }

    package var ifMatch: Tags?
    /// Unix seconds, as are all times here.
    package var ifUnmodifiedSince: Int64?
    package var ifNoneMatch: Tags?
    package var ifModifiedSince: Int64?
    package var range: RequestedRange?
    /// Only beside a range.
    package var ifRange: Validator?

    /// Tags beyond so many, or a field beyond so many bytes, and the field counts as malformed.
    package static let maximumTags = 64
    package static let maximumFieldLength = 4096

    package init() {}

    /// - Parameter isHead: ranges are defined for GET alone.
    package init(_ fields: borrowing Fields, isHead: Bool = false) {
        if fields.contains(.ifMatch) {
            ifMatch = Self.tags(.ifMatch, fields)
        } else {
            ifUnmodifiedSince = Self.single(.ifUnmodifiedSince, fields).flatMap(HTTPDate.parse)
        }
        if fields.contains(.ifNoneMatch) {
            ifNoneMatch = Self.tags(.ifNoneMatch, fields)
        } else {
            ifModifiedSince = Self.single(.ifModifiedSince, fields).flatMap(HTTPDate.parse)
        }
        guard !isHead, let range = Self.single(.range, fields).flatMap({ RequestedRange($0) }) else { return }
        if fields.contains(.ifRange) {
            guard let validator = Self.single(.ifRange, fields).flatMap(Self.validator) else { return }
            ifRange = validator
        }
        self.range = range
    }

    /// Whether nothing is asked for beside the object.
    package var isEmpty: Bool {
        ifMatch == nil && ifUnmodifiedSince == nil && ifNoneMatch == nil && ifModifiedSince == nil && range == nil
    }

    private static func single(_ name: FieldName, _ fields: borrowing Fields) -> String? {
        guard let index = fields.index(of: name), fields.index(of: name, from: index + 1) == nil else { return nil }
        return fields.value(at: index)
    }

    /// A weak tag never holds for `If-Range` (RFC 9110 section 13.1.5).
    private static func validator(_ text: String) -> Validator? {
        if let tag = EntityTag(text) { return tag.isWeak ? nil : .tag(tag) }
        return HTTPDate.parse(text).map(Validator.date)
    }

    private static func tags(_ name: FieldName, _ fields: borrowing Fields) -> Tags? {
        let text = fields.count(of: name) == 1 ? fields[name] ?? "" : fields.values(of: name).joined(separator: ",")
        guard text.utf8.count <= maximumFieldLength else { return nil }
        if text == "*" { return .any }
        var tags: [EntityTag] = []
        var rest = text.utf8[...]
        while true {
            rest = rest.drop { $0 == 0x20 || $0 == 0x09 || $0 == 0x2C }
            if rest.isEmpty { break }
            // A tag may hold commas: it ends at its second quote.
            guard let open = rest.firstIndex(of: 0x22),
                let close = rest[rest.index(after: open)...].firstIndex(of: 0x22),
                let tag = EntityTag(String(rest[...close]) ?? "")
            else { return nil }
            tags.append(tag)
            rest = rest[rest.index(after: close)...].drop { $0 == 0x20 || $0 == 0x09 }
            guard rest.isEmpty || rest.first == 0x2C, tags.count <= maximumTags else { return nil }
        }
        return tags.isEmpty ? nil : .tags(tags)
    }
}
