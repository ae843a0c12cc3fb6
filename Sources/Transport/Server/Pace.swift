import Posix

/// How slowly a client may take its answer. Time counts while the socket takes no more, in windows of the write
/// timeout: in each the client has to take something, and as much as the least rate asks for.
///
/// What counts is what the client's machine has acknowledged. What the kernel has taken from us says less: it may hold
/// megabytes, and takes more only when a third of that is gone, which a client of 30 KiB/s may need a minute for.
struct WritePace {
    private var since = MonotonicTime.distantFuture
    private var taken = 0

    enum Verdict: Equatable { case goesOn, stalled, tooSlow }

    /// - Parameter taken: bytes that the client has acknowledged so far.
    mutating func begin(at now: MonotonicTime, taken: Int) {
        since = now
        self.taken = taken
    }

    func deadline(window: Nanoseconds) -> MonotonicTime { since + window }

    /// The window is over: is there to be another one?
    mutating func judge(at now: MonotonicTime, taken: Int, rate: Int) -> Verdict {
        let progress = taken - self.taken
        guard progress > 0 else { return .stalled }
        guard Double(progress) >= Double(rate) * (now - since).seconds else { return .tooSlow }
        begin(at: now, taken: taken)
        return .goesOn
    }
}

/// How slowly a client may send a body: a pause may be as long as the read timeout, and the whole as long as that and
/// the time which the least rate gives it for what has come.
struct ReadPace {
    private var since = MonotonicTime.distantFuture
    private var before = 0
    /// When something came last.
    private var last = MonotonicTime.distantFuture

    /// - Parameter received: bytes of the body that came before.
    mutating func begin(at now: MonotonicTime, received: Int) {
        since = now
        last = now
        before = received
    }

    /// Whether it is the rate rather than a pause that a deadline which has passed was for.
    func isTooSlow(at now: MonotonicTime, pause: Nanoseconds) -> Bool { now < last + pause }

    /// To be asked whenever something came.
    mutating func deadline(at now: MonotonicTime, received: Int, pause: Nanoseconds, rate: Int) -> MonotonicTime {
        last = now
        guard rate > 0 else { return now + pause }
        let earned = Double(received - before) / Double(rate) * 1e9
        return min(now + pause, since + pause + Nanoseconds(Int64(min(earned, 1e18))))
    }
}

extension Nanoseconds {
    fileprivate var seconds: Double { Double(count) / 1e9 }
}
