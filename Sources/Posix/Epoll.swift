import CEpoll
import Glibc

/// What a descriptor is ready for.
package struct Readiness: OptionSet, Sendable {
    package let rawValue: UInt32
    @inlinable package init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Bytes, a connection to accept, the end or an error can be read.
    package static let readable = Readiness(rawValue: 1)
    package static let writable = Readiness(rawValue: 2)
    /// The peer sends no more. Bytes that it sent before may still wait to be read.
    package static let peerClosed = Readiness(rawValue: 4)
    /// The connection is dead both ways.
    package static let failed = Readiness(rawValue: 8)
    /// Nothing happened: the handler had asked to be called again.
    package static let again = Readiness(rawValue: 16)

    init(epoll events: UInt32) {
        var ready: Readiness = []
        if events & (EPOLLIN.rawValue | EPOLLRDHUP.rawValue | EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0 {
            ready.insert(.readable)
        }
        if events & (EPOLLOUT.rawValue | EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0 { ready.insert(.writable) }
        if events & (EPOLLRDHUP.rawValue | EPOLLHUP.rawValue) != 0 { ready.insert(.peerClosed) }
        if events & (EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0 { ready.insert(.failed) }
        self = ready
    }
}

/// An edge-triggered epoll instance and the room for what it reports.
///
/// A descriptor is added once, for reading and writing; each change of state is reported once, so
/// whoever is told must read or write until the kernel says that it would block. Closing a
/// descriptor takes it out.
package struct Epoll: ~Copyable {
    private let descriptor: FileDescriptor
    private let events: UnsafeMutablePointer<epoll_event>
    private let capacity: Int

    package init(capacity: Int = 256) throws(SystemError) {
        let raw = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard raw >= 0 else { throw SystemError.last("epoll_create1") }
        descriptor = FileDescriptor(owning: raw)
        events = .allocate(capacity: capacity)
        self.capacity = capacity
    }

    deinit { events.deallocate() }

    /// - Parameters:
    ///   - token: comes back with each report.
    ///   - isShared: other epolls watch the same socket for connections to accept: each wakes one of them, not all
    ///     (EPOLLEXCLUSIVE).
    package borrowing func add(_ raw: Int32, token: UInt64, isShared: Bool = false) throws(SystemError) {
        let interest =
            isShared
            ? EPOLLIN.rawValue | EPOLLET.rawValue | EPOLLEXCLUSIVE.rawValue
            : EPOLLIN.rawValue | EPOLLOUT.rawValue | EPOLLRDHUP.rawValue | EPOLLET.rawValue
        var event = epoll_event(events: interest, data: epoll_data_t(u64: token))
        if epoll_ctl(descriptor.raw, EPOLL_CTL_ADD, raw, &event) == 0 { return }
        guard errno == EEXIST, epoll_ctl(descriptor.raw, EPOLL_CTL_MOD, raw, &event) == 0 else {
            throw SystemError.last("epoll_ctl")
        }
    }

    package borrowing func remove(_ raw: Int32) {
        var event = epoll_event()
        _ = epoll_ctl(descriptor.raw, EPOLL_CTL_DEL, raw, &event)
    }

    /// How many reports there are; waits for the first one. An interrupted wait reports none.
    ///
    /// - Parameter milliseconds: at most so long; -1 for ever.
    package borrowing func wait(milliseconds: Int32) -> Int {
        let count = epoll_wait(descriptor.raw, events, Int32(capacity), milliseconds)
        guard count < 0 else { return Int(count) }
        precondition(errno == EINTR, "epoll_wait failed with errno \(errno)")
        return 0
    }

    /// The report at `index` of the last wait.
    package borrowing func report(_ index: Int) -> (token: UInt64, readiness: Readiness) {
        let event = events[index]
        return (event.data.u64, Readiness(epoll: event.events))
    }
}

/// Wakes an epoll from another thread.
package struct EventFD: ~Copyable, Sendable {
    package let descriptor: FileDescriptor

    package init() throws(SystemError) {
        let raw = eventfd(0, Int32(EFD_NONBLOCK) | Int32(EFD_CLOEXEC))
        guard raw >= 0 else { throw SystemError.last("eventfd") }
        descriptor = FileDescriptor(owning: raw)
    }

    /// Any thread may call it. To an edge-triggered epoll every call is an edge, so nobody need read the counter.
    package borrowing func signal() {
        var one: UInt64 = 1
        let raw = descriptor.raw
        _ = uninterrupted { write(raw, &one, 8) }
    }

    /// The sum of the signals since the last call; 0 where there was none.
    package borrowing func drain() -> UInt64 {
        var count: UInt64 = 0
        let raw = descriptor.raw
        return uninterrupted({ read(raw, &count, 8) }) == 8 ? count : 0
    }
}
