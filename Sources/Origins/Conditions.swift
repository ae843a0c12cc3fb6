import HTTP

/// What a request for an object says beside its name: preconditions and a range (RFC 9110 sections
/// 13 and 14), parsed. What is malformed, or overruled by another field, is not in here.
package struct Conditions: Sendable, Equatable {
    /// What `If-Range` compares with: a strong tag, or a date.
    package enum Validator: Sendable, Equatable {
        case tag(EntityTag)
        /// Unix seconds.
        case date(Int64)
    }

    package var ifMatch: EntityTag.Condition?
    /// Unix seconds, as are all times here.
    package var ifUnmodifiedSince: Int64?
    package var ifNoneMatch: EntityTag.Condition?
    package var ifModifiedSince: Int64?
    package var range: ByteRange?
    /// Only beside a range.
    package var ifRange: Validator?

    /// A list of tags of more bytes than this counts as malformed.
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
        guard !isHead, let range = Self.single(.range, fields).flatMap({ ByteRange($0) }) else { return }
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

    private static func tags(_ name: FieldName, _ fields: borrowing Fields) -> EntityTag.Condition? {
        let lines = fields.values(of: name)
        guard lines.reduce(0, { $0 + $1.utf8.count }) <= maximumFieldLength else { return nil }
        return EntityTag.Condition(lines)
    }
}
