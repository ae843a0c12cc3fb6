import Posix
import Reactor

/// One attempt to reach a host: its addresses in order, each next one when the last has failed or been silent for
/// a while. The first that answers wins, and the pool hears which did not.
final class Connector {
    private final class Attempt: ReadinessHandler {
        unowned let connector: Connector
        let address: SocketAddress
        /// Of those who try, how many have begun before it.
        let number: Int
        var socket: FileDescriptor?
        var registration: Registration?

        init(_ connector: Connector, _ address: SocketAddress, number: Int, _ socket: consuming FileDescriptor) {
            self.connector = connector
            self.address = address
            self.number = number
            self.socket = consume socket
        }

        func ready(_ readiness: Readiness) {
            if readiness.contains(.writable) { connector.attemptEnded(self) }
        }

        func deadlineReached() {}

    }

    private let pool: ClientPool
    private var addresses: ArraySlice<SocketAddress>
    private var attempts: [Attempt] = []
    private var begun = 0
    private var lastError: SystemError?
    private var nextTimer: TimerToken?
    private var deadline: TimerToken?
    private var isOver = false

    /// - Parameter addresses: at least one.
    init(_ addresses: [SocketAddress], pool: ClientPool) {
        self.addresses = addresses[...]
        self.pool = pool
    }

    /// Tells the pool in the end, perhaps before it returns.
    func start() {
        deadline = pool.loop.schedule(after: pool.limits.connectTime) { [self] in
            deadline = nil
            fail(.connectTimedOut)
        }
        tryNext()
    }

    private func tryNext() {
        cancel(&nextTimer)
        while let address = addresses.popFirst() {
            do throws(SystemError) {
                let attempt = Attempt(self, address, number: begun, try Socket.connect(to: address))
                begun += 1
                attempt.registration = try pool.loop.register(attempt.socket!, attempt)
                attempts.append(attempt)
                break
            } catch {
                lastError = error
                pool.client.addressFailed(address)
            }
        }
        if attempts.isEmpty { return fail(.unreachable(lastError ?? SystemError(errno: 0, call: "connect"))) }
        guard !addresses.isEmpty else { return }
        nextTimer = pool.loop.schedule(after: pool.limits.nextAddressTime) { [self] in
            nextTimer = nil
            tryNext()
        }
    }

    private func attemptEnded(_ attempt: Attempt) {
        if isOver { return }
        attempts.removeAll { $0 === attempt }
        if let error = attempt.socket!.connectionError() {
            lastError = error
            attempt.registration!.cancel()
            attempt.socket = nil
            pool.client.addressFailed(attempt.address)
            return tryNext()
        }
        let registration = attempt.registration!
        // Those that were tried before it have said nothing for too long.
        for silent in attempts where silent.number < attempt.number { pool.client.addressFailed(silent.address) }
        end()
        if let socket = attempt.socket.take() {
            socket.setNoDelay()
            pool.connected(socket, registration, attempt.address)
        }
    }

    private func fail(_ error: ClientError) {
        if isOver { return }
        end()
        pool.connectFailed(error)
    }

    private func end() {
        isOver = true
        cancel(&nextTimer)
        cancel(&deadline)
        for attempt in attempts {
            attempt.registration?.cancel()
            attempt.socket = nil
        }
        attempts = []
    }

    private func cancel(_ timer: inout TimerToken?) {
        if let token = timer { pool.loop.cancel(token) }
        timer = nil
    }
}
