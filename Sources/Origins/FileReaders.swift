import Posix
import Reactor

/// The threads that wait for a directory's disk in place of the loop's, and for how long one is waited for.
final class FileReaders {
    private let loop: EventLoop
    private let threads: BlockingCalls
    private let timeout: Nanoseconds

    enum Answer<Value> {
        case value(Value)
        case timedOut
    }

    /// Something asked of the disk.
    final class Call {
        private let readers: FileReaders
        fileprivate var ticket: BlockingCalls.Ticket?
        fileprivate var timer: TimerToken?

        fileprivate init(_ readers: FileReaders) { self.readers = readers }

        /// Nothing is told any more. Does nothing once something was.
        func cancel() {
            if let ticket { readers.threads.cancel(ticket) }
            if let timer { readers.loop.cancel(timer) }
            ticket = nil
            timer = nil
        }
    }

    /// - Parameters:
    ///   - count: threads at most.
    ///   - timeout: how long a call may take, its wait for a thread included.
    init(loop: EventLoop, count: Int, timeout: Nanoseconds) {
        self.loop = loop
        self.timeout = timeout
        threads = BlockingCalls(loop: loop, name: "reader", limit: count)
    }

    /// - Parameter done: told on the loop, never before this returns.
    func call<Value: Sendable>(
        _ body: @escaping @Sendable () -> Value, _ done: @escaping (Answer<Value>) -> Void
    ) -> Call {
        let call = Call(self)
        call.ticket = threads.call(body) { value in
            call.ticket = nil
            call.cancel()
            done(.value(value))
        }
        call.timer = loop.schedule(after: timeout) {
            call.timer = nil
            call.cancel()
            done(.timedOut)
        }
        return call
    }
}
