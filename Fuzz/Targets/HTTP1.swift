import HTTP

/// The limits as they ship, and such that small inputs reach them. (A method of 32 bytes and a chunk size of 16 digits
/// must fit, or which limit is told would depend on the cut.)
private let limits = [
    HTTP1Limits(),
    HTTP1Limits(
        requestLine: 40, fieldsSize: 96, fieldCount: 4, chunkLine: 18, chunkOverhead: 24, trailersSize: 24,
        interimResponses: 1),
]

let wideLimits = HTTP1Limits(requestLine: 1 << 20, fieldsSize: 1 << 20, fieldCount: 1 << 16)

/// One message as a parser told it.
struct HTTP1Message: Equatable {
    var start = ""
    var fields = Fields()
    var framing = BodyFraming.none
    var keepAlive = false
    var expectsContinue = false
    var body: [UInt8] = []
    var isComplete = false
}

struct HTTP1Reading: Equatable {
    var messages: [HTTP1Message] = []
    var interim: [Int] = []
    var error: HTTP1Error?
    var consumed = 0
}

func checkFields(_ fields: Fields) {
    for index in 0..<fields.count {
        let name = fields.storage[fields.nameRange(at: index)]
        expect(!name.isEmpty, "a field has a name")
        expect(
            name.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x3A && !(0x41...0x5A).contains($0) },
            "a name is a token in lower case")
        let value = fields.storage[fields.valueRange(at: index)]
        expect(value.allSatisfy { $0 == 0x09 || ($0 >= 0x20 && $0 != 0x7F) }, "a value holds no control byte")
        expect(value.first != 0x20 && value.first != 0x09, "a value does not begin with white space")
        expect(value.last != 0x20 && value.last != 0x09, "a value does not end with white space")
    }
}

func sameBytes(_ left: Fields, _ right: Fields) -> Bool {
    left.count == right.count
        && (0..<left.count).allSatisfy {
            left.storage[left.nameRange(at: $0)] == right.storage[right.nameRange(at: $0)]
                && left.storage[left.valueRange(at: $0)] == right.storage[right.valueRange(at: $0)]
        }
}

/// Without what the serialiser writes of its own.
func forwarded(_ fields: Fields, without dropped: [FieldName] = []) -> Fields {
    var fields = fields
    for name in [FieldName.host, .date, .connection, .contentLength, .transferEncoding] + dropped {
        fields.remove(name)
    }
    return fields
}

// MARK: Requests

func readRequests(_ input: [UInt8], cuts: [Int], limits: HTTP1Limits) -> (HTTP1Reading, [Request]) {
    var parser = HTTP1RequestParser(limits: limits)
    var reading = HTTP1Reading()
    var requests: [Request] = []
    for end in cuts + [input.count] {
        feeding: while true {
            let unread = input.span.extracting(reading.consumed..<end)
            let (consumed, event) = parser.next(unread)
            expect((0...unread.count).contains(consumed), "what is consumed was there")
            switch event {
            case .needMore:
                reading.consumed += consumed
                break feeding
            case .head(let request):
                checkFields(request.fields)
                requests.append(request)
                reading.messages.append(
                    HTTP1Message(
                        start: "\(request.method) \(request.target) \(request.authority) \(request.version.rawValue)",
                        fields: request.fields, framing: request.framing, keepAlive: parser.keepAlive,
                        expectsContinue: parser.expectsContinue))
            case .body(let range):
                expect(!range.isEmpty && range.upperBound <= consumed, "content lies in what is consumed")
                let start = reading.consumed
                reading.messages[reading.messages.count - 1].body +=
                    input[start + range.lowerBound..<start + range.upperBound]
            case .end: reading.messages[reading.messages.count - 1].isComplete = true
            case .failed(let error):
                reading.error = error
                let (more, again) = parser.next(unread)
                guard case .failed(error) = again, more == 0 else { fatalError("a failed parser reads on") }
                reading.consumed = 0  // how much was taken of what is refused means nothing
                return (reading, requests)
            }
            reading.consumed += consumed
        }
    }
    return (reading, requests)
}

/// The same message however it is cut; and what is accepted can be written, and is read as the same.
@Sendable func fuzzHTTP1Request(_ input: [UInt8]) {
    for limits in limits {
        let (whole, requests) = readRequests(input, cuts: [], limits: limits)
        for cuts in waysToCut(input).dropFirst() {
            let (cut, _) = readRequests(input, cuts: cuts, limits: limits)
            expect(cut == whole, "cut at \(cuts): \(cut), whole: \(whole)")
        }
        for (message, request) in zip(whole.messages, requests) { checkRequest(message, request) }
    }
}

