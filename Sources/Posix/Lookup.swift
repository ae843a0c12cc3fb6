import CEpoll
import Glibc

/// Asks the system for a host's addresses.
package enum NameLookup {
    package struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
        package let host: String
        package let reason: String

        package init(host: String, reason: String) {
            self.host = host
            self.reason = reason
        }

        /// `id.example.com: Name or service not known`
        package var description: String { "\(host): \(reason)" }
    }

    /// Blocks, for seconds where the name server is silent: never call it on a loop's thread.
    ///
    /// - Returns: at least one address, in the order in which the system prefers them (RFC 6724), with port 0.
    package static func addresses(of host: String) throws(Failure) -> [SocketAddress] {
        guard !host.utf8.contains(0) else { throw Failure(host: host, reason: "not a host name") }
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_ADDRCONFIG
        var first: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, nil, &hints, &first)
        guard code == 0 else {
            throw Failure(host: host, reason: gai_strerror(code).map { String(cString: $0) } ?? "error \(code)")
        }
        defer { freeaddrinfo(first) }
        var found: [SocketAddress] = []
        var next = first
        while let entry = next?.pointee {
            let bytes = UnsafeRawBufferPointer(start: entry.ai_addr, count: Int(entry.ai_addrlen))
            if let address = SocketAddress(kernelForm: bytes, count: bytes.count), !found.contains(address) {
                found.append(address)
            }
            next = entry.ai_next
        }
        guard !found.isEmpty else { throw Failure(host: host, reason: "no address") }
        return found
    }
}
