import Posix
import Settings
import TLS

/// The sockets of all listeners, bound before any worker starts, so that a port that is taken is one clear
/// message and nothing half started.
struct ListeningSockets: Sendable {
    /// One socket that listens. Whoever takes its descriptor owns it.
    struct Bound: Sendable {
        let name: String
        let descriptor: Int32
        /// Nil for plain HTTP.
        let tls: TLSServerContext?
        var hasProxyHeaders = false

        func take() -> FileDescriptor { FileDescriptor(owning: descriptor) }
    }

    private var perWorker: [[Bound]]
    /// By the listener's name.
    private(set) var contexts: [String: TLSServerContext] = [:]

    init(_ configuration: Configuration, workers: Int) throws {
        perWorker = Array(repeating: [], count: workers)
        for listener in configuration.listeners {
            let tls = try listener.tls.map { try TLSContexts.server($0) }
            contexts[listener.name] = tls
            let key = "listeners.\(listener.name).address"
            for (index, descriptor) in try Self.bind(listener.address, key: key, count: workers).enumerated() {
                perWorker[index].append(
                    Bound(
                        name: listener.name, descriptor: descriptor, tls: tls,
                        hasProxyHeaders: listener.proxyProtocol))
            }
        }
    }

    func forWorker(_ index: Int) -> [Bound] { perWorker[index] }

    static func admin(_ settings: AdminSettings) throws -> Bound {
        Bound(name: "admin", descriptor: try bind(settings.address, key: "admin.address", count: 1)[0], tls: nil)
    }

    /// Over IP a socket for each worker, among which the kernel spreads the connections (SO_REUSEPORT). A Unix
    /// socket's path can be bound once: the workers share what it accepts.
    private static func bind(_ address: ListenAddress, key: String, count: Int) throws -> [Int32] {
        switch address {
        case .ip(let ip, let port):
            guard let socketAddress = SocketAddress(ip: ip.description, port: port) else {
                throw StartFailure("\(key): \(address) is no address")
            }
            do throws(SystemError) {
                // Without SO_REUSEPORT first: with it, a second Postern would share the port unnoticed.
                _ = try Socket.listen(on: socketAddress, backlog: 1)
                var descriptors: [Int32] = []
                for _ in 0..<count {
                    descriptors.append(try Socket.listen(on: socketAddress, reusePort: count > 1).take())
                }
                return descriptors
            } catch {
                throw failure(error, address, key)
            }
        case .unix(let path):
            do throws(SystemError) {
                let first = try Socket.listen(on: .unix(path: path))
                var descriptors: [Int32] = []
                for _ in 1..<max(count, 1) { descriptors.append(try first.duplicate().take()) }
                return [first.take()] + descriptors
            } catch {
                throw failure(error, address, key)
            }
        case .systemd(let name):
            throw StartFailure("\(key): systemd:\(name): \(Self.noActivation)")
        }
    }

    /// What there is to say of sockets that systemd would hand over.
    static let noActivation = "sockets from systemd are not implemented yet: use ADDRESS:PORT or unix:PATH"

    private static func failure(_ error: SystemError, _ address: ListenAddress, _ key: String) -> StartFailure {
        let remedy =
            if error.isAddressInUse {
                "Another program listens there: end it, or choose another address."
            } else if error.isPermissionDenied {
                "Ports below 1024 need root or CAP_NET_BIND_SERVICE."
            } else if error.isAddressNotAvailable {
                "This machine has no such address."
            } else {
                "Choose another address."
            }
        return StartFailure("\(key): cannot listen on \(address): \(error.reason). \(remedy)")
    }
}
