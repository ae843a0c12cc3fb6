import Bytes
import HTTP
import Transport

/// An address that a provider's metadata names, as the client needs it.
struct ServiceURL {
    let endpoint: Endpoint
    /// The value of `Host`.
    let authority: String
    /// The path and the query, as they were written.
    let target: [UInt8]

    /// Nil for anything but `http` or `https`, a host, perhaps a port, a path and a query of URI characters.
    init?(_ text: String) {
        let isSecure = text.hasPrefix("https://")
        guard isSecure || text.hasPrefix("http://") else { return nil }
        let rest = text.dropFirst(isSecure ? 8 : 7)
        let end = rest.firstIndex { $0 == "/" || $0 == "?" || $0 == "#" } ?? rest.endIndex
        guard let authority = Authority(String(rest[..<end])) else { return nil }
        var target = String(rest[end...])
        if !target.hasPrefix("/") { target = "/" + target }
        guard target.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x23 }) else { return nil }
        endpoint = Endpoint(host: authority.host, port: authority.port ?? (isSecure ? 443 : 80), isSecure: isSecure)
        self.authority = authority.description
        self.target = Array(target.utf8)
    }
}
