/// A message's content, pulled by whoever consumes it.
///
/// A source is asked for bytes and never speaks first, so that a slow consumer slows the producer
/// down without a buffer between them. All calls are made on one event loop's thread.
package protocol BodySource: AnyObject {
    /// How many bytes there are in all, where that is known beforehand.
    var length: Int? { get }

    /// Whom to tell, once, that bytes (or the end, or a failure) have come after `read` said `.wait`.
    /// Held weakly. The call comes from the event loop, never from within `read`.
    var consumer: (any BodyConsumer)? { get set }

    /// Appends as much as is there and fits to `out`.
    func read(into out: inout OutputSpan<UInt8>) -> BodyRead

    /// The consumer wants no more: give everything back. Nothing is read after it.
    func cancel()
}

package protocol BodyConsumer: AnyObject {
    func bodyIsReady()
}

package enum BodyRead: Sendable, Equatable {
    /// At least one byte was appended; there may be more at once.
    case bytes
    /// Nothing now. The consumer is told when to ask again.
    case wait
    /// All has been read. Bytes may have been appended by this very call.
    case end
    /// The content ends before its end; what was read of it must not look whole.
    case failed(BodyFailure)
}

package enum BodyFailure: Error, Sendable, Equatable {
    /// The peer went away, or reset the stream.
    case disconnected
    case timedOut
    /// The framing broke, or the content is longer or shorter than announced.
    case malformed
    /// Larger than the consumer accepts.
    case tooLarge
}
