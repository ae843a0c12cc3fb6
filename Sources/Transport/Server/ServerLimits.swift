import HTTP
import HTTP2
import Posix

/// How much, and for how long, the server puts up with. Every limit has its name and default here.
package struct ServerLimits: Sendable {
    /// From the accepted connection to the end of the TLS handshake.
    package var handshakeTime = Nanoseconds.seconds(10)
    /// TLS handshakes under way at a time, of one worker; one more ends the oldest.
    package var handshakes = 1000
    /// For a whole request head, from its first byte (on a new connection: from the accept). Absolute: a
    /// trickle of bytes does not extend it.
    package var headTime = Nanoseconds.seconds(10)
    /// Between two requests on a connection.
    package var idleTime = Nanoseconds.seconds(60)
    /// Between two arrivals of a request body's bytes.
    package var bodyIdleTime = Nanoseconds.seconds(10)
    /// Bytes a second that a request body brings on average, `bodyIdleTime` aside; 0 for none.
    package var minReadRate = 512
    /// In each such window in which there is more of a response than the client has taken, it takes some.
    package var writeIdleTime = Nanoseconds.seconds(30)
    /// Bytes a second that it takes on average over such a window; 0 for none.
    package var minWriteRate = 512
    /// From the end of a request's head to the end of its response.
    package var requestTime = Nanoseconds.seconds(86_400)
    /// While nothing is owed by the client: until the handler answers, and between two pieces of its body.
    /// The last resort against a handler that never speaks; whoever can fail has a shorter limit of its own.
    package var handlerTime = Nanoseconds.seconds(120)
    /// How long a connection that was ended waits for the client to end it too (RFC 9112 section 9.6).
    package var lingerTime = Nanoseconds.seconds(5)
    /// How many bytes are read and dropped in that time.
    package var lingerBytes = 1 << 20
    /// How long a connection on which nothing is asked is kept while the server goes down: what its client sends before
    /// it knows is answered.
    package var drainIdleTime = Nanoseconds.seconds(2)
    /// How much of a request body that nobody asked for is read and dropped so that the connection can be kept.
    package var discardBytes = 64 << 10
    /// How much of an answer the kernel takes beyond what it has sent, in bytes.
    package var unsentBytes: Int32 = 512 << 10
    /// Connections of one listener on one worker.
    package var connections = 20_000
    /// Requests on one connection; the last one's response closes it.
    package var requestsPerConnection = 100_000
    /// How long accepting pauses when the system has no descriptor or no memory left.
    package var acceptPause = Nanoseconds.milliseconds(100)
    /// For heads of HTTP/2 too.
    package var http1 = HTTP1Limits()
    package var http2 = HTTP2Limits()

    package init() {}
}
