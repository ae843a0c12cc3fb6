import Glibc

/// Where a socket is bound, or to whom it is connected.
package enum SocketAddress: Hashable, Sendable {
    /// Both in host byte order.
    case ipv4(address: UInt32, port: UInt16)
    /// The sixteen bytes as two big-endian halves; `scope` is the interface's number for link-local addresses.
    case ipv6(high: UInt64, low: UInt64, port: UInt16, scope: UInt32 = 0)
    /// A path; a leading `@` stands for the abstract name space. Empty: a peer without a name.
    case unix(path: String)

    /// - Parameter text: `127.0.0.1:80`, `[::1]:80`, `localhost:80` (its IPv4 side) or `unix:/run/x.sock`.
    package init?(_ text: some StringProtocol) {
        if text.hasPrefix("unix:") {
            let path = text.dropFirst(5)
            guard !path.isEmpty, path.utf8.count < 108, !path.utf8.contains(0) else { return nil }
            self = .unix(path: String(path))
            return
        }
        guard let colon = text.lastIndex(of: ":"), let port = Self.port(text[text.index(after: colon)...]) else {
            return nil
        }
        let host = text[..<colon]
        if host.first == "[" {
            guard host.last == "]", host.contains(":") else { return nil }
            self.init(ip: host.dropFirst().dropLast(), port: port)
        } else if host.contains(":") {
            return nil
        } else {
            self.init(ip: host == "localhost" ? "127.0.0.1" : host, port: port)
        }
    }

    /// - Parameter ip: an IPv4 address in four decimal parts, or an IPv6 address without brackets.
    package init?(ip: some StringProtocol, port: UInt16) {
        let text = String(ip)
        guard !text.utf8.contains(0) else { return nil }
        var v4 = in_addr()
        if inet_pton(AF_INET, text, &v4) == 1 {
            self = .ipv4(address: UInt32(bigEndian: v4.s_addr), port: port)
            return
        }
        var v6 = in6_addr()
        guard inet_pton(AF_INET6, text, &v6) == 1 else { return nil }
        self = Self.ipv6(v6, port: port, scope: 0)
    }

    private static func port(_ text: some StringProtocol) -> UInt16? {
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
        return UInt16(text)
    }

    /// Nil for a Unix socket.
    package var port: UInt16? {
        switch self {
        case .ipv4(_, let port), .ipv6(_, _, let port, _): port
        case .unix: nil
        }
    }

    package func with(port: UInt16) -> SocketAddress {
        switch self {
        case .ipv4(let address, _): .ipv4(address: address, port: port)
        case .ipv6(let high, let low, _, let scope): .ipv6(high: high, low: low, port: port, scope: scope)
        case .unix: self
        }
    }

    /// The address alone: `127.0.0.1`, `::1`; an IPv4 address mapped into IPv6 as IPv4. Of a Unix socket: `unix`.
    package var ip: String {
        switch self {
        case .ipv4(let address, _):
            return "\(address >> 24).\(address >> 16 & 255).\(address >> 8 & 255).\(address & 255)"
        case .ipv6(0, let low, let port, _) where low >> 32 == 0xFFFF:
            return SocketAddress.ipv4(address: UInt32(truncatingIfNeeded: low), port: port).ip
        case .ipv6(let high, let low, _, _):
            var address = in6_addr()
            withUnsafeMutableBytes(of: &address) {
                $0.storeBytes(of: high.bigEndian, toByteOffset: 0, as: UInt64.self)
                $0.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
            }
            var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
            guard inet_ntop(AF_INET6, &address, &text, socklen_t(text.count)) != nil else { return "::" }
            return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        case .unix:
            return "unix"
        }
    }

    /// Only reachable from this machine: 127.0.0.0/8, ::1, or a Unix socket.
    package var isLoopback: Bool {
        switch self {
        case .ipv4(let address, _): address >> 24 == 127
        case .ipv6(0, let low, _, _): low == 1 || low >> 24 == 0xFFFF_7F
        case .ipv6: false
        case .unix: true
        }
    }

    /// The sixteen bytes of an IPv6 address, or the four of an IPv4 one (mapped ones too), in network order.
    package var ipBytes: [UInt8] {
        switch self {
        case .ipv4(let address, _):
            return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: address >> $0) }
        case .ipv6(0, let low, let port, _) where low >> 32 == 0xFFFF:
            return SocketAddress.ipv4(address: UInt32(truncatingIfNeeded: low), port: port).ipBytes
        case .ipv6(let high, let low, _, _):
            return [high, low].flatMap { half in
                stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: half >> UInt64($0)) }
            }
        case .unix:
            return []
        }
    }
}

