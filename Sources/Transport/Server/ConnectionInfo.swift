import Posix

/// What a request's handler may know about the connection it came by. Fixed when the first request comes.
package final class ConnectionInfo: Sendable {
    package let peer: SocketAddress
    /// The peer's address as the access log shows it, made once per connection.
    package let peerText: String
    package let isSecure: Bool
    /// The name that the client asked for in the TLS handshake (SNI).
    package let serverName: String?
    /// `TLSv1.3`, or nil without TLS.
    package let tlsVersion: String?
    /// The listener's name in the config.
    package let listener: String

    package init(
        peer: SocketAddress, isSecure: Bool = false, serverName: String? = nil, tlsVersion: String? = nil,
        listener: String
    ) {
        self.peer = peer
        self.peerText = peer.ip
        self.isSecure = isSecure
        self.serverName = serverName
        self.tlsVersion = tlsVersion
        self.listener = listener
    }
}
