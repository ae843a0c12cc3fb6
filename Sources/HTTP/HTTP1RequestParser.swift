/// What the request parser has found in the input given to it.
package enum HTTP1RequestEvent: Sendable {
    /// Nothing more can be told from these bytes; call again when there are more.
    case needMore
    /// A head is complete. `request.target` is in origin form, or `*`.
    case head(Request)
    /// Content, by its place in the input given.
    case body(Range<Int>)
    /// The message is complete, and the parser is ready for the next.
    case end
    /// The connection cannot be used further. Every later call answers the same.
    case failed(HTTP1Error)
}

/// Makes requests of a client's bytes (RFC 9112), strictly: what two parsers could read differently is
/// an error, and after an error nothing is read again.
///
///     requestLine -> fields -> head -> (length | chunked)* -> end -> requestLine ...
///
/// Whether a method may have content is for the layer above to say: `Request.framing` tells it.
package struct HTTP1RequestParser: ~Copyable, Sendable {
    private enum State {
        case requestLine
        case fields
        case length(remaining: Int)
        case chunked
        case finished
        case failed(HTTP1Error)
    }

    private let limits: HTTP1Limits
    private var state = State.requestLine
    private var line = HTTP1LineScanner()
    private var head = HTTP1RequestHead()
    private var chunks: HTTP1ChunkedDecoder

    /// Whether the connection may be used again after the current message. Known after `.head`.
    package private(set) var keepAlive = false
    /// Whether the client waits for a 100 before it sends the content. Known after `.head`.
    package private(set) var expectsContinue = false

    package init(limits: HTTP1Limits = HTTP1Limits()) {
        self.limits = limits
        chunks = HTTP1ChunkedDecoder(limits: limits)
    }

    /// Whether nothing of a next message has been taken.
    package var isIdle: Bool {
        if case .requestLine = state { return !head.sawEmptyLine } else { return false }
    }

    /// - Parameter input: all bytes that have come and were not consumed.
    /// - Returns: how many bytes at its front are done with, and what they say. Call again until `.needMore`
    ///   or `.failed`, also where nothing is left of the input.
    package mutating func next(_ input: Span<UInt8>) -> (consumed: Int, event: HTTP1RequestEvent) {
        var position = 0
        do {
            let event = try take(input, &position)
            return (position, event)
        } catch {
            state = .failed(error)
            head = HTTP1RequestHead()
            return (position, .failed(error))
        }
    }

    private mutating func take(_ input: Span<UInt8>, _ position: inout Int) throws(HTTP1Error) -> HTTP1RequestEvent {
        while true {
            switch state {
            case .requestLine:
                try HTTP1RequestHead.checkStart(input.extracting(position..<input.count))
                switch line.find(in: input, from: position, limit: limits.requestLine) {
                case .incomplete: return .needMore
                case .tooLong: throw .targetTooLong
                case .failed(let error): throw error
                case .line(let end):
                    let bounds = position..<end
                    position = end + 2
                    if bounds.isEmpty {
                        // RFC 9112 section 2.2: an empty line before the request line is passed over; one.
                        guard !head.sawEmptyLine else { throw .requestLine }
                        head.sawEmptyLine = true
                    } else {
                        try head.takeRequestLine(input.extracting(bounds))
                        head.request.fields.reserve(bytes: min(max(input.count - position, 256), 4096), fields: 16)
                        state = .fields
                    }
                }
            case .fields:
                switch line.find(in: input, from: position, limit: limits.fieldsSize - head.fieldsSize) {
                case .incomplete: return .needMore
                case .tooLong: throw .fieldsTooLarge
                case .failed(let error): throw error
                case .line(let end):
                    let bounds = position..<end
                    position = end + 2
                    if bounds.isEmpty { return try .head(finishHead()) }
                    head.fieldsSize += bounds.count + 2
                    guard head.fieldsSize <= limits.fieldsSize else { throw .fieldsTooLarge }
                    guard head.request.fields.count < limits.fieldCount else { throw .tooManyFields }
                    let field = try HTTP1FieldLine(input, bounds)
                    try head.takeField(name: input.extracting(field.name), value: input.extracting(field.value))
                }
            case .length(let remaining):
                let taken = min(remaining, input.count - position)
                guard taken > 0 else { return .needMore }
                state = taken == remaining ? .finished : .length(remaining: remaining - taken)
                position += taken
                return .body(position - taken..<position)
            case .chunked:
                switch chunks.next(input, &position) {
                case .needMore: return .needMore
                case .body(let range): return .body(range)
                case .failed(let error): throw error
                case .end: state = .finished
                }
            case .finished:
                state = .requestLine
                return .end
            case .failed(let error):
                throw error
            }
        }
    }

    private mutating func finishHead() throws(HTTP1Error) -> Request {
        var complete = HTTP1RequestHead()
        swap(&complete, &head)
        try complete.finish()
        keepAlive = complete.keepAlive
        expectsContinue = complete.expectsContinue && complete.request.framing != .none
        switch complete.request.framing {
        case .none: state = .finished
        case .length(let length): state = length == 0 ? .finished : .length(remaining: length)
        case .chunked:
            chunks = HTTP1ChunkedDecoder(limits: limits)
            state = .chunked
        }
        return complete.request
    }
}
