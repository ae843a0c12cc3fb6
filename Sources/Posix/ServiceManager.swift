import CEpoll
import Glibc

/// Whoever runs this process as a service and wants to hear how it fares: systemd, by sd_notify(3).
package struct ServiceManager: Sendable {
    private let address: SocketAddress?

    /// Nobody.
    package static let none = ServiceManager(address: nil)

    private init(address: SocketAddress?) { self.address = address }

    /// - Parameter text: `NOTIFY_SOCKET`: the path of a datagram socket, or an abstract name behind `@`. Any other kind
    ///   is nobody.
    package init(_ text: String?) {
        guard let text, text.hasPrefix("/") || text.hasPrefix("@") else {
            self.init(address: nil)
            return
        }
        self.init(address: SocketAddress("unix:\(text)"))
    }

    /// The one that the environment names. The variable is gone afterwards: what it asks is of this process alone.
    package static func take() -> ServiceManager {
        let text = CurrentProcess.environment["NOTIFY_SOCKET"]
        unsetenv("NOTIFY_SOCKET")
        return ServiceManager(text)
    }

    /// Tells it, and does not wait: a word that cannot be sent at once is lost, and nobody is worse off.
    ///
    /// - Parameter states: `READY=1`, `STATUS=…` and their like, one each.
    package func tell(_ states: String...) {
        guard let address else { return }
        let raw = socket(
            AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        guard raw >= 0 else { return }
        defer { close(raw) }
        let text = Array(states.joined(separator: "\n").utf8)
        _ = address.withKernelForm { name, length in
            text.withUnsafeBytes { bytes in
                uninterrupted { sendto(raw, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL), name, length) }
            }
        }
    }
}
