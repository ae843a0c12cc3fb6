import CEpoll
import Glibc

/// Sockets that listen and were left open for this process by whoever started it: systemd, or another program that
/// keeps to sd_listen_fds(3). They lie at descriptor 3 and upwards, and have names.
package struct PassedSockets: Sendable {
    package struct Passed: Sendable, Equatable {
        /// `FileDescriptorName=`; without names, `unknown`.
        package let name: String
        package let descriptor: Int32
        package let address: SocketAddress
    }

    /// In their order. Nobody owns them yet.
    package let all: [Passed]

    package static let none = PassedSockets(all: [])

    private init(all: [Passed]) { self.all = all }

    private static let first: Int32 = 3
    private static let variables = ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PIDFDID"]

    /// Takes what this process was given, once: the variables are gone afterwards, and no child gets the sockets.
    /// Called before there are other threads, which might read the environment.
    package static func take() throws(PassedSocketError) -> PassedSockets {
        let environment = CurrentProcess.environment
        for variable in variables { unsetenv(variable) }
        return try PassedSockets(environment, process: getpid(), first: first)
    }

    /// - Parameter first: the number of the first descriptor.
    init(_ environment: [String: String], process: Int32, first: Int32) throws(PassedSocketError) {
        // What was meant for another process, a parent say, is not ours: its descriptors may be closed, or others.
        guard let owner = environment["LISTEN_PID"], let numbers = environment["LISTEN_FDS"], Int32(owner) == process
        else {
            self.init(all: [])
            return
        }
        guard let count = Int32(numbers), count >= 0, count < Int32.max - first else {
            throw PassedSocketError("LISTEN_FDS is '\(numbers)', and no number of sockets")
        }
        var names = [String](repeating: "unknown", count: 0)
        if let text = environment["LISTEN_FDNAMES"] {
            names = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            guard names.count == Int(count) || count == 0 else {
                throw PassedSocketError("LISTEN_FDNAMES has \(names.count) names for \(count) sockets")
            }
        }
        var all: [Passed] = []
        for index in 0..<count {
            let name = names.isEmpty ? "unknown" : names[Int(index)]
            all.append(try Self.check(first + index, name))
        }
        self.init(all: all)
    }

    private static func check(_ descriptor: Int32, _ name: String) throws(PassedSocketError) -> Passed {
        func refusal(_ why: String) -> PassedSocketError {
            PassedSocketError("the socket \(name) that was passed (descriptor \(descriptor)) \(why)")
        }
        guard let type = option(SO_TYPE, of: descriptor) else { throw refusal("is no socket, or closed") }
        guard type == Int32(SOCK_STREAM.rawValue) else { throw refusal("is no stream socket (ListenStream=)") }
        guard option(SO_ACCEPTCONN, of: descriptor) == 1 else {
            throw refusal("does not listen (ListenStream=, and Accept=no)")
        }
        guard fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0, case let flags = fcntl(descriptor, F_GETFL), flags >= 0,
            fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) == 0
        else { throw refusal("cannot be used: \(SystemError.last("fcntl").reason)") }
        let (result, address) = SocketAddress.reading { getsockname(descriptor, $0, $1) }
        guard result == 0 else { throw refusal("has no address") }
        return Passed(name: name, descriptor: descriptor, address: address)
    }

    private static func option(_ option: Int32, of descriptor: Int32) -> Int32? {
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, SOL_SOCKET, option, &value, &length) == 0 ? value : nil
    }

    /// Those of this name, in their order.
    package func named(_ name: String) -> [Passed] { all.filter { $0.name == name } }
}

/// Why the passed sockets cannot be used, in a sentence without its full stop.
package struct PassedSocketError: Error, Sendable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
