/// Whom to connect to.
package struct Endpoint: Hashable, Sendable, CustomStringConvertible {
    /// A name or an IP address, the latter without brackets.
    package let host: String
    package let port: Int
    package let isSecure: Bool
    /// Whom the server's certificate must be for. The host, unless the connection takes a detour.
    package let serverName: String

    package init(host: String, port: Int, isSecure: Bool, serverName: String? = nil) {
        self.host = host
        self.port = port
        self.isSecure = isSecure
        self.serverName = serverName ?? host
    }

    /// `https://s3.example.com:443`
    package var description: String {
        "\(isSecure ? "https" : "http")://\(host.contains(":") ? "[\(host)]" : host):\(port)"
    }
}
