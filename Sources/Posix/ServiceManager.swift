import CEpoll
import Glibc

/// Whoever runs this process as a service and wants to hear how it fares: systemd, by sd_notify(3).
package struct ServiceManager: Sendable {
    private let address: SocketAddress?
    /// How long it waits for the next `WATCHDOG=1` before it takes this process for stuck (sd_watchdog_enabled(3)); nil
    /// where it does not wait for any.
    package let watchdog: Nanoseconds?

    /// Nobody.
    package static let none = ServiceManager([:], process: 0)

    private static let variables = ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"]

    /// - Parameters:
    ///   - environment: `NOTIFY_SOCKET` is the path of a datagram socket, or an abstract name behind `@`; any other kind
    ///     is nobody. `WATCHDOG_USEC` are microseconds, and `WATCHDOG_PID` says whose they are.
    ///   - process: this one's number.
    package init(_ environment: [String: String], process: Int32) {
        guard let text = environment["NOTIFY_SOCKET"], text.hasPrefix("/") || text.hasPrefix("@"),
            let address = SocketAddress("unix:\(text)")
        else {
            self.address = nil
            watchdog = nil
            return
        }
        self.address = address
        let owner = environment["WATCHDOG_PID"].map { Int32($0) == process } ?? true
        let microseconds = owner ? environment["WATCHDOG_USEC"].flatMap { Int64($0) } : nil
        // More than 292 years are no watchdog.
        watchdog = microseconds.flatMap { (1...Int64.max / 1000).contains($0) ? Nanoseconds($0 * 1000) : nil }
    }

    /// The one that the environment names. The variables are gone afterwards: what they ask is of this process alone.
    package static func take() -> ServiceManager {
        let environment = CurrentProcess.environment
        for variable in variables { unsetenv(variable) }
        return ServiceManager(environment, process: getpid())
    }

    /// How long telling may take, in milliseconds: as long as the queue of its socket is full.
    private static let patience = 500

    /// Tells it. A word that its queue has no room for within half a second is lost.
    ///
    /// - Parameter states: `READY=1`, `STATUS=…` and their like, one each.
    package func tell(_ states: String...) {
        guard let address else { return }
        let raw = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard raw >= 0 else { return }
        defer { close(raw) }
        var limit = timeval(tv_sec: 0, tv_usec: Self.patience * 1000)
        guard setsockopt(raw, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size)) == 0 else {
            return
        }
        let text = Array(states.joined(separator: "\n").utf8)
        _ = address.withKernelForm { name, length in
            text.withUnsafeBytes { bytes in
                uninterrupted { sendto(raw, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL), name, length) }
            }
        }
    }
}
