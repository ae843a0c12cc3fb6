import Reactor

/// What the workers are asked, all at once.
extension Control {
    /// Asks every worker, and calls `done` with their answers once all are there.
    func ask<Answer: Sendable>(
        _ question: @escaping @Sendable (Worker) -> Answer, _ done: @escaping ([Answer]) -> Void
    ) {
        let workers = liveWorkers
        guard !workers.isEmpty else { return done([]) }
        let answers = LoopBound(Answers(expected: workers.count, done), to: loop.executor), executor = loop.executor
        for worker in workers {
            worker.send { worker in
                let answer = question(worker)
                executor.execute { answers.value.add(answer) }
            }
        }
    }

    /// The decision that was given this reference, if a worker remembers it.
    func findDecision(_ reference: String, _ done: @escaping (Decision?) -> Void) {
        ask({ $0.thread.decisions.find(reference) }) { done($0.compactMap { $0 }.first) }
    }
}

private final class Answers<Answer> {
    private var all: [Answer] = []
    private let expected: Int
    private let done: ([Answer]) -> Void

    init(expected: Int, _ done: @escaping ([Answer]) -> Void) {
        self.expected = expected
        self.done = done
    }

    func add(_ answer: Answer) {
        all.append(answer)
        if all.count == expected { done(all) }
    }
}
