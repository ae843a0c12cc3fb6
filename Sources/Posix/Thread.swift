import CEpoll
import Glibc
import Synchronization

/// A thread of the system, for what may block or spins a loop of its own.
package final class Thread: Sendable {
    private let handle: pthread_t
    private let joined = Mutex(false)

    private init(handle: pthread_t) { self.handle = handle }

    /// - Parameter name: what `top` and the debugger show; its first 15 bytes.
    @discardableResult
    package static func spawn(name: String, _ body: @escaping @Sendable () -> Void) throws(SystemError) -> Thread {
        var handle = pthread_t()
        let start = Unmanaged.passRetained(Start(name: name, body: body))
        let code = pthread_create(&handle, nil, runThread, start.toOpaque())
        guard code == 0 else {
            start.release()
            throw SystemError(errno: code, call: "pthread_create")
        }
        return Thread(handle: handle)
    }

    /// Waits until the thread has ended. Once it has, further calls return at once.
    package func join() {
        joined.withLock { joined in
            if !joined { pthread_join(handle, nil) }
            joined = true
        }
    }

    deinit {
        joined.withLock { joined in
            if !joined { pthread_detach(handle) }
        }
    }

    /// Blocks the calling thread.
    package static func sleep(_ duration: Nanoseconds) {
        var left = timespec(
            tv_sec: Int(duration.count / 1_000_000_000), tv_nsec: Int(duration.count % 1_000_000_000))
        withUnsafeMutablePointer(to: &left) { while nanosleep($0, $0) == -1 && errno == EINTR {} }
    }
}

/// Names a thread without owning it.
package struct ThreadID: @unchecked Sendable, Equatable {
    private let handle: pthread_t

    package static var current: ThreadID { ThreadID(handle: pthread_self()) }

    package static func == (left: ThreadID, right: ThreadID) -> Bool {
        pthread_equal(left.handle, right.handle) != 0
    }
}

private final class Start: Sendable {
    let name: String
    let body: @Sendable () -> Void

    init(name: String, body: @escaping @Sendable () -> Void) {
        self.name = name
        self.body = body
    }
}

private func runThread(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    let start = Unmanaged<Start>.fromOpaque(argument!).takeRetainedValue()
    _ = pthread_setname_np(pthread_self(), String(decoding: start.name.utf8.prefix(15), as: UTF8.self))
    start.body()
    return nil
}
