/// A response's head under construction: takes the status line and each field line as it is complete, and
/// knows what they say about framing and connection.
struct HTTP1ResponseHead: Sendable {
    var response = ResponseHead(status: 0)
    /// What the field lines have taken of their limit.
    var fieldsSize = 0

    private var contentLength: Int?
    private var transferCoding = HTTP1TransferCoding.absent

    /// `HTTP-version SP 3DIGIT SP [ reason-phrase ]` (RFC 9112 section 4). The reason is dropped.
    mutating func takeStatusLine(_ line: Span<UInt8>) throws(HTTP1Error) {
        guard line.count >= 13, line.extracting(0..<7).equals("HTTP/1.".utf8.span), line[8] == 0x20, line[12] == 0x20
        else { throw .statusLine }
        switch line[7] {
        case 0x31: response.version = .http11
        case 0x30: response.version = .http10
        default: throw .statusLine
        }
        guard let status = parseContentLength(line.extracting(9..<12)), 100...599 ~= status else { throw .statusLine }
        response.status = status
        response.keepAlive = response.version == .http11
    }

    mutating func takeField(_ input: Span<UInt8>, _ line: HTTP1FieldLine) throws(HTTP1Error) {
        let name = input.extracting(line.name)
        let value = input.extracting(line.value)
        switch name.count {
        case 10 where name.spells("connection"): takeConnection(value)
        case 14 where name.spells("content-length"):
            guard contentLength == nil else { throw .duplicateField }
            guard let length = parseContentLength(value) else { throw .contentLength }
            contentLength = length
        case 17 where name.spells("transfer-encoding"):
            guard case .absent = transferCoding else { throw .duplicateField }
            transferCoding = HTTP1TransferCoding(value)
        default: break
        }
        response.fields.append(name: name, value: value)
    }

    private mutating func takeConnection(_ value: Span<UInt8>) {
        var start = 0
        while start <= value.count {
            var end = start
            while end < value.count, value[end] != 0x2C { end += 1 }
            if value.extracting(value.trim(start..<end)).spells("close") { response.keepAlive = false }
            start = end + 1
        }
    }

    /// The empty line has come: what content follows (RFC 9112 section 6.3). Framing that contradicts itself is
    /// an error even where no content can follow.
    /// - Returns: nil for content that ends with the connection.
    mutating func finish(isHead: Bool, takesUntilClose: Bool) throws(HTTP1Error) -> BodyFraming? {
        if case .refused(let error) = transferCoding { throw error }
        if case .chunked = transferCoding {
            guard response.version == .http11 else { throw .transferEncoding }
            guard contentLength == nil else { throw .ambiguousFraming }
        }
        response.length = contentLength
        if isHead || response.status == 204 || response.status == 304 { return BodyFraming.none }
        if case .chunked = transferCoding { return .chunked }
        guard let contentLength else {
            guard takesUntilClose else { throw .missingFraming }
            response.keepAlive = false
            return nil
        }
        return .length(contentLength)
    }
}
