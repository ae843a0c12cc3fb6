import HTTP
import Posix
import Transport

/// An object's body that goes on where it has broken off: the rest is asked for, and taken if it is the rest of the very
/// same version. Where that cannot be, the body fails, as it would have without.
final class ResumingBody: BodySource, BodyConsumer {
    /// How often one body is resumed, at most.
    static let limit = 8

    /// What the rest must be a part of.
    struct Version {
        let tag: EntityTag
        let size: Int
        /// Where in the object the body stands.
        let positions: Range<Int>

        /// nil where the object cannot be told from another version of it, or has nothing that could break off.
        init?(_ object: OriginObject) {
            guard let tag = object.fields[.etag].flatMap({ EntityTag($0) }), !tag.isWeak, let length = object.length,
                length > 0
            else { return nil }
            self.tag = tag
            guard object.status == 206 else {
                size = length
                positions = 0..<length
                return
            }
            guard case .part(let range, let size)? = object.fields[.contentRange].flatMap({ ContentRange($0) }) else {
                return nil
            }
            self.size = size
            positions = range
        }
    }

    let length: Int?
    weak var consumer: (any BodyConsumer)?

    private let origin: S3Origin
    /// What was asked for.
    private let request: OriginRequest
    private let version: Version
    /// The positions in the object that are still to come.
    private var rest: Range<Int>
    private var resumptions = 0
    private var state: State

    private enum State {
        case reading(any BodySource)
        case asking(any OriginCall)
        case failed(BodyFailure)
    }

    init(_ source: any BodySource, of version: Version, for request: OriginRequest, origin: S3Origin) {
        length = version.positions.count
        rest = version.positions
        state = .reading(source)
        self.version = version
        self.request = request
        self.origin = origin
        source.consumer = self
    }

    func read(into out: inout OutputSpan<UInt8>) -> BodyRead {
        switch state {
        case .asking: return .wait
        case .failed(let failure): return .failed(failure)
        case .reading(let source):
            let before = out.count
            let result = source.read(into: &out)
            rest = rest.lowerBound + out.count - before..<rest.upperBound
            guard case .failed(let failure) = result else { return result }
            guard resume(failure) else { return result }
            return out.count > before ? .bytes : .wait
        }
    }

    func cancel() {
        switch state {
        case .reading(let source): source.cancel()
        case .asking(let call): call.cancel()
        case .failed: break
        }
        state = .failed(.disconnected)
    }

    func bodyIsReady() { consumer?.bodyIsReady() }

    private func resume(_ failure: BodyFailure) -> Bool {
        state = .failed(failure)
        guard resumptions < Self.limit, !rest.isEmpty, origin.mayRepeat() else { return false }
        resumptions += 1
        origin.note(.resumed)
        var request = OriginRequest(key: request.key)
        request.query = self.request.query
        request.conditions.range = .bounded(first: rest.lowerBound, last: rest.upperBound - 1)
        request.conditions.ifMatch = .tags([version.tag])
        state = .asking(
            origin.resume(request) { [self] response in
                state = .failed(failure)
                take(response)
                consumer?.bodyIsReady()
            })
        return true
    }

    private func take(_ response: OriginResponse) {
        guard case .object(let object) = response, let source = object.body else { return }
        guard object.status == 206, let part = object.fields[.contentRange].flatMap({ ContentRange($0) }),
            part == .part(rest, of: version.size)
        else { return source.cancel() }
        state = .reading(source)
        source.consumer = self
    }
}
