/// Reads the error code out of S3's XML, and nothing else: the rest of such a document tells about
/// keys and accounts, and goes no further than here.
package enum S3ErrorDocument {
    /// So much of a body is looked at.
    package static let maximumLength = 16384

    private static let declaration = Array("<?xml".utf8)
    private static let declarationEnd = Array("?>".utf8)
    private static let opening = Array("<Error".utf8)
    private static let codeStart = Array("<Code>".utf8)
    private static let codeEnd = Array("</Code>".utf8)

    /// The text of the first `<Code>` within `<Error>`: 1 to 64 letters and digits (a dot as well), as
    /// every code of S3 is. nil where the document has none. Never an XML parser: no entities, no nesting.
    ///
    /// - Parameter fromStart: whether the document must be nothing but an error: what is before `<Error` is the XML
    ///   declaration, or white space.
    package static func code(in body: [UInt8], fromStart: Bool = false) -> String? {
        guard let error = fromStart ? openingOfRoot(in: body) : find(opening, in: body, from: 0),
            let start = find(codeStart, in: body, from: error)
        else { return nil }
        var end = start
        while end < body.count, end - start <= 64, isCodeByte(body[end]) { end += 1 }
        guard end > start, end - start <= 64, find(codeEnd, in: body, from: end) == end + codeEnd.count else {
            return nil
        }
        return String(decoding: body[start..<end], as: UTF8.self)
    }

    private static func openingOfRoot(in body: [UInt8]) -> Int? {
        var index = 0
        func skipSpace() { while index < body.count, body[index] <= 0x20 { index += 1 } }
        if body.starts(with: [0xEF, 0xBB, 0xBF]) { index = 3 }
        skipSpace()
        if body[index...].starts(with: declaration) {
            guard let end = find(declarationEnd, in: body, from: index) else { return nil }
            index = end
            skipSpace()
        }
        return body[index...].starts(with: opening) ? index + opening.count : nil
    }

    /// The position behind the first occurrence.
    private static func find(_ needle: [UInt8], in body: [UInt8], from start: Int) -> Int? {
        var index = start
        let last = min(body.count, maximumLength) - needle.count
        while index <= last {
            if body[index] == needle[0], body[index..<index + needle.count].elementsEqual(needle) {
                return index + needle.count
            }
            index += 1
        }
        return nil
    }

    private static func isCodeByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2E: true
        default: false
        }
    }
}
