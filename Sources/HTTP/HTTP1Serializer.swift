/// Writes heads and chunk framing as HTTP/1.1 (RFC 9112).
///
/// A message is built, never forwarded: framing, `Connection`, `Date` and `Host` are written from the arguments, and
/// fields of those names are left out. A CR, LF or NUL in the target or the host becomes a space; in fields it has
/// become one already.
package enum HTTP1Serializer {
    /// What the `Connection` field says.
    package enum Connection: Sendable, Equatable {
        /// No field: HTTP/1.1 keeps the connection.
        case none
        case keepAlive
        case close
    }

    /// - Parameters:
    ///   - target: in origin form, written byte for byte.
    ///   - framing: `.none` writes no framing field.
    package static func appendRequest(
        method: Method, target: String, host: String, fields: Fields, framing: BodyFraming = .none,
        connection: Connection = .none, to out: inout [UInt8]
    ) {
        appendRequest(
            method: method, target: target.utf8.span, host: host, fields: fields, framing: framing,
            connection: connection, to: &out)
    }

    package static func appendRequest(
        method: Method, target: Span<UInt8>, host: String, fields: Fields, framing: BodyFraming = .none,
        connection: Connection = .none, to out: inout [UInt8]
    ) {
        append(method.description, to: &out)
        out.append(0x20)
        appendValue(target, to: &out)
        append(" HTTP/1.1\r\nhost: ", to: &out)
        appendValue(host, to: &out)
        append("\r\n", to: &out)
        append(fields, to: &out)
        append(framing, connection, to: &out)
    }

    /// - Parameters:
    ///   - framing: `.none` writes no framing field, as 204 and 304 need; a HEAD's answer has the
    ///     length that the content would have.
    ///   - date: as `HTTPDate.format` has it, or nil for none.
    package static func appendResponse(
        _ response: Response, framing: BodyFraming, date: String?, connection: Connection, to out: inout [UInt8]
    ) {
        append("HTTP/1.1 ", to: &out)
        appendDecimal(response.status, to: &out)
        out.append(0x20)
        append(reasonPhrase(response.status), to: &out)
        append("\r\n", to: &out)
        append(response.fields, to: &out)
        if let date {
            append("date: ", to: &out)
            append(date, to: &out)
            append("\r\n", to: &out)
        }
        append(framing, connection, to: &out)
    }

    /// The interim response to `Expect: 100-continue`.
    package static func appendContinue(to out: inout [UInt8]) {
        append("HTTP/1.1 100 Continue\r\n\r\n", to: &out)
    }

    /// What stands before a chunk of `count` bytes; `appendChunkEnd` goes behind it.
    package static func appendChunkStart(_ count: Int, to out: inout [UInt8]) {
        precondition(count > 0)
        var shift = (Int.bitWidth - count.leadingZeroBitCount - 1) / 4 * 4
        while shift >= 0 {
            let digit = UInt8(truncatingIfNeeded: count >> shift & 15)
            out.append(digit < 10 ? 0x30 + digit : 0x57 + digit)
            shift -= 4
        }
        append("\r\n", to: &out)
    }

    package static func appendChunkEnd(to out: inout [UInt8]) { append("\r\n", to: &out) }

    /// The last chunk, without trailers.
    package static func appendLastChunk(to out: inout [UInt8]) { append("0\r\n\r\n", to: &out) }

    /// RFC 9110 section 15. Empty for a status that it does not name.
    package static func reasonPhrase(_ status: Int) -> String {
        switch status {
        case 200: "OK"
        case 201: "Created"
        case 202: "Accepted"
        case 204: "No Content"
        case 206: "Partial Content"
        case 301: "Moved Permanently"
        case 302: "Found"
        case 303: "See Other"
        case 304: "Not Modified"
        case 307: "Temporary Redirect"
        case 308: "Permanent Redirect"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 406: "Not Acceptable"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 410: "Gone"
        case 411: "Length Required"
        case 412: "Precondition Failed"
        case 413: "Content Too Large"
        case 414: "URI Too Long"
        case 415: "Unsupported Media Type"
        case 416: "Range Not Satisfiable"
        case 417: "Expectation Failed"
        case 421: "Misdirected Request"
        case 422: "Unprocessable Content"
        case 425: "Too Early"
        case 426: "Upgrade Required"
        case 428: "Precondition Required"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        case 505: "HTTP Version Not Supported"
        default: ""
        }
    }

    private static func append(
        _ framing: BodyFraming, _ connection: Connection, to out: inout [UInt8]
    ) {
        switch framing {
        case .none: break
        case .length(let length):
            append("content-length: ", to: &out)
            appendDecimal(length, to: &out)
            append("\r\n", to: &out)
        case .chunked: append("transfer-encoding: chunked\r\n", to: &out)
        }
        switch connection {
        case .none: append("\r\n", to: &out)
        case .keepAlive: append("connection: keep-alive\r\n\r\n", to: &out)
        case .close: append("connection: close\r\n\r\n", to: &out)
        }
    }

    /// Lines that follow each other in the array are copied together.
    private static func append(_ fields: Fields, to out: inout [UInt8]) {
        let storage = fields.storage
        var run = 0..<0
        for index in 0..<fields.count where !isOwn(storage.span.extracting(fields.nameRange(at: index))) {
            let line = fields.lineRange(at: index)
            if line.lowerBound == run.upperBound {
                run = run.lowerBound..<line.upperBound
            } else {
                out.append(contentsOf: storage[run])
                run = line
            }
        }
        out.append(contentsOf: storage[run])
    }

    private static func isOwn(_ name: Span<UInt8>) -> Bool {
        switch name.count {
        case 4: name.spells("host") || name.spells("date")
        case 10: name.spells("connection")
        case 14: name.spells("content-length")
        case 17: name.spells("transfer-encoding")
        default: false
        }
    }

    private static func append(_ text: String, to out: inout [UInt8]) { out.append(contentsOf: text.utf8) }

    private static func appendValue(_ text: String, to out: inout [UInt8]) { appendValue(text.utf8.span, to: &out) }

    private static func appendValue(_ bytes: Span<UInt8>, to out: inout [UInt8]) {
        out.append(addingCapacity: bytes.count) { out in
            for index in bytes.indices {
                let byte = bytes[index]
                out.append(byte == 0x0D || byte == 0x0A || byte == 0 ? 0x20 : byte)
            }
        }
    }

    private static func appendDecimal(_ value: Int, to out: inout [UInt8]) {
        precondition(value >= 0)
        var divisor = 1
        while value / divisor >= 10 { divisor *= 10 }
        while divisor > 0 {
            out.append(0x30 + UInt8(truncatingIfNeeded: value / divisor % 10))
            divisor /= 10
        }
    }
}
