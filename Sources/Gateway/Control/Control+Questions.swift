import Posix
import Reactor

/// What the workers are asked, all at once.
extension Control {
    /// Longer is not waited for a worker that is held up.
    static let workerPatience = Nanoseconds.seconds(2)

    /// Asks every worker, and calls `done` once with the answers of all, or of those who have answered in time.
    func ask<Answer: Sendable>(
        _ question: @escaping @Sendable (Worker) -> Answer, _ done: @escaping ([Answer]) -> Void
    ) {
        let workers = liveWorkers, executor = loop.executor
        let answers = Answers(expected: workers.count, loop: loop, patience: Self.workerPatience, done)
        let bound = LoopBound(answers, to: executor)
        for worker in workers {
            worker.send { worker in
                let answer = question(worker)
                executor.execute { bound.value.add(answer) }
            }
        }
    }

    /// The decision that was given this reference, if a worker remembers it.
    func findDecision(_ reference: String, _ done: @escaping (Decision?) -> Void) {
        ask({ $0.thread.decisions.find(reference) }) { done($0.compactMap { $0 }.first) }
    }
}

/// Answers on their way: calls back when all are there, or time is up.
final class Answers<Answer> {
    private var all: [Answer] = []
    private let expected: Int
    private let loop: EventLoop
    private var timer: TimerToken?
    private var done: (([Answer]) -> Void)?

    init(expected: Int, loop: EventLoop, patience: Nanoseconds, _ done: @escaping ([Answer]) -> Void) {
        self.expected = expected
        self.loop = loop
        self.done = done
        guard expected > 0 else {
            finish()
            return
        }
        timer = loop.schedule(after: patience) { [self] in
            timer = nil
            finish()
        }
    }

    func add(_ answer: Answer) {
        all.append(answer)
        if all.count == expected { finish() }
    }

    private func finish() {
        guard let done else { return }
        self.done = nil
        if let timer { loop.cancel(timer) }
        done(all)
    }
}
