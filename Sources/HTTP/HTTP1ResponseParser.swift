/// A response's head, as an upstream server sent it.
package struct ResponseHead: Sendable {
    package var status: Int
    package var fields: Fields
    /// The announced Content-Length. For HEAD and 304 it tells of content that does not come. Nil for
    /// chunked content, and where nothing was announced.
    package var length: Int?
    /// Whether the connection may be used again once the message has ended without bytes left over.
    package var keepAlive: Bool
    package var version: Version

    package init(
        status: Int, fields: Fields = Fields(), length: Int? = nil, keepAlive: Bool = true, version: Version = .http11
    ) {
        self.status = status
        self.fields = fields
        self.length = length
        self.keepAlive = keepAlive
        self.version = version
    }
}

/// What the response parser has found in the input given to it.
package enum HTTP1ResponseEvent: Sendable {
    case needMore
    /// A 1xx other than 101; the response proper is still to come.
    case interim(Int)
    case head(ResponseHead)
    /// Content, by its place in the input given.
    case body(Range<Int>)
    /// The message is complete. Bytes that are left over were not asked for: such a connection is not to be
    /// used again.
    case end
    /// The connection cannot be used further. Every later call answers the same.
    case failed(HTTP1Error)
}

/// Makes responses of a server's bytes (RFC 9112), as strictly as requests are read: a response whose framing
/// is ambiguous is a failure, and one that only a closed connection would end too, unless it is asked for.
///
///     begin -> statusLine -> fields -> (interim -> statusLine)* -> head -> (length | chunked | untilClose)* -> end
package struct HTTP1ResponseParser: Sendable {
    private enum State {
        case idle
        case statusLine
        case fields
        case length(remaining: Int)
        case chunked
        /// The end of the input is the content's.
        case untilClose
        case finished
        case failed(HTTP1Error)
    }

    private let limits: HTTP1Limits
    private var state = State.idle
    private var line = HTTP1LineScanner()
    private var head = HTTP1ResponseHead()
    private var chunks: HTTP1ChunkedDecoder
    private var isHead = false
    private var interimCount = 0
    private var sawBytes = false
    private let takesUntilClose: Bool

    /// - Parameter takesUntilClose: whether content may end with the connection, as HTTP/1.0 has it. What was cut off
    ///   cannot be told from what is whole then, but by TLS.
    package init(limits: HTTP1Limits = HTTP1Limits(), takesUntilClose: Bool = false) {
        self.limits = limits
        self.takesUntilClose = takesUntilClose
        chunks = HTTP1ChunkedDecoder(limits: limits)
    }

    /// A request has been sent, and its response is what comes next. The one before must have ended.
    package mutating func begin(requestMethod: Method) {
        guard case .idle = state else { preconditionFailure("a response is still under way") }
        isHead = requestMethod == .head
        interimCount = 0
        sawBytes = false
        state = .statusLine
    }

    /// - Parameter input: all bytes that have come and were not consumed.
    /// - Returns: how many bytes at its front are done with, and what they say. Call again until `.needMore`,
    ///   `.end` or `.failed`, also where nothing is left of the input.
    package mutating func next(_ input: Span<UInt8>) -> (consumed: Int, event: HTTP1ResponseEvent) {
        var position = 0
        do {
            let event = try take(input, &position)
            return (position, event)
        } catch {
            state = .failed(error)
            head = HTTP1ResponseHead()
            return (position, .failed(error))
        }
    }

    /// The server has closed the connection, and `next` has taken what there was.
    package mutating func endOfInput() -> HTTP1ResponseEvent {
        switch state {
        case .failed(let error): return .failed(error)
        case .finished, .untilClose:
            state = .idle
            sawBytes = false
            return .end
        case .idle, .statusLine, .fields, .length, .chunked:
            let error: HTTP1Error = sawBytes ? .truncated : .closed
            state = .failed(error)
            return .failed(error)
        }
    }

    private mutating func take(_ input: Span<UInt8>, _ position: inout Int) throws(HTTP1Error) -> HTTP1ResponseEvent {
        while true {
            switch state {
            case .idle:
                return .needMore
            case .statusLine:
                if input.count > position { sawBytes = true }
                switch line.find(in: input, from: position, limit: limits.requestLine) {
                case .incomplete: return .needMore
                case .tooLong: throw .statusLine
                case .failed(let error): throw error
                case .line(let end):
                    let bounds = position..<end
                    position = end + 2
                    try head.takeStatusLine(input.extracting(bounds))
                    head.response.fields.reserve(bytes: min(max(input.count - position, 256), 4096), fields: 16)
                    state = .fields
                }
            case .fields:
                switch line.find(in: input, from: position, limit: limits.fieldsSize - head.fieldsSize) {
                case .incomplete: return .needMore
                case .tooLong: throw .fieldsTooLarge
                case .failed(let error): throw error
                case .line(let end):
                    let bounds = position..<end
                    position = end + 2
                    if bounds.isEmpty { return try finishHead() }
                    head.fieldsSize += bounds.count + 2
                    guard head.fieldsSize <= limits.fieldsSize else { throw .fieldsTooLarge }
                    guard head.response.fields.count < limits.fieldCount else { throw .tooManyFields }
                    try head.takeField(input, HTTP1FieldLine(input, bounds))
                }
            case .length(let remaining):
                let taken = min(remaining, input.count - position)
                guard taken > 0 else { return .needMore }
                state = taken == remaining ? .finished : .length(remaining: remaining - taken)
                position += taken
                return .body(position - taken..<position)
            case .untilClose:
                guard position < input.count else { return .needMore }
                defer { position = input.count }
                return .body(position..<input.count)
            case .chunked:
                switch chunks.next(input, &position) {
                case .needMore: return .needMore
                case .body(let range): return .body(range)
                case .failed(let error): throw error
                case .end: state = .finished
                }
            case .finished:
                state = .idle
                sawBytes = false
                return .end
            case .failed(let error):
                throw error
            }
        }
    }

    private mutating func finishHead() throws(HTTP1Error) -> HTTP1ResponseEvent {
        var complete = HTTP1ResponseHead()
        swap(&complete, &head)
        let status = complete.response.status
        if status < 200 {
            guard status != 101 else { throw .switchedProtocols }
            interimCount += 1
            guard interimCount <= limits.interimResponses else { throw .tooManyInterim }
            state = .statusLine
            return .interim(status)
        }
        switch try complete.finish(isHead: isHead, takesUntilClose: takesUntilClose) {
        case nil: state = .untilClose
        case .none?, .length(0): state = .finished
        case .length(let length): state = .length(remaining: length)
        case .chunked:
            chunks = HTTP1ChunkedDecoder(limits: limits)
            state = .chunked
        }
        return .head(complete.response)
    }
}
