import CEpoll
import Glibc

/// Why a system call failed.
package struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
    package let errno: Int32
    /// The call, and what it was about: `bind 127.0.0.1:80`.
    package let call: String

    package init(errno: Int32, call: String) {
        self.errno = errno
        self.call = call
    }

    /// The error that the last call on this thread left.
    static func last(_ call: String) -> SystemError { SystemError(errno: Glibc.errno, call: call) }

    /// `bind 127.0.0.1:80: Permission denied`
    package var description: String { "\(call): \(reason)" }

    /// `Permission denied`
    package var reason: String {
        guard let text = strerrordesc_np(errno) else { return "error \(errno)" }
        return String(cString: text)
    }
}

/// The one policy for interrupted calls: they are made again.
@inline(__always)
func uninterrupted(_ call: () -> Int) -> Int {
    while true {
        let result = call()
        if result != -1 || errno != EINTR { return result }
    }
}

@inline(__always)
func uninterrupted(_ call: () -> Int32) -> Int32 {
    while true {
        let result = call()
        if result != -1 || errno != EINTR { return result }
    }
}

extension SystemError {
    /// A file has more than is read of it (EFBIG).
    package static func tooLarge(_ call: String) -> SystemError { SystemError(errno: EFBIG, call: call) }

    /// Somebody else was faster again and again (EAGAIN).
    package static func busy(_ call: String) -> SystemError { SystemError(errno: EAGAIN, call: call) }

    /// EADDRINUSE: somebody listens there.
    package var isAddressInUse: Bool { errno == EADDRINUSE }
    /// ENOENT or ENOTDIR: nothing has that path.
    package var isMissing: Bool { errno == ENOENT || errno == ENOTDIR }
    /// EACCES or EPERM.
    package var isPermissionDenied: Bool { errno == EACCES || errno == EPERM }
    /// EADDRNOTAVAIL: no interface has the address.
    package var isAddressNotAvailable: Bool { errno == EADDRNOTAVAIL }
}
