/// A request's head under construction: takes the request line and each field line as it is complete,
/// and knows what they say about framing, host and connection.
struct HTTP1RequestHead: Sendable {
    var request = Request(method: .get, target: "", authority: "")
    var sawEmptyLine = false
    /// What the field lines have taken of their limit.
    var fieldsSize = 0
    private(set) var keepAlive = true
    private(set) var expectsContinue = false

    private var contentLength: Int?
    private var transferCoding = HTTP1TransferCoding.absent
    /// The authority of a target in absolute form.
    private var targetAuthority: Authority?
    private var seen: Seen = []

    /// Fields that may come once.
    private struct Seen: OptionSet, Sendable {
        let rawValue: UInt8
        static let host = Seen(rawValue: 1)
        static let contentLength = Seen(rawValue: 2)
        static let transferEncoding = Seen(rawValue: 4)
        static let authorization = Seen(rawValue: 8)
        static let range = Seen(rawValue: 16)
        static let contentType = Seen(rawValue: 32)
        static let ifRange = Seen(rawValue: 64)
        static let expect = Seen(rawValue: 128)
    }

    /// The longest method taken, in bytes.
    static let methodLimit = 32

    /// Tells what cannot become a request line by its first bytes, before the line has ended: another protocol's
    /// greeting gets its answer at once. A control byte is the line scanner's to refuse.
    static func checkStart(_ input: Span<UInt8>) throws(HTTP1Error) {
        var index = 0
        while index < input.count, ByteClass.isToken(input[index]) {
            index += 1
            guard index <= methodLimit else { throw .method }
        }
        guard index < input.count, !ByteClass.isControl(input[index]) else { return }
        guard index > 0, input[index] == 0x20 else { throw .requestLine }
    }

    /// `method SP request-target SP HTTP-version` (RFC 9112 section 3).
    mutating func takeRequestLine(_ line: Span<UInt8>) throws(HTTP1Error) {
        var methodEnd = 0
        while methodEnd < line.count, ByteClass.isToken(line[methodEnd]) { methodEnd += 1 }
        guard methodEnd > 0, methodEnd < line.count, line[methodEnd] == 0x20 else { throw .requestLine }

        // The version is the last nine bytes: " HTTP/d.d".
        let targetEnd = line.count - 9
        guard targetEnd > methodEnd + 1, line[targetEnd] == 0x20 else { throw .requestLine }
        request.version = try Self.version(line.extracting(targetEnd + 1..<line.count), of: line)
        request.method = Self.method(line.extracting(0..<methodEnd))
        try takeTarget(line.extracting(methodEnd + 1..<targetEnd))
    }

    private static func version(_ bytes: Span<UInt8>, of line: Span<UInt8>) throws(HTTP1Error) -> Version {
        guard bytes[0] == 0x48, bytes[1] == 0x54, bytes[2] == 0x54, bytes[3] == 0x50, bytes[4] == 0x2F,
            ByteClass.isDigit(bytes[5]), bytes[6] == 0x2E, ByteClass.isDigit(bytes[7])
        else { throw .version }
        switch (bytes[5], bytes[7]) {
        case (0x31, 0x31): return .http11
        case (0x31, 0x30): return .http10
        default: throw line.spells("pri * http/2.0") ? .http2Preface : .unsupportedVersion
        }
    }

    static func method(_ bytes: Span<UInt8>) -> Method {
        if bytes.count == 3, bytes[0] == 0x47, bytes[1] == 0x45, bytes[2] == 0x54 { return .get }
        return Method(bytes.text())
    }

    mutating func takeTarget(_ bytes: Span<UInt8>) throws(HTTP1Error) {
        if case .connect = request.method {
            // There are no tunnels here, and what follows is meant for one whatever the target looks like.
            throw .target
        } else if bytes[0] == 0x2F {
            try takeOriginForm(bytes)
        } else if bytes.count == 1, bytes[0] == 0x2A, request.method == .options {
            request.target = "*"
        } else {
            try takeAbsoluteForm(bytes)
        }
    }

    /// Checks what `RequestTarget` would, but takes the target apart only where something in it could be refused.
    private mutating func takeOriginForm(_ bytes: Span<UInt8>) throws(HTTP1Error) {
        var index = 0
        var previous: UInt8 = 0
        var isSuspect = false
        while index < bytes.count {
            let byte = bytes[index]
            guard ByteClass.isPath(byte) else { break }
            if byte == 0x25 || (previous == 0x2F && (byte == 0x2F || byte == 0x2E)) { isSuspect = true }
            previous = byte
            index += 1
        }
        if index < bytes.count {
            guard bytes[index] == 0x3F else { throw .target }
            while index < bytes.count {
                guard ByteClass.isQuery(bytes[index]) else { throw .target }
                index += 1
            }
        }
        let target = bytes.text()
        if isSuspect {
            do { _ = try RequestTarget(target) } catch { throw .target }
        }
        request.target = target
    }

