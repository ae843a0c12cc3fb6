import Glibc

/// Owns an open descriptor, and closes it when it goes.
package struct FileDescriptor: ~Copyable, Sendable {
    package let raw: Int32

    /// Takes over `raw`, which nobody else closes.
    package init(owning raw: Int32) { self.raw = raw }

    deinit { _ = close(raw) }

    /// Gives the descriptor away unclosed.
    package consuming func take() -> Int32 {
        let raw = self.raw
        discard self
        return raw
    }

    /// A second descriptor of the same open file, closed on exec.
    package borrowing func duplicate() throws(SystemError) -> FileDescriptor {
        let copy = fcntl(raw, F_DUPFD_CLOEXEC, 3)
        guard copy >= 0 else { throw SystemError.last("dup") }
        return FileDescriptor(owning: copy)
    }

    package borrowing func setNonblocking() throws(SystemError) {
        let flags = fcntl(raw, F_GETFL)
        guard flags >= 0, fcntl(raw, F_SETFL, flags | O_NONBLOCK) >= 0 else { throw SystemError.last("fcntl") }
    }
}

/// What became of a call that moves bytes and does not block.
package enum IOResult: Sendable, Equatable {
    /// So many were moved; at least one.
    case bytes(Int)
    case wouldBlock
    /// The peer sends no more (only reading says so).
    case end
    case failed(SystemError)
}
