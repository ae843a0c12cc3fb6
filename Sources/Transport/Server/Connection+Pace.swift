import Posix

/// The connection's one deadline: whichever comes first of its stage's, and of the pace at which the client takes
/// what is held for it.
extension Connection {
    /// Sets the stage's deadline; in `open` it is the machine's to call.
    func setDeadline(_ deadline: MonotonicTime) {
        stageDeadline = deadline
        applyDeadline()
    }

    func applyDeadline() {
        let deadline = isBlocked ? min(stageDeadline, pace.deadline(window: limits.writeIdleTime)) : stageDeadline
        registration?.setDeadline(deadline)
    }

    /// Output is held from now on, or no more.
    func blockedChanged() {
        guard isBlocked else { return }
        pace.begin(at: server.loop.now, taken: taken)
        // The other way round the deadline may come too early; it is looked at again then.
        if pace.deadline(window: limits.writeIdleTime) < stageDeadline { applyDeadline() }
    }

    func deadlineReached() {
        let now = server.loop.now
        if isBlocked, now >= pace.deadline(window: limits.writeIdleTime) {
            switch pace.judge(at: now, taken: taken, rate: limits.minWriteRate) {
            case .goesOn: break
            case .stalled: return close(.writeTimeout)
            case .tooSlow: return close(.minWriteRate)
            }
        }
        guard now < stageDeadline else {
            stageDeadline = .distantFuture
            stageDeadlineReached()
            // The machine may have set none, and the pace goes on.
            return applyDeadline()
        }
        applyDeadline()
    }

    /// Bytes that the client's machine has acknowledged.
    private var taken: Int { sent - unacknowledged }
}