    /// `scheme "://" authority path-abempty [ "?" query ]` (RFC 9112 section 3.2.2), kept in origin form. The
    /// authority must be the one of the Host field.
    private mutating func takeAbsoluteForm(_ bytes: Span<UInt8>) throws(HTTP1Error) {
        let schemeLength: Int
        if bytes.count > 7, bytes.extracting(0..<7).spells("http://") {
            schemeLength = 7
        } else if bytes.count > 8, bytes.extracting(0..<8).spells("https://") {
            schemeLength = 8
        } else {
            throw .target
        }
        var end = schemeLength
        while end < bytes.count, bytes[end] != 0x2F, bytes[end] != 0x3F { end += 1 }
        guard let authority = Authority(bytes.extracting(schemeLength..<end)) else { throw .target }
        takeAuthority(authority)
        if end < bytes.count, bytes[end] == 0x2F {
            try takeOriginForm(bytes.extracting(end..<bytes.count))
        } else if end == bytes.count {
            request.target = "/"
        } else {
            throw .target
        }
    }

    /// The host by other means than a Host field, which then must say the same: absolute form, or `:authority`.
    mutating func takeAuthority(_ authority: Authority) { targetAuthority = authority }

    @inline(__always)
    mutating func takeField(name: Span<UInt8>, value: Span<UInt8>) throws(HTTP1Error) {
        switch name.count {
        case 4 where name.spells("host"):
            try once(.host)
            guard let authority = Authority(value) else { throw .host }
            request.authority = authority.description
        case 5 where name.spells("range"): try once(.range)
        case 6 where name.spells("expect"): try takeExpect(value)
        case 8 where name.spells("if-range"): try once(.ifRange)
        case 10 where name.spells("connection"): try takeConnection(value)
        case 12 where name.spells("content-type"): try once(.contentType)
        case 13 where name.spells("authorization"): try once(.authorization)
        case 14 where name.spells("content-length"):
            try once(.contentLength)
            guard let length = parseContentLength(value) else { throw .contentLength }
            contentLength = length
        case 17 where name.spells("transfer-encoding"):
            try once(.transferEncoding)
            transferCoding = HTTP1TransferCoding(value)
        default:
            // An underscore and a dash become the same byte in other programs' hands (CGI, WSGI).
            for index in name.indices where name[index] == 0x5F { throw .fieldName }
        }
        request.fields.append(name: name, value: value)
    }

    private mutating func once(_ field: Seen) throws(HTTP1Error) {
        guard seen.insert(field).inserted else { throw .duplicateField }
    }

    /// RFC 9110 section 10.1.1. In HTTP/1.0 the field means nothing.
    private mutating func takeExpect(_ value: Span<UInt8>) throws(HTTP1Error) {
        guard request.version == .http11 else { return }
        guard seen.insert(.expect).inserted, value.spells("100-continue") else { throw .expectation }
        expectsContinue = true
    }

    /// `#connection-option` (RFC 9110 section 7.6.1).
    private mutating func takeConnection(_ value: Span<UInt8>) throws(HTTP1Error) {
        var start = 0
        while start <= value.count {
            var end = start
            while end < value.count, value[end] != 0x2C { end += 1 }
            let option = value.extracting(value.trim(start..<end))
            if option.spells("close") { keepAlive = false }
            if EndToEndField.contains(option) { throw .connectionOption }
            start = end + 1
        }
    }

    /// The empty line has come: decides the framing (RFC 9112 section 6.3) and the host (section 3.2).
    mutating func finish() throws(HTTP1Error) {
        if case .absent = transferCoding {
            request.framing = contentLength.map(BodyFraming.length) ?? .none
        } else {
            guard request.version == .http11 else { throw .transferEncoding }
            guard contentLength == nil else { throw .ambiguousFraming }
            if case .refused(let error) = transferCoding { throw error }
            request.framing = .chunked
        }
        guard seen.contains(.host) else { throw .missingHost }
        if let targetAuthority, targetAuthority.description != request.authority { throw .hostMismatch }
        if request.version == .http10 { keepAlive = false }
    }
}
