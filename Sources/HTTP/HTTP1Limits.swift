/// How much of a message's framing an HTTP/1 parser takes. Sizes are bytes; each is the most that is accepted.
package struct HTTP1Limits: Sendable {
    /// A request or status line, without its CRLF. One more is 414.
    package var requestLine: Int
    /// All field lines of a head together, each with its CRLF. One more is 431.
    package var fieldsSize: Int
    /// Field lines in a head. One more is 431.
    package var fieldCount: Int
    /// A chunk-size line with its extensions, without its CRLF.
    package var chunkLine: Int
    /// What the chunk lines of one message may cost beyond twice the data they carry and 16 bytes each.
    package var chunkOverhead: Int
    /// All trailer field lines together, each with its CRLF. One more is 431.
    package var trailersSize: Int
    /// Interim (1xx) responses before the final one.
    package var interimResponses: Int

    package init(
        requestLine: Int = 8192, fieldsSize: Int = 32768, fieldCount: Int = 100, chunkLine: Int = 1024,
        chunkOverhead: Int = 16384, trailersSize: Int = 8192, interimResponses: Int = 8
    ) {
        self.requestLine = requestLine
        self.fieldsSize = fieldsSize
        self.fieldCount = fieldCount
        self.chunkLine = chunkLine
        self.chunkOverhead = chunkOverhead
        self.trailersSize = trailersSize
        self.interimResponses = interimResponses
    }
}
