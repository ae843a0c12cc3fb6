import Bytes

/// A request target in origin form, taken apart (RFC 9112 section 3.2.1): decoded once, segment by segment,
/// and never normalised. A path that two readers could read differently is refused.
///
///     /dir/a%20b.html?x=1   path "/dir/a%20b.html", query "x=1", segments ["dir", "a b.html"]
///     /dir/                 segments ["dir"], isDirectory
///     /                     segments [], isDirectory
package struct RequestTarget: Sendable, Equatable {
    /// Why a target is refused: a closed list.
    package enum Fault: String, Error, Sendable, CaseIterable {
        case notOriginForm = "does not begin with a slash"
        case forbiddenByte = "holds a byte that a URI must not hold"
        case percentEncoding = "holds a % without two hexadecimal digits"
        case emptySegment = "holds an empty segment"
        case dotSegment = "holds a dot segment"
        case encodedSlash = "holds an encoded slash or a backslash"
        case controlByte = "holds an encoded control byte"
        case notUTF8 = "does not decode to UTF-8"
    }

    /// The path as it was sent, without the query.
    package let path: String
    /// What stands behind the first `?`, as it was sent.
    package let query: String?
    /// The decoded segments. None is empty, `.`, `..`, or holds a slash, a backslash or a control byte.
    package let segments: [String]
    /// Whether the path ends in a slash.
    package let isDirectory: Bool

    package init(_ target: String) throws(Fault) {
        let bytes = target.utf8.span
        guard bytes.count > 0, bytes[0] == 0x2F else { throw .notOriginForm }
        var pathEnd = 0
        var isPlain = true
        while pathEnd < bytes.count, bytes[pathEnd] != 0x3F {
            guard ByteClass.isPath(bytes[pathEnd]) else {
                throw bytes[pathEnd] == 0x5C ? .encodedSlash : .forbiddenByte
            }
            if bytes[pathEnd] == 0x25 { isPlain = false }
            pathEnd += 1
        }
        if pathEnd < bytes.count {
            let query = bytes.extracting(pathEnd + 1..<bytes.count)
            for index in query.indices where !ByteClass.isQuery(query[index]) { throw .forbiddenByte }
            self.query = query.text()
            path = bytes.extracting(0..<pathEnd).text()
        } else {
            query = nil
            path = target
        }

        var segments: [String] = []
        var start = 1
        while start < pathEnd {
            var end = start
            while end < pathEnd, bytes[end] != 0x2F { end += 1 }
            let raw = bytes.extracting(start..<end)
            guard raw.count > 0 else { throw .emptySegment }
            if Self.isDots(raw) { throw .dotSegment }
            segments.append(isPlain ? raw.text() : try Self.decoded(raw))
            start = end + 1
        }
        isDirectory = bytes[pathEnd - 1] == 0x2F
        self.segments = segments
    }

    /// The path decoded: a slash, the segments with slashes between them, and a last slash for a directory.
    package var decodedPath: String {
        guard !segments.isEmpty else { return "/" }
        return "/" + segments.joined(separator: "/") + (isDirectory ? "/" : "")
    }

    /// The same target with those bytes of the query percent-encoded that browsers send as they are and
    /// `ReturnTarget` does not take. What it names is the same.
    package var escaped: String {
        guard let query else { return path }
        var out = Array(path.utf8)
        out.append(0x3F)
        let bytes = query.utf8.span
        for index in bytes.indices {
            let byte = bytes[index]
            let isTriplet =
                byte == 0x25 && index + 2 < bytes.count
                && Hex.value(bytes[index + 1]) != nil && Hex.value(bytes[index + 2]) != nil
            if isTriplet || byte == 0x3F || (byte != 0x25 && ByteClass.isPath(byte)) {
                out.append(byte)
            } else {
                PercentCoding.append(CollectionOfOne(byte), keepingSlashes: false, to: &out)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    private static func isDots(_ bytes: Span<UInt8>) -> Bool {
        bytes[0] == 0x2E && (bytes.count == 1 || (bytes.count == 2 && bytes[1] == 0x2E))
    }

    private static func decoded(_ raw: Span<UInt8>) throws(Fault) -> String {
        var out: [UInt8] = []
        out.reserveCapacity(raw.count)
        var index = 0
        while index < raw.count {
            if raw[index] == 0x25 {
                guard index + 2 < raw.count, let high = Hex.value(raw[index + 1]), let low = Hex.value(raw[index + 2])
                else { throw .percentEncoding }
                let byte = high << 4 | low
                if byte == 0x2F || byte == 0x5C { throw .encodedSlash }
                if ByteClass.isControl(byte) { throw .controlByte }
                out.append(byte)
                index += 3
            } else {
                out.append(raw[index])
                index += 1
            }
        }
        if isDots(out.span) { throw .dotSegment }
        guard let text = try? UTF8Span(validating: out.span) else { throw .notUTF8 }
        return String(copying: text)
    }
}
