import CNghttp2
import HTTP

/// The fields of a response as the library wants them: pointers into one array.
struct FieldList {
    private struct Entry {
        var name: Range<Int>
        var value: Range<Int>
        var isSecret: Bool
    }

    private var bytes: [UInt8] = []
    private var entries: [Entry] = []

    mutating func append(_ name: String, _ value: String) {
        let start = bytes.count
        bytes.append(contentsOf: name.utf8)
        let middle = bytes.count
        bytes.append(contentsOf: value.utf8)
        entries.append(Entry(name: start..<middle, value: middle..<bytes.count, isSecret: false))
    }

    /// A whole head. Fields that are the connection's to write are left out (RFC 9113 section 8.2.2).
    mutating func append(_ response: Response, length: Int?, date: String) {
        let fields = response.fields
        bytes.reserveCapacity(fields.storage.count + 128)
        entries.reserveCapacity(fields.count + 3)
        append(":status", String(response.status))
        let start = bytes.count
        bytes.append(contentsOf: fields.storage)
        for index in 0..<fields.count {
            let nameRange = fields.nameRange(at: index), valueRange = fields.valueRange(at: index)
            let name = fields.storage.span.extracting(nameRange)
            if ConnectionField.contains(name) { continue }
            // A cookie must not be found out by what it does to the size of what is compressed with it.
            let isSecret = name.count == 10 && name[0] == 0x73 && name[4] == 0x63
            entries.append(
                Entry(
                    name: start + nameRange.lowerBound..<start + nameRange.upperBound,
                    value: start + valueRange.lowerBound..<start + valueRange.upperBound, isSecret: isSecret))
        }
        append("date", date)
        if let length { append("content-length", String(length)) }
    }

    /// The library copies what it is shown.
    @discardableResult
    mutating func withVectors(_ body: (UnsafeBufferPointer<nghttp2_nv>) -> Int32) -> Int32 {
        let entries = entries
        return bytes.withUnsafeMutableBufferPointer { bytes in
            withUnsafeTemporaryAllocation(of: nghttp2_nv.self, capacity: entries.count) { vectors in
                let base = bytes.baseAddress!
                for (index, entry) in entries.enumerated() {
                    vectors.initializeElement(
                        at: index,
                        to: nghttp2_nv(
                            name: base + entry.name.lowerBound, value: base + entry.value.lowerBound,
                            namelen: entry.name.count, valuelen: entry.value.count,
                            flags: UInt8(entry.isSecret ? NGHTTP2_NV_FLAG_NO_INDEX.rawValue : 0)))
                }
                return body(UnsafeBufferPointer(vectors))
            }
        }
    }
}

/// Fields that a response of HTTP/2 does not have, or that the session writes itself.
private enum ConnectionField {
    static func contains(_ name: Span<UInt8>) -> Bool {
        switch name.count {
        case 4: equals(name, "date") || equals(name, "host")
        case 7: equals(name, "upgrade")
        case 10: equals(name, "connection") || equals(name, "keep-alive")
        case 14: equals(name, "content-length")
        case 16: equals(name, "proxy-connection")
        case 17: equals(name, "transfer-encoding")
        default: false
        }
    }

    private static func equals(_ name: Span<UInt8>, _ text: String) -> Bool {
        let wanted = text.utf8.span
        for index in wanted.indices where name[index] != wanted[index] { return false }
        return true
    }
}
