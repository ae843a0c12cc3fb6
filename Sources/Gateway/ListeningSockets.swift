import Posix
import Settings
import Synchronization
import TLS
import Transport

/// The sockets of all listeners, bound before any worker starts or goes over to a new config, so that a port that is
/// taken is one clear message and nothing half done.
struct ListeningSockets: Sendable {
    /// One listener's socket, for one worker. Whoever opens it owns it; nobody does, and it is closed.
    struct Bound: Sendable {
        let name: String
        let address: ListenAddress
        let descriptor: Held
        let sharing: Sharing
        /// Another instance serves there, or may: nothing is taken from it before this one can serve as well.
        let waits: Bool
        /// Nil for plain HTTP.
        var tls: TLSServerContext?
        var hasProxyHeaders = false

        /// Takes the socket, which listens from now on if it has not before.
        func open() throws(SystemError) -> FileDescriptor {
            let socket = descriptor.take()
            if sharing == .port { try socket.listen() }
            return socket
        }
    }

    /// A socket that nobody has taken yet.
    final class Held: Sendable {
        private let socket: Mutex<FileDescriptor?>

        init(_ socket: consuming FileDescriptor) { self.socket = Mutex(consume socket) }

        func take() -> FileDescriptor {
            guard let socket = socket.withLock({ $0.take() }) else { preconditionFailure("a socket is opened once") }
            return socket
        }
    }

    private var perWorker: [[Bound]]
    let admin: [Bound]

    /// - Parameters:
    ///   - contexts: by the listeners' names.
    ///   - old: what is listened on already, and goes on to be.
    init(
        _ configuration: Configuration, contexts: [String: TLSServerContext], passed: PassedSockets, workers: Int,
        besides old: Configuration? = nil
    ) throws {
        perWorker = Array(repeating: [], count: workers)
        let taken = (old?.listeners.map(\.address) ?? []) + [old?.admin?.address].compactMap { $0 }
        for listener in configuration.listeners
        where old?.listeners.contains(where: { $0.address == listener.address }) != true {
            let tls = contexts[listener.name]
            let address = Address(
                listener.name, "listeners.\(listener.name)", listener.address, reusePort: listener.reusePort,
                taken: taken)
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
            try configuration.admin.flatMap { admin in
                guard admin.address != old?.admin?.address else { return nil }
                return try Address("admin", "admin", admin.address, reusePort: admin.reusePort, taken: taken)
                    .bind(passed, count: 1)[0]
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
    /// This instance's own.
    let taken: [ListenAddress]

    init(_ name: String, _ section: String, _ address: ListenAddress, reusePort: Bool, taken: [ListenAddress]) {
        self.name = name
        self.taken = taken
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
                    sockets.append([bound(socket, reusePort ? .port : .own, waits: isTaken)])
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
        for _ in 1..<max(count, 1) { all.append(bound(try socket.duplicate(), sharing, waits: waits)) }
        all.append(bound(socket, sharing, waits: waits))
        return all
    }

    private func bound(
        _ socket: consuming FileDescriptor, _ sharing: Sharing, waits: Bool
    ) -> ListeningSockets.Bound {
        ListeningSockets.Bound(
            name: name, address: address, descriptor: ListeningSockets.Held(socket), sharing: sharing, waits: waits,
            tls: nil)
    }

    /// Another address of this instance that covers this one, or that this one covers.
    private var overlapping: ListenAddress? {
        guard case .ip(_, let port) = address else { return nil }
        return taken.first { if case .ip(_, port) = $0 { true } else { false } }
    }

    private func failure(_ error: SystemError) -> StartFailure {
        let remedy =
            if error.isAddressInUse, let overlapping {
                "This instance listens on \(overlapping), which covers it or is covered by it: restart to change it."
            } else if error.isAddressInUse {
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
