/// Why a message is not acceptable HTTP/1: a closed list. The raw value is the reason for the log; it never
/// holds a byte of the message. Whichever it is, the connection cannot be used further.
package enum HTTP1Error: String, Error, Sendable, CaseIterable {
    // Lines
    case bareCarriageReturn = "a CR without its LF"
    case bareLineFeed = "a line that ends in LF alone"
    case controlByte = "a control byte in a line"

    // The request line
    case requestLine = "a malformed request line"
    case method = "a malformed method"
    case target = "a malformed request target"
    case targetTooLong = "a request line beyond the limit"
    case version = "a malformed HTTP version"
    case unsupportedVersion = "an HTTP version that is not spoken here"
    case http2Preface = "an HTTP/2 preface on an HTTP/1 connection"

    // Fields
    case fieldLine = "a malformed field line"
    case foldedField = "a folded field line"
    case fieldName = "a field name with an underscore"
    case tooManyFields = "more fields than the limit"
    case fieldsTooLarge = "fields larger than the limit"
    case duplicateField = "a field that may occur once occurs twice"
    case missingHost = "no Host field"
    case host = "a malformed Host field"
    case hostMismatch = "a target for another host than the Host field's"
    case connectionOption = "a Connection option that names an end-to-end field"
    case expectation = "an unknown expectation"

    // Framing
    case contentLength = "a malformed Content-Length"
    case transferEncoding = "a malformed Transfer-Encoding"
    case unknownTransferCoding = "a transfer coding that is not implemented"
    case ambiguousFraming = "both Content-Length and Transfer-Encoding"
    case chunk = "a malformed chunk"
    case chunkOverhead = "chunk lines beyond the limit"
    case trailer = "a malformed trailer field"
    case trailersTooLarge = "trailers larger than the limit"

    // Responses
    case statusLine = "a malformed status line"
    case switchedProtocols = "101 where no upgrade was asked for"
    case tooManyInterim = "more interim responses than the limit"
    case missingFraming = "a response whose end only a closed connection would mark"
    case truncated = "the connection ended inside a message"
    case closed = "the connection ended before a message began"

    /// The status to answer a request with. Meaningless for a response.
    package var status: Int {
        switch self {
        case .targetTooLong: 414
        case .tooManyFields, .fieldsTooLarge, .trailersTooLarge: 431
        case .expectation: 417
        case .unknownTransferCoding: 501
        case .unsupportedVersion, .http2Preface: 505
        default: 400
        }
    }

    package var reason: String { rawValue }
}