private func checkRequest(_ message: HTTP1Message, _ request: Request) {
    if case .length(let length) = request.framing {
        expect(length >= 0 && message.body.count <= length, "no more content than announced")
        expect(!message.isComplete || message.body.count == length, "all the content that was announced")
    }
    if request.target != "*" {
        expect((try? RequestTarget(request.target)) != nil, "the target is one: \(request.target)")
    }
    expect(Authority(request.authority)?.description == request.authority, "the authority is one")
    guard message.isComplete, request.method != .options || request.target != "*" else { return }

    var out: [UInt8] = []
    let framing: BodyFraming = message.body.isEmpty ? request.framing : .chunked
    // An expectation says nothing in HTTP/1.0, and would in what is written.
    let fields = forwarded(request.fields, without: request.version == .http10 ? [.expect] : [])
    HTTP1Serializer.appendRequest(
        method: request.method, target: request.target, host: request.authority, fields: fields,
        framing: framing == .length(0) ? .length(0) : framing, to: &out)
    appendBody(message.body, framing, &out)
    let (again, parsed) = readRequests(out, cuts: [], limits: wideLimits)
    expect(again.error == nil && parsed.count == 1, "what is written is one request: \(again)")
    expect(again.consumed == out.count && again.messages[0].isComplete, "and all of it")
    expect(parsed[0].method == request.method && parsed[0].target == request.target, "the same request line")
    expect(parsed[0].authority == request.authority, "the same host")
    expect(sameBytes(forwarded(parsed[0].fields), fields), "the same fields")
    expect(again.messages[0].body == message.body, "the same content")
}

private func appendBody(_ body: [UInt8], _ framing: BodyFraming, _ out: inout [UInt8]) {
    switch framing {
    case .none: break
    case .length: out += body
    case .chunked:
        let middle = body.count / 2
        for piece in [body[..<middle], body[middle...]] where !piece.isEmpty {
            HTTP1Serializer.appendChunkStart(piece.count, to: &out)
            out += piece
            HTTP1Serializer.appendChunkEnd(to: &out)
        }
        HTTP1Serializer.appendLastChunk(to: &out)
    }
}

// MARK: Responses

private func readResponses(
    _ input: [UInt8], cuts: [Int], to method: Method, limits: HTTP1Limits
) -> (HTTP1Reading, [ResponseHead]) {
    var parser = HTTP1ResponseParser(limits: limits)
    var reading = HTTP1Reading()
    var heads: [ResponseHead] = []
    parser.begin(requestMethod: method)
    for end in cuts + [input.count] {
        feeding: while true {
            let unread = input.span.extracting(reading.consumed..<end)
            let (consumed, event) = parser.next(unread)
            expect((0...unread.count).contains(consumed), "what is consumed was there")
            switch event {
            case .needMore:
                reading.consumed += consumed
                break feeding
            case .interim(let status):
                expect((100...199).contains(status) && status != 101, "an interim status")
                reading.interim.append(status)
            case .head(let head):
                checkFields(head.fields)
                expect((200...599).contains(head.status), "a final status")
                heads.append(head)
                reading.messages.append(
                    HTTP1Message(
                        start: "\(head.status) \(head.version.rawValue)", fields: head.fields,
                        framing: head.length.map(BodyFraming.length) ?? .none, keepAlive: head.keepAlive))
            case .body(let range):
                expect(!range.isEmpty && range.upperBound <= consumed, "content lies in what is consumed")
                let start = reading.consumed
                reading.messages[reading.messages.count - 1].body +=
                    input[start + range.lowerBound..<start + range.upperBound]
            case .end:
                reading.messages[reading.messages.count - 1].isComplete = true
                reading.consumed += consumed
                return (reading, heads)
            case .failed(let error):
                reading.error = error
                let (more, again) = parser.next(unread)
                guard case .failed(error) = again, more == 0 else { fatalError("a failed parser reads on") }
                reading.consumed = 0
                return (reading, heads)
            }
            reading.consumed += consumed
        }
    }
    guard case .failed(let error) = parser.endOfInput() else { fatalError("an end that nothing announced") }
    expect(error == (input.isEmpty ? .closed : .truncated), "why it ended: \(error)")
    return (reading, heads)
}

@Sendable func fuzzHTTP1Response(_ input: [UInt8]) {
    for limits in limits {
        for method in [Method.get, .head] {
            let (whole, heads) = readResponses(input, cuts: [], to: method, limits: limits)
            for cuts in waysToCut(input).dropFirst() {
                let (cut, _) = readResponses(input, cuts: cuts, to: method, limits: limits)
                expect(cut == whole, "cut at \(cuts): \(cut), whole: \(whole)")
            }
            guard let message = whole.messages.first, let head = heads.first, message.isComplete else { continue }
            let isEmpty = method == .head || head.status == 204 || head.status == 304
            expect(!isEmpty || message.body.isEmpty, "no content where none can be")
            let framing = head.length.map(BodyFraming.length) ?? (isEmpty ? .none : .chunked)
            var out: [UInt8] = []
            HTTP1Serializer.appendResponse(
                Response(status: head.status, fields: head.fields), framing: framing, date: nil,
                connection: head.keepAlive ? .none : .close, to: &out)
            if !isEmpty { appendBody(message.body, framing, &out) }
            let (again, parsed) = readResponses(out, cuts: [], to: method, limits: wideLimits)
            expect(again.error == nil && again.consumed == out.count, "what is written is a response: \(again)")
            expect(again.messages[0].isComplete && parsed[0].status == head.status, "the same status")
            expect(parsed[0].length == head.length && parsed[0].keepAlive == head.keepAlive, "the same framing")
            expect(sameBytes(forwarded(parsed[0].fields), forwarded(head.fields)), "the same fields")
            expect(again.messages[0].body == message.body, "the same content")
        }
    }
}
