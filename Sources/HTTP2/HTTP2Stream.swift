import CNghttp2
import HTTP

/// One request and its response, as a session keeps them while the stream is open.
final class HTTP2Stream {
    enum Content {
        case none
        case bytes([UInt8], from: Int)
        case source(any BodySource, remaining: Int?)
    }

    let id: Int32
    /// While the request's head comes.
    var head: HTTP2RequestHead? = HTTP2RequestHead()
    var content = Content.none
    /// The client has sent all that it will.
    var requestIsComplete = false
    var responseIsComplete = false
    /// The owner has been told of the end, or has asked for it.
    var isForgotten = false
    /// Why the stream is about to close, where that is known.
    var ending: StreamReset?
    /// The source had nothing. The library asks again when it is told to.
    var isDeferred = false
    /// Content bytes that came when the response was whole already.
    var discardedBytes = 0
    /// Content bytes that went out.
    var sentBytes = 0
    /// When the client last made room for a worthwhile amount.
    var progressAt: UInt64
    var progressBytes = 0

    init(_ id: Int32, now: UInt64) {
        self.id = id
        progressAt = now
    }

    func cancelContent() {
        if case .source(let source, _) = content { source.cancel() }
        content = .none
    }

    enum Pull {
        case bytes
        case end
        case wait
        case failed
    }

    /// Appends up to `room` bytes of the content to `output`.
    func pull(upTo room: Int, into output: inout [UInt8]) -> Pull {
        switch content {
        case .none: return .end
        case .bytes(let bytes, let start):
            let end = min(bytes.count, start + room)
            output.append(contentsOf: bytes[start..<end])
            content = end == bytes.count ? .none : .bytes(bytes, from: end)
            return end == bytes.count ? .end : .bytes
        case .source(let source, let remaining):
            let result = pull(source, remaining, room, &output)
            if result == .failed || result == .end { content = .none }
            return result
        }
    }

    private func pull(_ source: any BodySource, _ announced: Int?, _ room: Int, _ output: inout [UInt8]) -> Pull {
        var remaining = announced
        var taken = 0
        defer { if taken > 0 { content = .source(source, remaining: remaining) } }
        while true {
            // The last byte goes out with the source's word that it is the last.
            let most = remaining == 0 ? 1 : min(room - taken, remaining ?? .max)
            guard most > 0 else { return .bytes }
            let before = output.count
            var result = BodyRead.wait
            output.append(addingCapacity: most) { (out: inout OutputSpan<UInt8>) in result = source.read(into: &out) }
            let count = output.count - before
            taken += count
            if let left = remaining {
                guard count <= left else {
                    // More than was announced. A source that has ended has been let go by that.
                    if result == .bytes || result == .wait { source.cancel() }
                    return .failed
                }
                remaining = left - count
            }
            switch result {
            case .bytes: continue
            case .wait: return taken > 0 ? .bytes : .wait
            case .end: return remaining ?? 0 == 0 ? .end : .failed
            case .failed: return .failed
            }
        }
    }
}
