import HTTP

/// What a session has found in a client's bytes, or done with its own. Streams are told by their numbers.
package enum HTTP2Event {
    /// A head is complete and holds. Its content, if any, follows.
    case request(Int32, Request, hasContent: Bool, expectsContinue: Bool)
    /// A head is complete and does not hold: to be answered with the error's status.
    case refused(Int32, HTTP1Error)
    /// Content, by its place in the input given. `consumed` lets the client send as much again.
    case body(Int32, Range<Int>)
    /// The request is whole.
    case end(Int32)
    /// The response has gone out whole, with so many bytes of content. Nothing more is told of the stream.
    case sent(Int32, bytes: Int)
    /// The stream is over before its response was whole. Nothing more is told of it.
    case reset(Int32, StreamReset, sent: Int)
    /// A limit took effect, and the connection may go on.
    case limited(HTTP2Limit)
    /// The client has seen what was sent before `announceShutdown` returned.
    case shutdownSeen
}

/// Why a stream ended before its response did.
package enum StreamReset: Sendable {
    /// The client reset it.
    case client
    /// What the client sent broke the protocol.
    case malformed
    /// The response's content failed, or did not keep to its length.
    case contentFailed
}

/// Why a session ended.
package enum SessionEnding: Sendable {
    /// Either side said that there will be no more, and what ran has finished.
    case finished
    case protocolError
    /// More than the client is allowed.
    case overLimit(HTTP2Limit)
}

/// What a client may have or do so much of on one connection.
package enum HTTP2Limit: Sendable {
    case streams, resets, refusals, idleFrames, continuations
}

/// What follows a response's head.
package enum HTTP2Content {
    case none
    case bytes([UInt8])
    case source(any BodySource, length: Int?)
}
