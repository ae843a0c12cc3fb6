/// A request's head as HTTP/2 brings it, field by field (RFC 9113 section 8.3), held to the rules of HTTP/1: what
/// an HTTP/1 request could not say, this one cannot either.
///
/// A field that is refused makes the whole head refused; what follows it is no longer looked at, and nothing is
/// kept of it. Memory is bounded by the limit on all fields together, however many names a few bytes stand for.
package struct HTTP2RequestHead: Sendable {
    private var head = HTTP1RequestHead()
    private var fault: HTTP1Error?
    /// Names, values and 32 bytes each, as `SETTINGS_MAX_HEADER_LIST_SIZE` counts (RFC 9113 section 6.5.2).
    private var size = 0
    private var path: [UInt8] = []
    private var hasHost = false
    private var authority: Authority?
    private var seen: Pseudo = []
    /// The crumbs of `Cookie`, joined (RFC 9113 section 8.2.3).
    private var cookie: [UInt8] = []

    private struct Pseudo: OptionSet, Sendable {
        let rawValue: UInt8
        static let method = Pseudo(rawValue: 1)
        static let scheme = Pseudo(rawValue: 2)
        static let authority = Pseudo(rawValue: 4)
        static let path = Pseudo(rawValue: 8)
        static let regular = Pseudo(rawValue: 16)
    }

    package init() {}

    /// Whether the client waits for a 100 before it sends the content.
    package var expectsContinue: Bool { head.expectsContinue }

    /// Takes the next field of the list.
    package mutating func take(name: Span<UInt8>, value: Span<UInt8>, limits: HTTP1Limits) {
        guard fault == nil else { return }
        do {
            try add(name, value, limits)
        } catch {
            self = HTTP2RequestHead()
            fault = error
        }
    }

    private mutating func add(_ name: Span<UInt8>, _ value: Span<UInt8>, _ limits: HTTP1Limits) throws(HTTP1Error) {
        size += name.count + value.count + 32
        guard size <= limits.fieldsSize else { throw .fieldsTooLarge }
        guard name.count > 0 else { throw .fieldLine }
        if name[0] == 0x3A { return try addPseudo(name, value, limits) }
        seen.insert(.regular)
        for index in name.indices {
            guard ByteClass.isToken(name[index]), name[index] &- 0x41 >= 26 else { throw .fieldLine }
        }
        var index = value.firstControl(from: 0, to: value.count)
        while index < value.count {
            guard value[index] == 0x09 else { throw .controlByte }
            index = value.firstControl(from: index + 1, to: value.count)
        }
        guard value.trim(0..<value.count).count == value.count else { throw .fieldLine }
        switch name.count {
        case 2 where name.spells("te"):
            guard value.spells("trailers") else { throw .connectionOption }
        case 4 where name.spells("host"): hasHost = true
        case 6 where name.spells("cookie"):
            guard !value.isEmpty else { return }
            if !cookie.isEmpty { cookie.append(contentsOf: [0x3B, 0x20]) }
            cookie.append(addingCapacity: value.count) { out in for index in value.indices { out.append(value[index]) }
            }
            return
        case 7 where name.spells("upgrade"): throw .connectionOption
        case 10 where name.spells("connection") || name.spells("keep-alive"): throw .connectionOption
        case 16 where name.spells("proxy-connection"): throw .connectionOption
        case 17 where name.spells("transfer-encoding"): throw .transferEncoding
        default: break
        }
        guard head.request.fields.count < limits.fieldCount else { throw .tooManyFields }
        try head.takeField(name: name, value: value)
    }

    private mutating func addPseudo(
        _ name: Span<UInt8>, _ value: Span<UInt8>, _ limits: HTTP1Limits
    ) throws(HTTP1Error) {
        guard !seen.contains(.regular) else { throw .requestLine }
        if name.spells(":method") {
            try once(.method)
            guard value.count > 0, value.count <= HTTP1RequestHead.methodLimit else { throw .method }
            for index in value.indices where !ByteClass.isToken(value[index]) { throw .method }
            head.request.method = HTTP1RequestHead.method(value)
        } else if name.spells(":path") {
            try once(.path)
            guard value.count <= limits.requestLine else { throw .targetTooLong }
            path.append(addingCapacity: value.count) { out in for index in value.indices { out.append(value[index]) } }
        } else if name.spells(":scheme") {
            try once(.scheme)
            // Which of the two is no matter: whether the connection is secure is known from the connection.
            guard value.equals("https".utf8.span) || value.equals("http".utf8.span) else { throw .target }
        } else if name.spells(":authority") {
            try once(.authority)
            guard let authority = Authority(value) else { throw .host }
            self.authority = authority
        } else {
            throw .requestLine
        }
    }

    private mutating func once(_ field: Pseudo) throws(HTTP1Error) {
        guard seen.insert(field).inserted else { throw .requestLine }
    }

    /// The list is complete.
    ///
    /// - Parameter hasContent: whether anything follows the head.
    package consuming func finish(hasContent: Bool) throws(HTTP1Error) -> Request {
        if let fault { throw fault }
        guard seen.isSuperset(of: [.method, .path, .scheme]) else { throw .requestLine }
        guard path.count > 0, path[0] == 0x2F || path.count == 1 else { throw .target }
        let path = path, cookie = cookie
        try head.takeTarget(path.span)
        if let authority {
            head.takeAuthority(authority)
            if !hasHost { try head.takeField(name: "host".utf8.span, value: authority.description.utf8.span) }
        }
        if !cookie.isEmpty { try head.takeField(name: "cookie".utf8.span, value: cookie.span) }
        try head.finish()
        var request = head.request
        request.version = .http2
        if hasContent {
            // Its end is marked by the stream: a length that was not told is as in chunks.
            if request.framing == .none { request.framing = .chunked }
        } else if request.framing != .none {
            guard request.framing == .length(0) else { throw .contentLength }
            request.framing = .none
        }
        return request
    }
}
