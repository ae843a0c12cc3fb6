import HTTP
import Origins
import Telemetry
import Testing

@testable import Gateway
@testable import Settings

/// The way through the steps, before origins that answer as they are told.
@Suite struct ContentWalkTests {
    typealias Step = ContentResolver.Step

    private final class Body: BodySource {
        let length: Int? = 4
        weak var consumer: (any BodyConsumer)?
        var wasCancelled = false
        func read(into out: inout OutputSpan<UInt8>) -> BodyRead { .end }
        func cancel() { wasCancelled = true }
    }

    private enum Word: CaseIterable { case there, notFound, mayBeMissing, denied, failed }

    /// Says one word for each key, at once or when it is told to.
    private final class Scripted: Origin {
        var words: [String: Word] = [:]
        var waits = false
        var asked: [OriginRequest] = []
        var bodies: [Body] = []
        var cancelled = 0
        private var pending: [() -> Void] = []

        private final class Call: OriginCall {
            let origin: Scripted
            init(_ origin: Scripted) { self.origin = origin }
            func cancel() {
                origin.cancelled += 1
                origin.pending = []
            }
        }

        func fetch(_ request: OriginRequest, receiver: @escaping (OriginResponse) -> Void) -> (any OriginCall)? {
            asked.append(request)
            let response = self.response(words[request.key] ?? .notFound)
            guard waits else {
                receiver(response)
                return nil
            }
            pending.append { receiver(response) }
            return Call(self)
        }

        private func response(_ word: Word) -> OriginResponse {
            switch word {
            case .there:
                bodies.append(Body())
                return .object(OriginObject(status: 200, fields: [:], length: 4, body: bodies.last))
            case .notFound: return .notFound
            case .mayBeMissing: return .denied(OriginRefusal(code: "AccessDenied"))
            case .denied: return .denied(OriginRefusal(code: "InvalidAccessKeyId"))
            case .failed: return .failed(.timedOut)
            }
        }

        /// Answers what waits, and what that leads to.
        func goOn() {
            while !pending.isEmpty { pending.removeFirst()() }
        }
    }

    private func step(_ key: String, _ use: Step.Use = .object, _ coding: ContentCoding? = nil) -> Step {
        Step(place: .init(origin: "o", key: key), use: use, coding: coding)
    }

    private func answer(_ word: Word) -> OriginAnswer {
        switch word {
        case .there: .found
        case .notFound, .mayBeMissing: .notFound
        case .denied: .denied
        case .failed: .timeout
        }
    }

    private func label(_ end: ContentWalk.End) -> String {
        switch end {
        case .object(_, let step): "object \(step.key)"
        case .nothing: "nothing"
        case .denied(_, let step): "denied \(step.key)"
        case .failed(_, let step): "failed \(step.key)"
        }
    }

    private func walk(
        _ steps: [Step], _ origin: Scripted, fields: Fields = [:], isHead: Bool = false,
        note: @escaping (ContentWalk.Report, Step) -> Void = { _, _ in },
        receiver: @escaping (ContentWalk.End) -> Void
    ) -> ContentWalk {
        ContentWalk(
            steps, origins: ["o": origin], question: .init(isHead: isHead, fields: fields, heldBytes: 7),
            report: note, receiver: receiver)
    }

    /// Every way in which three steps can go, at once and later.
    @Test(arguments: [false, true])
    func theFirstThatIsThereEndsItAndSoDoesAFailure(later: Bool) {
        for first in Word.allCases {
            for second in Word.allCases {
                for third in Word.allCases {
                    let origin = Scripted()
                    origin.words = ["a": first, "b": second, "c": third]
                    origin.waits = later
                    var ends: [String] = []
                    var notes = 0
                    var answers: [OriginAnswer] = []
                    let note = { (report: ContentWalk.Report, _: Step) in
                        answers.append(report.answer)
                        if report.mayBeDenial { notes += 1 }
                    }
                    let one = walk([step("a"), step("b"), step("c")], origin, note: note) {
                        ends.append(label($0))
                    }
                    one.start()
                    origin.goOn()
                    let words = [("a", first), ("b", second), ("c", third)]
                    let last = words.firstIndex { ![.notFound, .mayBeMissing].contains($0.1) }
                    let expected = last.map { index in
                        let kind = words[index].1 == .there ? "object" : words[index].1 == .denied ? "denied" : "failed"
                        return "\(kind) \(words[index].0)"
                    }
                    #expect(ends == [expected ?? "nothing"])
                    #expect(origin.asked.map(\.key) == words.prefix((last ?? 2) + 1).map(\.0))
                    #expect(notes == words.prefix(last ?? 3).filter { $0.1 == .mayBeMissing }.count)
                    #expect(answers == words.prefix((last ?? 2) + 1).map { answer($0.1) })
                    #expect(origin.bodies.allSatisfy { !$0.wasCancelled })
                }
            }
        }
    }

    @Test func whoeverLeavesIsToldNothingAndHoldsNothing() {
        let origin = Scripted()
        origin.words = ["b": .there]
        origin.waits = true
        var ends = 0
        let one = walk([step("a"), step("b")], origin) { _ in ends += 1 }
        one.start()
        one.cancel()
        one.cancel()
        origin.goOn()
        #expect(ends == 0 && origin.cancelled == 1 && origin.asked.count == 1)
    }

    @Test func aMissingCompressedFileIsNoEvent() {
        let origin = Scripted()
        origin.words = ["a.js.br": .mayBeMissing, "a.js": .mayBeMissing]
        var notes = 0
        let one = walk(
            [step("a.js", .object, .br), step("a.js")], origin,
            note: { report, _ in notes += report.mayBeDenial ? 1 : 0 }
        ) { _ in }
        one.start()
        #expect(notes == 1 && origin.asked.map(\.key) == ["a.js.br", "a.js"])
    }

    @Test func whereAnAppHasThePathThereIsNoObject() {
        var ends: [String] = []
        let one = ContentWalk(
            [step("a")], origins: [:], question: .init(isHead: false, fields: [:], heldBytes: 0), report: { _, _ in },
            receiver: { ends.append(label($0)) })
        one.start()
        #expect(ends == ["nothing"])
    }

    @Test func noStepIsNothing() {
        var ends: [String] = []
        let one = walk([], Scripted()) { ends.append(label($0)) }
        one.start()
        #expect(ends == ["nothing"])
    }

    @Test func eachStepAsksForWhatItNeedsAndNoMore() {
        let fields: Fields = [.range: "bytes=0-1", .ifNoneMatch: "\"a\"", .ifRange: "\"a\""]
        func conditions(_ use: Step.Use, isHead: Bool = false) -> (isHead: Bool, Conditions) {
            let request = ContentWalk.request(
                for: step("a", use), .init(isHead: isHead, query: "a=b", fields: fields, heldBytes: 7))
            #expect(request.heldBytes == 7 && (request.query == nil) == (use != .object))
            return (request.isHead, request.conditions)
        }
        let object = conditions(.object)
        #expect(!object.isHead && object.1.range != nil && object.1.ifRange != nil && object.1.ifNoneMatch != nil)
        let head = conditions(.object, isHead: true)
        #expect(head.isHead && head.1.range == nil)
        let probe = conditions(.redirect(to: "/a/"))
        #expect(probe.isHead && probe.1.isEmpty)
        let fallback = conditions(.page(status: 200))
        #expect(!fallback.isHead && fallback.1.range == nil && fallback.1.ifNoneMatch != nil)
        for status in [403, 404] { #expect(conditions(.page(status: status)).1.isEmpty) }
    }
}