extension SocketAddress: CustomStringConvertible {
    /// As `init(_:)` reads it.
    package var description: String {
        switch self {
        case .ipv4(_, let port): "\(ip):\(port)"
        case .ipv6(0, let low, let port, _) where low >> 32 == 0xFFFF: "\(ip):\(port)"
        case .ipv6(_, _, let port, _): "[\(ip)]:\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }
}

/// To and from the kernel's form.
extension SocketAddress {
    var family: Int32 {
        switch self {
        case .ipv4: AF_INET
        case .ipv6: AF_INET6
        case .unix: AF_UNIX
        }
    }

    static func ipv6(_ address: in6_addr, port: UInt16, scope: UInt32) -> SocketAddress {
        withUnsafeBytes(of: address) {
            .ipv6(
                high: UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
                low: UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self)),
                port: port, scope: scope)
        }
    }

    func withKernelForm<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        var storage = sockaddr_storage()
        let length = withUnsafeMutableBytes(of: &storage) { bytes -> Int in
            switch self {
            case .ipv4(let address, let port):
                var form = sockaddr_in()
                form.sin_family = sa_family_t(AF_INET)
                form.sin_port = port.bigEndian
                form.sin_addr.s_addr = address.bigEndian
                bytes.storeBytes(of: form, as: sockaddr_in.self)
                return MemoryLayout<sockaddr_in>.size
            case .ipv6(let high, let low, let port, let scope):
                var form = sockaddr_in6()
                form.sin6_family = sa_family_t(AF_INET6)
                form.sin6_port = port.bigEndian
                form.sin6_scope_id = scope
                withUnsafeMutableBytes(of: &form.sin6_addr) {
                    $0.storeBytes(of: high.bigEndian, toByteOffset: 0, as: UInt64.self)
                    $0.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
                }
                bytes.storeBytes(of: form, as: sockaddr_in6.self)
                return MemoryLayout<sockaddr_in6>.size
            case .unix(let path):
                bytes.storeBytes(of: sa_family_t(AF_UNIX), as: sa_family_t.self)
                let isAbstract = path.utf8.first == 0x40
                let name = path.utf8.prefix(107)
                for (index, byte) in name.enumerated() {
                    bytes[2 + index] = index == 0 && isAbstract ? 0 : byte
                }
                return 2 + name.count + (isAbstract ? 0 : 1)
            }
        }
        return withUnsafePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(length)) }
        }
    }

    /// Calls `fill` with room for an address, and reads what it left there.
    static func reading(
        _ fill: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
    ) -> (result: Int32, address: SocketAddress) {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { fill($0, &length) }
        }
        guard result >= 0 else { return (result, .unix(path: "")) }
        let address = withUnsafeBytes(of: &storage) { SocketAddress(kernelForm: $0, count: Int(length)) }
        return (result, address ?? .unix(path: ""))
    }

    init?(kernelForm bytes: UnsafeRawBufferPointer, count: Int) {
        guard count >= 2 else { return nil }
        switch Int32(bytes.loadUnaligned(as: sa_family_t.self)) {
        case AF_INET:
            let form = bytes.loadUnaligned(as: sockaddr_in.self)
            self = .ipv4(address: UInt32(bigEndian: form.sin_addr.s_addr), port: UInt16(bigEndian: form.sin_port))
        case AF_INET6:
            let form = bytes.loadUnaligned(as: sockaddr_in6.self)
            self = Self.ipv6(form.sin6_addr, port: UInt16(bigEndian: form.sin6_port), scope: form.sin6_scope_id)
        case AF_UNIX:
            let name = bytes[2..<min(count, 110)]
            if name.count > 1, name.first == 0 {
                self = .unix(path: "@" + String(decoding: name.dropFirst(), as: UTF8.self))
            } else {
                self = .unix(path: String(decoding: name.prefix { $0 != 0 }, as: UTF8.self))
            }
        default:
            return nil
        }
    }
}
