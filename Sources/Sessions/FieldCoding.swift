/// A list of tagged fields, as sealed values carry it inside:
///
///     (tag (1) | length (1...3) | bytes)*
///
/// Tags ascend, and each comes once. Lengths are base 128, least group first, in as few bytes as they need. A reader
/// refuses a tag below 0x80 that it does not know and passes over one above: what a later release adds says by its
/// tag whether an earlier one may ignore it.
struct FieldWriter {
    private(set) var bytes: [UInt8] = []
    private var last = -1

    mutating func put(_ tag: UInt8, _ value: [UInt8]) {
        precondition(Int(tag) > last)
        last = Int(tag)
        bytes.append(tag)
        Self.append(value, to: &bytes)
    }

    mutating func put(_ tag: UInt8, _ text: String) { put(tag, Array(text.utf8)) }

    mutating func put(_ tag: UInt8, optional text: String?) {
        if let text { put(tag, text) }
    }

    /// Big-endian, without leading zero bytes; 0 is empty. Negative numbers, which no time here is, become 0.
    mutating func put(_ tag: UInt8, _ number: Int64) {
        var value: [UInt8] = []
        for shift in stride(from: 56, through: 0, by: -8) {
            let byte = UInt8(truncatingIfNeeded: max(0, number) >> Int64(shift))
            if byte != 0 || !value.isEmpty { value.append(byte) }
        }
        put(tag, value)
    }

    /// Each after its length.
    mutating func put(_ tag: UInt8, _ list: [String]) {
        var value: [UInt8] = []
        for text in list { Self.append(Array(text.utf8), to: &value) }
        put(tag, value)
    }

    static func append(_ value: [UInt8], to bytes: inout [UInt8]) {
        var length = value.count
        while length >= 0x80 {
            bytes.append(UInt8(length & 0x7F) | 0x80)
            length >>= 7
        }
        bytes.append(UInt8(length))
        bytes.append(contentsOf: value)
    }
}

/// Reads what `FieldWriter` writes, and nothing else; nil is the answer to all that is wrong.
struct FieldReader {
    private var fields: [UInt8: [UInt8]] = [:]
    private var untaken: Set<UInt8> = []

    init?(_ bytes: [UInt8]) {
        var position = 0
        var last = -1
        while position < bytes.count {
            let tag = bytes[position]
            position += 1
            guard Int(tag) > last, let value = Self.value(in: bytes, at: &position) else { return nil }
            last = Int(tag)
            fields[tag] = value
            if tag < 0x80 { untaken.insert(tag) }
        }
    }

    /// Whether every field that must be understood has been asked for.
    var isExhausted: Bool { untaken.isEmpty }

    mutating func bytes(_ tag: UInt8) -> [UInt8]? {
        untaken.remove(tag)
        return fields[tag]
    }

    mutating func text(_ tag: UInt8) -> String? {
        bytes(tag).flatMap { String(validating: $0, as: UTF8.self) }
    }

    /// A field that may be absent, but must be well-formed where it is there: nil is a fault, `.some(nil)` absence.
    mutating func optionalText(_ tag: UInt8) -> String?? {
        guard let bytes = bytes(tag) else { return .some(nil) }
        return String(validating: bytes, as: UTF8.self).map { .some($0) }
    }

    mutating func number(_ tag: UInt8) -> Int64? {
        guard let bytes = bytes(tag), bytes.count <= 8, bytes.first != 0 else { return nil }
        guard bytes.count < 8 || bytes[0] < 0x80 else { return nil }
        return bytes.reduce(0) { $0 << 8 | Int64($1) }
    }

    /// A number that may be absent: as `optionalText`.
    mutating func optionalNumber(_ tag: UInt8) -> Int64?? {
        guard fields[tag] != nil else { return .some(nil) }
        return number(tag).map { .some($0) }
    }

    /// At most `limit` texts; an absent field is an empty list.
    mutating func list(_ tag: UInt8, limit: Int) -> [String]? {
        guard let bytes = bytes(tag) else { return [] }
        var list: [String] = []
        var position = 0
        while position < bytes.count {
            guard list.count < limit, let value = Self.value(in: bytes, at: &position),
                let text = String(validating: value, as: UTF8.self)
            else { return nil }
            list.append(text)
        }
        return list
    }

    private static func value(in bytes: [UInt8], at position: inout Int) -> [UInt8]? {
        var length = 0
        var shift = 0
        while true {
            guard position < bytes.count, shift <= 14 else { return nil }
            let byte = bytes[position]
            position += 1
            length |= Int(byte & 0x7F) << shift
            if byte < 0x80 {
                guard byte != 0 || shift == 0 else { return nil }
                break
            }
            shift += 7
        }
        guard length <= bytes.count - position else { return nil }
        defer { position += length }
        return Array(bytes[position..<position + length])
    }
}
