import HTTP
import Origins
import Posix
import Telemetry

/// The way through the resolver's steps: asks the origins for one object after the other until one is there, or an
/// origin fails. Its call and whoever began it hold it.
final class ContentWalk {
    typealias Step = ContentResolver.Step

    enum End {
        /// The object is there; whoever is told takes its body, or cancels it.
        case object(OriginObject, Step)
        /// Nothing that was looked for is there.
        case nothing
        /// An origin refuses Postern itself.
        case denied(OriginRefusal, Step)
        case failed(OriginFailure, Step)
    }

    /// One answer of an origin, for whoever watches it.
    struct Report {
        let answer: OriginAnswer
        /// From the request to the answer's head.
        let after: Nanoseconds
        /// A refusal that is taken for a missing object, and is worth telling.
        var mayBeDenial = false
    }

    /// What is asked for besides the objects' names.
    struct Question {
        var isHead: Bool
        /// Of the address. An origin looks for named parameters in it, where its config names some.
        var query: String?
        /// As the client sent them.
        var fields: Fields
        /// What whoever asks holds, in bytes.
        var heldBytes: Int
    }

    private let origins: [String: any Origin]
    private let question: Question
    private let steps: [Step]
    private let report: (Report, Step) -> Void
    private var receiver: ((End) -> Void)?
    private var position = 0
    private var call: (any OriginCall)?

    /// - Parameters:
    ///   - report: told of each answer.
    ///   - receiver: told the end, once, unless the walk is cancelled.
    init(
        _ steps: [Step], origins: [String: any Origin], question: Question,
        report: @escaping (Report, Step) -> Void, receiver: @escaping (End) -> Void
    ) {
        self.steps = steps
        self.origins = origins
        self.question = question
        self.report = report
        self.receiver = receiver
    }

    func start() { tryStep() }

    func cancel() {
        receiver = nil
        call?.cancel()
        call = nil
    }

    private func tryStep() {
        guard receiver != nil else { return }
        guard position < steps.count else { return end(.nothing) }
        let step = steps[position]
        // Where an app has the path there are no objects, and no pages that stand in.
        guard let origin = origins[step.place.origin] else { return tryNext() }
        let began = MonotonicTime.now()
        var answered = false
        let call = origin.fetch(Self.request(for: step, question)) { [self] response in
            answered = true
            self.call = nil
            received(response, step, since: began)
        }
        if !answered { self.call = call }
    }

    static func request(for step: Step, _ question: Question) -> OriginRequest {
        var request = OriginRequest(key: step.key, isHead: question.isHead, heldBytes: question.heldBytes)
        switch step.use {
        case .object:
            request.conditions = Conditions(question.fields, isHead: question.isHead)
            request.query = question.query
        case .redirect:
            request.isHead = true
        case .page(status: 200):
            // A page that stands in for another has no ranges.
            request.conditions = Conditions(question.fields, isHead: question.isHead)
            request.conditions.range = nil
            request.conditions.ifRange = nil
        case .page:
            // Nor is it ever "not modified" where it tells of an error.
            break
        }
        return request
    }

    private func received(_ response: OriginResponse, _ step: Step, since began: MonotonicTime) {
        var told = Report(answer: OriginAnswer(response), after: MonotonicTime.now() - began)
        // Of a compressed file a refusal is the usual answer.
        told.mayBeDenial = told.answer == .notFound && response.isDenied && step.coding == nil
        report(told, step)
        guard receiver != nil else {
            if case .object(let object) = response { object.body?.cancel() }
            return
        }
        switch response {
        case .object(let object):
            return end(.object(object, step))
        case .denied(let refusal) where refusal.mayBeMissingObject:
            // A bucket that may not be listed says 403 where it means 404 (S3, GetObject).
            break
        case .denied(let refusal):
            return end(.denied(refusal, step))
        case .failed(let failure):
            return end(.failed(failure, step))
        case .notFound:
            break
        }
        tryNext()
    }

    private func tryNext() {
        position += 1
        tryStep()
    }

    private func end(_ end: End) {
        let receiver = receiver
        self.receiver = nil
        receiver?(end)
    }
}

extension OriginAnswer {
    init(_ response: OriginResponse) {
        self =
            switch response {
            case .object: .found
            case .notFound: .notFound
            case .denied(let refusal): refusal.mayBeMissingObject ? .notFound : .denied
            case .failed(.timedOut): .timeout
            case .failed: .failed
            }
    }
}

extension OriginResponse {
    fileprivate var isDenied: Bool {
        if case .denied = self { true } else { false }
    }
}
