import HTTP
import Telemetry

/// The request's content: taken by whoever wants it, or dropped.
extension HTTP1Machine {
    func open(_ body: RequestBody) {
        if body.isTooLarge {
            connection.listener.counters.countLimit(.bodySize)
            return body.fail(.tooLarge)
        }
        self.body = body
    }

    func closeBody() { body = nil }

    func readBody(_ body: RequestBody, into out: inout OutputSpan<UInt8>) -> BodyRead {
        let isInside = isRunning
        if !isInside { enter() }
        let result = takeBody(body, into: &out)
        if result == .end { self.body = nil }
        if !isInside { leave() }
        return result
    }

    private func takeBody(_ body: RequestBody, into out: inout OutputSpan<UInt8>) -> BodyRead {
        let before = out.count
        while true {
            if passed > 0 { deliver(&out) }
            if bodyIsComplete { return .end }
            guard out.freeCapacity > 0 else { return .bytes }
            switch parse() {
            case .body(let range):
                owesContinue = false
                bodyReceived += range.count
                guard body.take(range.count) else { return refuseBody(.tooLarge, .bodySize) }
                position = range.lowerBound
                passed = range.count
            case .end: bodyIsComplete = true
            case .failed: return refuseBody(.malformed, .malformed)
            case .needMore:
                if owesContinue {
                    owesContinue = false
                    HTTP1Serializer.appendContinue(to: &output)
                    flush()
                }
                if phase != .over, read() { continue }
                if phase == .over { return .failed(.disconnected) }
                if out.count > before { return .bytes }
                body.isAwaited = true
                return .wait
            case .head: preconditionFailure("a head within a body")
            }
        }
    }

    private func deliver(_ out: inout OutputSpan<UInt8>) {
        let count = min(passed, out.freeCapacity)
        let bytes = input
        for index in position..<position + count { out.append(bytes[index]) }
        position += count
        passed -= count
    }

    private func refuseBody(_ failure: BodyFailure, _ reason: CloseReason) -> BodyRead {
        body = nil
        closesFor = reason
        return .failed(failure)
    }

    /// - Parameter reason: of the connection's end.
    func failBody(_ body: RequestBody, _ failure: BodyFailure, _ reason: CloseReason) {
        self.body = nil
        closesFor = reason
        body.fail(failure)
    }

    /// One step through a body that nobody wants.
    func discardBody() -> Bool {
        position += passed
        passed = 0
        switch parse() {
        case .body(let range): bodyReceived += range.count
        case .end:
            bodyIsComplete = true
            phase = .request
        case .failed(let error):
            phase = .over
            connection.end(CloseReason(error), lingers: true)
            return false
        case .needMore: return read()
        case .head: preconditionFailure("a head within a body")
        }
        return true
    }

    /// Whether what is left of the request's body is small enough to be read for the connection's sake. A client
    /// that waits for a 100 may or may not send it (RFC 9110 section 10.1.1): nobody could tell it from a request.
    func canDiscardBody(of request: Request) -> Bool {
        if bodyIsComplete { return true }
        guard case .length(let length) = request.framing, !owesContinue else { return false }
        return length - bodyReceived <= connection.limits.discardBytes
    }
}
