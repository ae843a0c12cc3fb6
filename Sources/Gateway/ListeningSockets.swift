import Posix
import Settings
import TLS
import Transport

/// The sockets of all listeners, bound before any worker starts, so that a port that is taken is one clear
/// message and nothing half started.
struct ListeningSockets: Sendable {
    /// One listener's socket, for one worker. Whoever opens it owns it.
    struct Bound: Sendable {
        let name: String
        fileprivate let descriptor: Int32
        let sharing: Sharing
        /// Another instance serves there, or may: nothing is taken from it before this one can serve as well.
        let waits: Bool
        /// Nil for plain HTTP.
        var tls: TLSServerContext?
        var hasProxyHeaders = false

        /// Takes the socket, which listens from now on if it has not before.
        func open() throws(SystemError) -> FileDescriptor {
            let socket = FileDescriptor(owning: descriptor)
            if sharing == .port { try socket.listen() }
            return socket
        }
    }

    private var perWorker: [[Bound]]
    let admin: [Bound]
    /// By the listener's name.
    private(set) var contexts: [String: TLSServerContext] = [:]

    init(_ configuration: Configuration, passed: PassedSockets, workers: Int) throws {
        perWorker = Array(repeating: [], count: workers)
        for listener in configuration.listeners {
            let tls = try listener.tls.map { try TLSContexts.server($0) }
            contexts[listener.name] = tls
            let address = Address(
                listener.name, "listeners.\(listener.name)", listener.address, reusePort: listener.reusePort)
            for (index, sockets) in try address.bind(passed, count: workers).enumerated() {
                perWorker[index] += sockets.map {
                    var bound = $0
                    bound.tls = tls
                    bound.hasProxyHeaders = listener.proxyProtocol
                    return bound
                }
            }
        }
        admin =
            try configuration.admin.map {
                try Address("admin", "admin", $0.address, reusePort: $0.reusePort).bind(passed, count: 1)[0]
            } ?? []
    }

    func forWorker(_ index: Int) -> [Bound] { perWorker[index] }

    /// The addresses at which another instance listens.
    var joined: [String] {
        ((perWorker.first ?? []) + admin).filter { $0.sharing == .port && $0.waits }.map(\.name)
    }

    /// Whether any of them waits until this instance can serve.
    var wait: Bool { (perWorker.joined() + admin).contains(where: \.waits) }

    /// What does not hold between the config and the sockets that were passed.
    static func faults(_ configuration: Configuration, passed: PassedSockets) -> [Fault] {
        let addresses =
            configuration.listeners.map { ("listeners.\($0.name).address", $0.address) }
            + (configuration.admin.map { [("admin.address", $0.address)] } ?? [])
        let names = Set(passed.all.map(\.name)).sorted().joined(separator: ", ")
        var faults: [Fault] = []
        var taken: Set<String> = []
        for case (let key, .systemd(let name)) in addresses {
            taken.insert(name)
            guard passed.named(name).isEmpty else { continue }
            faults.append(
                passed.all.isEmpty
                    ? fault(
                        configuration, key, "systemd:\(name): no sockets were passed to this process",
                        "Start it by its socket unit, or with systemd-socket-activate --fdname=\(name)")
                    : fault(
                        configuration, key, "systemd:\(name): no socket of this name was passed, but \(names)",
                        "Name it in the socket unit: FileDescriptorName=\(name)"))
        }
        for socket in passed.all where !taken.contains(socket.name) {
            faults.append(
                fault(
                    configuration, "listeners",
                    "the socket \(socket.name) (\(socket.address)) was passed, and is unused",
                    "Give a listener the address systemd:\(socket.name), or take the socket out of its unit"))
        }
        return faults
    }

    private static func fault(
        _ configuration: Configuration, _ key: String, _ message: String, _ remedy: String
    ) -> Fault {
        Fault(.error, file: configuration.file, line: nil, key: key, message: message, remedy: remedy)
    }
}

/// Where one listener listens.
private struct Address {
    let name: String
    let key: String
    let address: ListenAddress
    let reusePort: Bool

    init(_ name: String, _ section: String, _ address: ListenAddress, reusePort: Bool) {
        self.name = name
        self.address = address
        self.reusePort = reusePort
        key = "\(section).address"
    }

    /// Each worker's sockets. Over IP it has one of its own, among which the kernel spreads the connections
    /// (SO_REUSEPORT). A Unix socket's path can be bound once, and a passed socket is what it is: the workers share it.
    func bind(_ passed: PassedSockets, count: Int) throws -> [[ListeningSockets.Bound]] {
        do throws(SystemError) {
            switch address {
            case .ip(let ip, let port):
                guard let socketAddress = SocketAddress(ip: ip.description, port: port) else {
                    throw SystemError(errno: 99, call: "bind")
                }
                let isTaken = try isTaken(socketAddress)
                var sockets: [[ListeningSockets.Bound]] = []
                for _ in 0..<count {
                    let socket = try Socket.bind(to: socketAddress, reusePort: reusePort || count > 1)
                    if !reusePort { try socket.listen() }
                    sockets.append([bound(socket.take(), reusePort ? .port : .own, waits: isTaken)])
                }
                return sockets
            case .unix(let path):
                let socket = try Socket.listen(on: .unix(path: path))
                return try share(socket, count, waits: false).map { [$0] }
            case .systemd(let name):
                var sockets = [[ListeningSockets.Bound]](repeating: [], count: count)
                for one in passed.named(name) {
                    let shared = try share(FileDescriptor(owning: one.descriptor), count, waits: true)
                    for index in 0..<count { sockets[index].append(shared[index]) }
                }
                return sockets
            }
        } catch {
            throw failure(error)
        }
    }

    /// Whether another instance listens there, which this one may join. Without SO_REUSEPORT one finds out: with it, a
    /// second Postern would share the port unnoticed.
    private func isTaken(_ address: SocketAddress) throws(SystemError) -> Bool {
        do throws(SystemError) {
            _ = try Socket.listen(on: address, backlog: 1)
            return false
        } catch {
            guard reusePort, error.isAddressInUse else { throw error }
            return true
        }
    }

    private func share(
        _ socket: consuming FileDescriptor, _ count: Int, waits: Bool
    ) throws(SystemError) -> [ListeningSockets.Bound] {
        let sharing = waits || count > 1 ? Sharing.socket : .own
        var all: [ListeningSockets.Bound] = []
        for _ in 1..<max(count, 1) { all.append(bound(try socket.duplicate().take(), sharing, waits: waits)) }
        all.append(bound(socket.take(), sharing, waits: waits))
        return all
    }

    private func bound(_ descriptor: Int32, _ sharing: Sharing, waits: Bool) -> ListeningSockets.Bound {
        ListeningSockets.Bound(name: name, descriptor: descriptor, sharing: sharing, waits: waits, tls: nil)
    }

    private func failure(_ error: SystemError) -> StartFailure {
        let remedy =
            if error.isAddressInUse {
                reusePort
                    ? "Another program listens there without reuse_port, or as another user: end it, or choose another address."
                    : "Another program listens there: end it, or choose another address."
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
