import Posix
import Reactor

/// Tells the service manager that this process is alive, for as long as each of its loops turns.
///
/// It asks every worker's loop for a sign of life, tells the manager once all have given one, and asks again. A loop
/// that is stuck gives none, and so the manager hears nothing; where the control loop itself is stuck, nobody asks. The
/// manager then ends the process and starts it anew.
final class Watchdog {
    private let loop: EventLoop
    private let watched: [LoopExecutor]
    /// Between the beginnings of two rounds: half of what the manager waits, as sd_watchdog_enabled(3) advises.
    private let interval: Nanoseconds
    private let tell: () -> Void
    private let isLate: (_ missing: [Int]) -> Void
    private var missing: Set<Int> = []
    private var timer: TimerToken?
    private var hasEnded = false

    /// - Parameters:
    ///   - patience: how long the manager waits between two words.
    ///   - tell: tells it that all is well.
    ///   - isLate: told once in a round which loops, by their places, have not answered within the interval.
    init(
        loop: EventLoop, watching watched: [LoopExecutor], patience: Nanoseconds, tell: @escaping () -> Void,
        isLate: @escaping (_ missing: [Int]) -> Void
    ) {
        self.loop = loop
        self.watched = watched
        interval = Nanoseconds(patience.count / 2)
        self.tell = tell
        self.isLate = isLate
    }

    func start() {
        guard !hasEnded else { return }
        let own = loop.executor, this = LoopBound(self, to: own)
        missing = Set(watched.indices)
        for (index, executor) in watched.enumerated() {
            executor.execute { own.execute { this.value.answered(index) } }
        }
        timer = loop.schedule(after: interval) { [unowned self] in roundIsOver() }
    }

    /// Nothing is told any more, and no answer waited for.
    func end() {
        hasEnded = true
        if let timer { loop.cancel(timer) }
    }

    private func answered(_ index: Int) {
        missing.remove(index)
        guard missing.isEmpty, !hasEnded else { return }
        tell()
        if timer == nil { start() }
    }

    /// The next one begins at once, or when the last answer to this one has come.
    private func roundIsOver() {
        timer = nil
        if missing.isEmpty { start() } else { isLate(missing.sorted()) }
    }
}
