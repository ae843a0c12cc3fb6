import CEpoll
import Glibc

/// The signals that Postern acts on.
package enum Signal: Int32, Sendable, CaseIterable {
    case hangUp = 1
    case interrupt = 2
    case user1 = 10
    case terminate = 15

    /// A write to a closed pipe or socket is an error, not the end of the process.
    package static func ignoreBrokenPipes() { _ = signal(SIGPIPE, SIG_IGN) }
}

/// Signals as something to read.
///
/// Made before any other thread starts: threads inherit the mask, so that the signals come here only.
package struct SignalFD: ~Copyable, Sendable {
    package let descriptor: FileDescriptor

    package init(_ signals: [Signal]) throws(SystemError) {
        var set = sigset_t()
        sigemptyset(&set)
        for signal in signals { sigaddset(&set, signal.rawValue) }
        let code = pthread_sigmask(SIG_BLOCK, &set, nil)
        guard code == 0 else { throw SystemError(errno: code, call: "pthread_sigmask") }
        let raw = signalfd(-1, &set, Int32(SFD_NONBLOCK) | Int32(SFD_CLOEXEC))
        guard raw >= 0 else { throw SystemError.last("signalfd") }
        descriptor = FileDescriptor(owning: raw)
    }

    /// The next signal that waits.
    package borrowing func next() -> Signal? {
        var info = signalfd_siginfo()
        let size = MemoryLayout<signalfd_siginfo>.size
        let raw = descriptor.raw
        guard uninterrupted({ read(raw, &info, size) }) == size else { return nil }
        return Signal(rawValue: Int32(bitPattern: info.ssi_signo))
    }

    /// Waits for a signal, for at most so long; -1 for ever.
    package borrowing func wait(milliseconds: Int32 = -1) -> Signal? {
        var item = pollfd(fd: descriptor.raw, events: Int16(POLLIN), revents: 0)
        _ = uninterrupted { poll(&item, 1, milliseconds) }
        return next()
    }
}
