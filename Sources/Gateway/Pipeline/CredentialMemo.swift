import HTTP

/// Which session or token a line of a field (`Cookie`, `Authorization`) stood for when it was last seen, so that a
/// client that sends the same line with every request has it taken apart and digested once.
///
/// A table of fixed size, found by a few of the line's bytes and confirmed by all of them; a later line takes the
/// place of an earlier one. It says nothing of whether the session still holds.
struct CredentialMemo {
    private struct Entry {
        let site: Int
        let line: [UInt8]
        let key: CredentialKey
    }

    private let field: FieldName
    private var entries: [Entry?]

    /// Lines that are longer are not remembered, so that the table's size is bounded: 16 KiB for each of its places.
    private static let longestLine = 16 << 10

    /// - Parameter places: a power of two.
    init(_ field: FieldName, places: Int = 1024) {
        precondition(places > 0 && places & (places - 1) == 0)
        self.field = field
        entries = Array(repeating: nil, count: places)
    }

    /// The key that was found in this line. Only a request with one line of that field is remembered.
    func key(_ fields: borrowing Fields, site: Int) -> CredentialKey? {
        guard let range = line(fields) else { return nil }
        let storage = fields.storage
        guard let entry = entries[place(storage, range, site)], entry.site == site,
            entry.line.span.equalsLong(storage.span.extracting(range))
        else { return nil }
        return entry.key
    }

    mutating func remember(_ key: CredentialKey, for fields: borrowing Fields) {
        guard let range = line(fields), range.count <= Self.longestLine else { return }
        let storage = fields.storage
        entries[place(storage, range, key.site)] = Entry(site: key.site, line: Array(storage[range]), key: key)
    }

    private func line(_ fields: borrowing Fields) -> Range<Int>? {
        guard let index = fields.index(of: field), fields.index(of: field, from: index + 1) == nil else { return nil }
        return fields.valueRange(at: index)
    }

    /// FNV-1a over sixteen bytes from all over the line.
    private func place(_ storage: [UInt8], _ range: Range<Int>, _ site: Int) -> Int {
        var hash: UInt64 = 14_695_981_039_346_656_037 ^ UInt64(truncatingIfNeeded: site)
        let step = max(1, range.count / 16)
        for index in stride(from: range.lowerBound, to: range.upperBound, by: step) {
            hash = (hash ^ UInt64(storage[index])) &* 1_099_511_628_211
        }
        return Int(truncatingIfNeeded: hash >> 17) & (entries.count - 1)
    }
}
