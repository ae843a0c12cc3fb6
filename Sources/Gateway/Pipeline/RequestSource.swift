import HTTP
import Settings
import Transport

/// Where a request comes from: who asked, by which scheme, for which host. The connection says so, and proxies on the
/// way do where `trusted_proxies` names them.
struct RequestSource: Equatable {
    /// The rightmost address that is no trusted proxy's; nil for the connection's own.
    var client: String?
    var isSecure: Bool
    /// What the nearest proxy says that the client asked for.
    var host: String?

    /// - Parameters:
    ///   - peer: the address of the connection's other end.
    ///   - isSecure: whether the connection has TLS.
    init(peer: [UInt8], isSecure: Bool, fields: borrowing Fields, trusted: [AddressRange]) {
        self.isSecure = isSecure
        guard !trusted.isEmpty, Self.contains(trusted, peer) else { return }
        // A proxy that sets the one kind may pass the client's own of the other kind on; more proxies know the older.
        let elements =
            ForwardedFields.hasXForwarded(fields)
            ? ForwardedFields.xForwarded(fields) : ForwardedFields.forwarded(fields)
        guard let nearest = elements.first else { return }
        switch nearest.scheme {
        case "https": self.isSecure = true
        case "http": self.isSecure = false
        default: break
        }
        host = nearest.host
        for element in elements {
            guard let text = element.client, let address = IPAddress(text) else { return }
            client = address.description
            guard Self.contains(trusted, address.bytes) else { return }
        }
    }

    static func contains(_ ranges: [AddressRange], _ address: [UInt8]) -> Bool {
        ranges.contains { $0.contains(address) }
    }
}
