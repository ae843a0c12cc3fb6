import HTTP
import Origins
import Posix
import Reactor
import Testing

/// An origin on the test's own thread, with a loop that turns until an answer has come.
final class OriginRig {
    let loop: EventLoop
    let origin: any Origin

    init(loop: EventLoop, origin: any Origin) {
        self.loop = loop
        self.origin = origin
    }

    /// What became of a fetch, its body read to the end.
    enum Fetched {
        case object(Object)
        case notFound
        case denied(OriginRefusal)
        case failed(OriginFailure)
        case nothing
    }

    struct Object {
        var status: Int
        var fields: Fields
        var length: Int?
        var body: [UInt8]?
        var failure: BodyFailure?
    }

    /// - Parameters:
    ///   - step: the most bytes taken at a time.
    ///   - fields: Range and If-… as a client sends them.
    func fetch(
        _ key: String, isHead: Bool = false, _ fields: [(FieldName, String)] = [], step: Int = 65536, seconds: Int = 20
    ) -> Fetched {
        let request = OriginRequest(key: key, isHead: isHead, conditions: Conditions(Fields(fields), isHead: isHead))
        var response: OriginResponse?
        var answers = 0
        let call = origin.fetch(request) {
            response = $0
            answers += 1
        }
        if response != nil { #expect(call == nil, "a call is returned for an answer that has been given") }
        let deadline = MonotonicTime.now() + Nanoseconds.seconds(Int64(seconds))
        turn(until: { response != nil }, deadline)
        #expect(answers == 1)
        switch response {
        case .object(let object): return .object(read(object, step: step, deadline))
        case .notFound: return .notFound
        case .denied(let refusal): return .denied(refusal)
        case .failed(let failure): return .failed(failure)
        case nil: return .nothing
        }
    }

    /// An object, or a recorded issue.
    func object(
        _ key: String, isHead: Bool = false, _ fields: [(FieldName, String)] = [], step: Int = 65536,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> Object {
        let fetched = fetch(key, isHead: isHead, fields, step: step)
        guard case .object(let object) = fetched else {
            Issue.record("\(key): \(fetched)", sourceLocation: sourceLocation)
            throw NotAnObject()
        }
        return object
    }

    struct NotAnObject: Error {}

    func turn(until isDone: () -> Bool, _ deadline: MonotonicTime) {
        while !isDone() && MonotonicTime.now() < deadline { loop.turn(waitAtMost: .milliseconds(50)) }
    }

    private func read(_ object: OriginObject, step: Int, _ deadline: MonotonicTime) -> Object {
        var read = Object(status: object.status, fields: object.fields, length: object.length)
        guard let body = object.body else { return read }
        let waiter = Waiter()
        body.consumer = waiter
        var bytes: [UInt8] = []
        bytes.reserveCapacity(object.length ?? 0)
        reading: while MonotonicTime.now() < deadline {
            var result = BodyRead.wait
            bytes.append(addingCapacity: step) { (out: inout OutputSpan<UInt8>) in
                // No more room than a slow client's buffer has.
                result = body.read(into: &out)
            }
            switch result {
            case .bytes: continue
            case .wait:
                turn(until: { waiter.isReady }, deadline)
                waiter.isReady = false
            case .end:
                read.body = bytes
                break reading
            case .failed(let failure):
                read.body = bytes
                read.failure = failure
                break reading
            }
        }
        return read
    }

    private final class Waiter: BodyConsumer {
        var isReady = false
        func bodyIsReady() { isReady = true }
    }
}
