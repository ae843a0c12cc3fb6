import HTTP
import Posix

/// What a client takes and how long it waits.
package struct ClientLimits: Sendable {
    /// From the first packet until one of the host's addresses has answered; and once more for the TLS handshake.
    package var connectTime = Nanoseconds.seconds(3)
    /// When an address has been silent so long, the next one is tried beside it (RFC 8305 section 5).
    package var nextAddressTime = Nanoseconds.milliseconds(300)
    /// From the request until the response's first byte.
    package var firstByteTime = Nanoseconds.seconds(30)
    /// Between two pieces of a response, counted while somebody waits for them.
    package var betweenBytesTime = Nanoseconds.seconds(30)
    /// How long a connection is kept without a request: shorter than S3 servers keep theirs, so that it is this
    /// side that ends it.
    package var idleTime = Nanoseconds.seconds(15)
    /// How long a request waits for a connection, the host's look-up included.
    package var queueTime = Nanoseconds.seconds(10)
    /// Connections kept without a request, to one endpoint.
    package var idleConnections = 64
    /// Connections at all, to one endpoint; more requests wait in line.
    package var connections = 256
    /// What the requests that wait for a connection to one endpoint may hold, in bytes. One more fails.
    package var queueSize = 48 << 20
    package var http = HTTP1Limits()
    /// Whether a response's content may end with the connection.
    package var takesUntilClose = false

    package init() {}
}
