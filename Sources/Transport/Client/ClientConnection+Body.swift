import HTTP

/// A response's body, from the connection to its consumer: nothing is read that the consumer has not asked for.
extension ClientConnection {
    /// Moves content to the consumer: straight from the socket where it is framed by its length and nothing is
    /// buffered.
    func readBody(into out: inout OutputSpan<UInt8>, for call: ClientCall) -> BodyRead {
        precondition(out.freeCapacity > 0, "no room to read into")
        let before = out.count
        consumerWaits = false
        while true {
            if passed > 0 { deliver(&out) }
            if passed == 0, remaining == nil || !hasReadAll {
                let (consumed, event) = parse()
                switch event {
                case .body(let range):
                    consume(range.lowerBound)
                    passed = range.count
                    if let remaining { self.remaining = remaining - range.count }
                    if out.freeCapacity > 0 { continue }
                case .end:
                    consume(consumed)
                    finish(call, isClean: true)
                    return .end
                case .needMore: consume(consumed)
                case .failed: return failBody(call, .malformed)
                case .interim, .head: preconditionFailure("a head within content")
                }
            }
            if passed == 0, remaining == 0 {
                // Its end follows from the length, whatever else is there.
                _ = parser.next(Span())
                finish(call, isClean: true)
                return .end
            }
            if out.freeCapacity == 0 { return .bytes }
            switch receiveBody(into: &out) {
            case .bytes: continue
            case .extra:
                finish(call, isClean: false)
                return .end
            case .wait:
                if out.count > before { return .bytes }
                consumerWaits = true
                setDeadline(pool.limits.betweenBytesTime)
                return .wait
            case .ended(let isClean):
                if isClean, pool.limits.takesUntilClose, remaining == nil, case .end = parser.endOfInput() {
                    finish(call, isClean: false)
                    return .end
                }
                // What has been read before is delivered first; the next read comes here again.
                return out.count > before ? .bytes : failBody(call, .disconnected)
            }
        }
    }

    private enum Received {
        case bytes, extra, wait
        case ended(isClean: Bool)
    }

    private func receiveBody(into out: inout OutputSpan<UInt8>) -> Received {
        guard let remaining else {
            borrowInputBuffer()
            switch receive() {
            case .bytes: return .bytes
            case .wait: return .wait
            case .end: return .ended(isClean: true)
            case .failed: return .ended(isClean: false)
            }
        }
        let start = out.count
        // One byte more than is due: then a read that is not filled says also that nothing follows.
        switch stream.receive(into: &out, limit: remaining + 1) {
        case .bytes: break
        case .wait: return .wait
        case .end, .failed: return .ended(isClean: false)
        }
        let isExtra = out.count - start > remaining
        if isExtra { out.removeLast(out.count - start - remaining) }
        _ = parser.next(out.span.extracting(start..<out.count))
        self.remaining = remaining - (out.count - start)
        return isExtra ? .extra : .bytes
    }

    private func deliver(_ out: inout OutputSpan<UInt8>) {
        let count = min(passed, out.freeCapacity)
        let bytes = input
        Self.copy(bytes.span.extracting(inputStart..<inputStart + count), to: &out)
        consume(count)
        passed -= count
    }

    /// In this shape the compiler makes it a copy of whole blocks.
    private static func copy(_ bytes: Span<UInt8>, to out: inout OutputSpan<UInt8>) {
        for index in bytes.indices { out.append(bytes[index]) }
    }

    func failBody(_ call: ClientCall, _ failure: BodyFailure) -> BodyRead {
        close()
        call.state = .failed(failure)
        return .failed(failure)
    }
}
