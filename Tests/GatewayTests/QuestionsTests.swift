import Posix
import Reactor
import Testing

@testable import Gateway

@Suite struct QuestionsTests {
    @Test func allAnswersComeAtOnceAndOnce() throws {
        let loop = try EventLoop()
        var told: [[Int]] = []
        let answers = Answers<Int>(expected: 2, loop: loop, patience: .seconds(10)) { told.append($0) }
        answers.add(1)
        #expect(told.isEmpty)
        answers.add(2)
        answers.add(3)
        #expect(told == [[1, 2]])
    }

    @Test func whoIsHeldUpIsNotWaitedFor() throws {
        let loop = try EventLoop()
        var told: [[Int]] = []
        let answers = Answers<Int>(expected: 2, loop: loop, patience: .milliseconds(20)) { told.append($0) }
        answers.add(1)
        let end = MonotonicTime.now() + .seconds(5)
        while told.isEmpty, MonotonicTime.now() < end { loop.turn(waitAtMost: .milliseconds(50)) }
        answers.add(2)
        #expect(told == [[1]])
    }

    @Test func nobodyAnswersAtOnce() throws {
        var told: [[Int]] = []
        _ = Answers<Int>(expected: 0, loop: try EventLoop(), patience: .seconds(10)) { told.append($0) }
        #expect(told == [[]])
    }
}
