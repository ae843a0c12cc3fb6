import CNghttp2
import HTTP

/// One HTTP/2 connection without its socket (RFC 9113): a client's bytes go in and come back as events, responses
/// go in and come out as bytes. The frames and HPACK are libnghttp2's; what a request may say, how much of
/// anything a client may do, and the pace of the content are decided here.
///
///     receive -> events -> respond, consumed, resume ... -> produce -> events
///
/// Content is pulled: a source is asked when the client's windows and the output have room, stream by stream in
/// turn, a frame each. Time is a parameter: nanoseconds of a clock that does not jump.
///
/// It refuses to be called from within a source's `read`, except for `respond`, `reset` and `resume`.
package final class HTTP2Session {
    let limits: HTTP2Limits
    var session: OpaquePointer!
    var streams: [Int32: HTTP2Stream] = [:]
    var events: [HTTP2Event] = []
    private var nextEventIndex = 0

    private let memory = SessionMemory()
    private(set) var frames: FrameGuard
    private var serverResets: TokenBucket
    /// The time of the call under way.
    var now: UInt64
    private(set) package var ending: SessionEnding?
    /// The library can do nothing more.
    private var hasFailed = false
    private var isShuttingDown = false

    /// Where the input under way begins, for the places of content in it.
    var inputBase: UnsafePointer<UInt8>?
    /// While `produce` runs it is the caller's buffer, else empty.
    var output: [UInt8] = []
    /// Where in it the frame under construction begins.
    var frameStart: Int?
    var outputLimit = 0
    var isFull = false

    package init(limits: HTTP2Limits, now: UInt64) {
        self.limits = limits
        self.now = now
        frames = FrameGuard(limits)
        serverResets = TokenBucket(limits.serverResets)
        session = Library.makeSession(limits, memory, for: self)
    }

    deinit {
        if let session { nghttp2_session_del(session) }
    }

    // MARK: State

    /// Whether the client has said what it speaks.
    package var hasPreface: Bool { frames.hasPreface }
    /// How many heads have begun, and whether the last one's end is still to come.
    package var headsBegun: Int { frames.heads }
    package var isInHead: Bool { frames.isInHead }

    /// Nothing more comes of this session, and all that it had to say is out.
    package var isOver: Bool {
        hasFailed || (nghttp2_session_want_read(session) == 0 && nghttp2_session_want_write(session) == 0)
    }

    /// Whether the client still waits for that stream.
    package func isOpen(_ stream: Int32) -> Bool { streams[stream] != nil }

    package var hasOutput: Bool { !hasFailed && nghttp2_session_want_write(session) != 0 }

    /// Content bytes of a response that went out, and when the client last made room for a worthwhile amount.
    package func progress(of stream: Int32) -> (sent: Int, at: UInt64, waitsForSource: Bool) {
        guard let stream = streams[stream] else { return (0, 0, false) }
        return (stream.sentBytes, stream.progressAt, stream.isDeferred)
    }

    // MARK: Input

    /// Takes what the client has sent. Afterwards `nextEvent` has what is in it.
    package func receive(_ input: Span<UInt8>, now: UInt64) {
        guard !hasFailed, ending == nil else { return }
        self.now = now
        switch frames.check(input, now: now) {
        case .fine: feed(input)
        case .stop(let end, let fault):
            feed(input.extracting(0..<end))
            switch fault {
            case .error(let error): terminate(error)
            case .limit(let limit): exceed(limit)
            }
        }
    }

    private func feed(_ input: Span<UInt8>) {
        guard input.count > 0 else { return }
        let result = input.withUnsafeBufferPointer { bytes in
            inputBase = bytes.baseAddress
            defer { inputBase = nil }
            return nghttp2_session_mem_recv(session, bytes.baseAddress, bytes.count)
        }
        guard result < 0 else { return }
        switch Int32(result) {
        case NGHTTP2_ERR_BAD_CLIENT_MAGIC.rawValue: terminate(.protocolError)
        case NGHTTP2_ERR_FLOODED.rawValue: exceed(.idleFrames)
        case NGHTTP2_ERR_TOO_MANY_CONTINUATIONS.rawValue: exceed(.continuations)
        default:
            hasFailed = true
            ending = .protocolError
        }
    }

    /// The next event, in the order in which things happened; nil where there is none.
    package func nextEvent() -> HTTP2Event? {
        guard nextEventIndex < events.count else {
            events.removeAll(keepingCapacity: events.capacity <= 64)
            nextEventIndex = 0
            return nil
        }
        nextEventIndex += 1
        return events[nextEventIndex - 1]
    }

    /// Content of `stream` is taken care of: the client may send as much again.
    package func consumed(_ count: Int, of stream: Int32) {
        guard count > 0, !hasFailed else { return }
        nghttp2_session_consume(session, stream, count)
    }

    /// Content that waits on its stream: only the stream's window stays shut for it.
    package func consumedByConnection(_ count: Int) {
        guard count > 0, !hasFailed else { return }
        nghttp2_session_consume_connection(session, count)
    }

    /// And now it is taken care of.
    package func consumedByStream(_ count: Int, _ stream: Int32) {
        guard count > 0, !hasFailed else { return }
        nghttp2_session_consume_stream(session, stream, count)
    }

    // MARK: Responses

    /// The interim response to `Expect: 100-continue`.
    package func sendContinue(on stream: Int32) {
        guard streams[stream] != nil, !hasFailed else { return }
        var list = FieldList()
        list.append(":status", "100")
        list.withVectors { nghttp2_submit_headers(session, 0, stream, nil, $0.baseAddress, $0.count, nil) }
    }

    /// Answers on `stream`. Fields that frame a message or name a connection are left out.
    ///
    /// - Parameters:
    ///   - length: for `content-length`; nil for none.
    ///   - date: as `HTTPDate.format` has it.
    package func respond(
        on stream: Int32, _ response: Response, length: Int?, date: String, content: HTTP2Content
    ) {
        guard let state = streams[stream], !hasFailed, ending == nil else {
            if case .source(let source, _) = content { source.cancel() }
            return
        }
        var list = FieldList()
        list.append(response, length: length, date: date)
        state.progressAt = now
        var provider = nghttp2_data_provider()
        switch content {
        case .none, .bytes([]): break
        case .bytes(let bytes): state.content = .bytes(bytes, from: 0)
        case .source(let source, let length): state.content = .source(source, remaining: length)
        }
        if case .none = state.content {
            list.withVectors { nghttp2_submit_response(session, stream, $0.baseAddress, $0.count, nil) }
        } else {
            provider.source.ptr = Unmanaged.passUnretained(state).toOpaque()
            provider.read_callback = Library.readContent
            list.withVectors { nghttp2_submit_response(session, stream, $0.baseAddress, $0.count, &provider) }
        }
    }

    /// The source of the stream's content has something again.
    package func resume(_ stream: Int32) {
        guard let state = streams[stream], state.isDeferred, !hasFailed else { return }
        state.isDeferred = false
        nghttp2_session_resume_data(session, stream)
    }

    /// Ends a stream; its owner hears nothing more of it.
    package func reset(_ stream: Int32, _ error: ErrorCode) {
        guard let state = streams[stream], !hasFailed else { return }
        state.isForgotten = true
        state.cancelContent()
        nghttp2_submit_rst_stream(session, 0, stream, error.rawValue)
    }

    // MARK: Output

    /// Appends frames to `out` until it has `limit` bytes or there are none. The last frame may go beyond.
    package func produce(into out: inout [UInt8], upTo limit: Int, now: UInt64) {
        guard !hasFailed else { return }
        self.now = now
        outputLimit = limit
        swap(&out, &output)
        defer { swap(&out, &output) }
        while output.count < limit {
            var frame: UnsafePointer<UInt8>?
            let count = nghttp2_session_mem_send(session, &frame)
            if count > 0 {
                output.append(contentsOf: UnsafeBufferPointer(start: frame, count: count))
            } else if count < 0 {
                hasFailed = true
                ending = ending ?? .protocolError
                return
            } else if isFull {
                isFull = false
            } else {
                return
            }
        }
    }

    /// Nothing has happened for a while: gives back what an idle session can do without.
    package func rest() {
        guard !hasFailed, streams.isEmpty, frames.isBetweenFrames, nextEventIndex == events.count, !hasOutput else {
            return
        }
        memory.release()
        events = []
        nextEventIndex = 0
        streams = [:]
    }

    // MARK: The end

    /// Says that the connection will end, and asks the client to show that it has heard. What it has sent by then
    /// is still answered: the first of the two steps of RFC 9113 section 6.8.
    package func announceShutdown() {
        guard !hasFailed, !isShuttingDown else { return }
        isShuttingDown = true
        nghttp2_submit_shutdown_notice(session)
        nghttp2_submit_ping(session, 0, nil)
    }

    /// The second step: no request beyond the last one seen is answered.
    package func finishShutdown() {
        guard !hasFailed else { return }
        let last = nghttp2_session_get_last_proc_stream_id(session)
        nghttp2_submit_goaway(session, 0, last, ErrorCode.none.rawValue, nil, 0)
    }

    /// Ends the connection with an error. What is in flight is lost.
    package func terminate(_ error: ErrorCode) {
        guard !hasFailed else { return }
        note(error)
        nghttp2_session_terminate_session(session, error.rawValue)
    }

    /// Ends the connection of a client that goes beyond a limit.
    private func exceed(_ limit: HTTP2Limit) {
        guard ending == nil else { return }
        ending = .overLimit(limit)
        terminate(.enhanceYourCalm)
    }

    private func note(_ error: ErrorCode) {
        if ending == nil { ending = error == .none ? .finished : .protocolError }
    }

    /// The connection is gone: all content is cancelled, and nothing more happens.
    package func close() {
        hasFailed = true
        for stream in streams.values {
            stream.isForgotten = true
            stream.cancelContent()
        }
        streams.removeAll()
    }

    // MARK: What the library reports

    func began(_ id: Int32) {
        let stream = HTTP2Stream(id, now: now)
        streams[id] = stream
        nghttp2_session_set_stream_user_data(session, id, Unmanaged.passUnretained(stream).toOpaque())
        // Every stream gets the same share, whatever the client would like: a frame each, in turn.
        var priority = nghttp2_extpri(urgency: 3, inc: 1)
        nghttp2_session_change_extpri_stream_priority(session, id, &priority, 1)
    }

    func headCompleted(_ stream: HTTP2Stream, endsStream: Bool) {
        guard let head = stream.head else { return }
        stream.head = nil
        let expectsContinue = head.expectsContinue && !endsStream
        do {
            let request = try head.finish(hasContent: !endsStream)
            events.append(
                .request(stream.id, request, hasContent: !endsStream, expectsContinue: expectsContinue))
        } catch {
            events.append(.refused(stream.id, error))
            countServerReset()
        }
    }

    func requestCompleted(_ stream: HTTP2Stream) {
        guard !stream.requestIsComplete else { return }
        stream.requestIsComplete = true
        if !stream.responseIsComplete { events.append(.end(stream.id)) }
    }

    func responseCompleted(_ stream: HTTP2Stream) {
        stream.responseIsComplete = true
        if !stream.isForgotten { events.append(.sent(stream.id, bytes: stream.sentBytes)) }
        stream.isForgotten = true
    }

    func contentReceived(_ id: Int32, _ range: Range<Int>) {
        guard let stream = streams[id] else { return consumed(range.count, of: id) }
        guard stream.responseIsComplete else { return events.append(.body(id, range)) }
        // The rest of the request is of no use to anybody. Not all clients expect to be told so by a reset while
        // they send (RFC 9113 section 8.1), and most are nearly done.
        consumed(range.count, of: id)
        let isOver = stream.discardedBytes > limits.discardedBytes
        stream.discardedBytes += range.count
        if !isOver, stream.discardedBytes > limits.discardedBytes {
            nghttp2_submit_rst_stream(session, 0, id, ErrorCode.none.rawValue)
        }
    }

    func streamClosed(_ id: Int32) {
        guard let stream = streams.removeValue(forKey: id) else { return }
        nghttp2_session_set_stream_user_data(session, id, nil)
        stream.cancelContent()
        if !stream.isForgotten { events.append(.reset(id, stream.ending ?? .malformed, sent: stream.sentBytes)) }
    }

    func resetSent(_ error: ErrorCode) {
        if error != .none { countServerReset() }
    }

    private func countServerReset() {
        guard ending == nil else { return }
        if !serverResets.take(now: now) { exceed(.refusals) }
    }

    /// The library found a head that begins one stream too many. One that had not seen the limit when it was sent is
    /// refused alone, any other ends the connection (RFC 9113 section 5.1.2).
    func streamsExceeded(endsConnection: Bool) {
        if endsConnection { ending = ending ?? .overLimit(.streams) }
        events.append(.limited(.streams))
    }

    func goAwaySent(_ error: ErrorCode) {
        if error != .none { note(error) }
    }

    func shutdownSeen() { events.append(.shutdownSeen) }

    /// A DATA frame's content is asked for: it is put where it will stand, behind the room for the frame's head.
    func pull(_ stream: HTTP2Stream, upTo room: Int) -> HTTP2Stream.Pull {
        if let frameStart { output.removeSubrange(frameStart...) }
        let start = output.count
        frameStart = start
        for _ in 0..<FrameHead.size { output.append(0) }
        var buffer: [UInt8] = []
        swap(&buffer, &output)
        let result = stream.pull(upTo: room, into: &buffer)
        swap(&buffer, &output)
        switch result {
        case .bytes, .end:
            let count = output.count - start - FrameHead.size
            stream.sentBytes += count
            if stream.sentBytes - stream.progressBytes >= limits.leastProgress {
                stream.progressBytes = stream.sentBytes
                stream.progressAt = now
            }
            frames.sent(count)
        case .wait, .failed:
            output.removeSubrange(start...)
            frameStart = nil
            if result == .wait {
                // From here on it is not the client's windows that are waited for.
                stream.isDeferred = true
                stream.progressBytes = stream.sentBytes
                stream.progressAt = now
            } else {
                stream.ending = .contentFailed
            }
        }
        return result
    }

    /// The frame's head is known: what `pull` has laid out becomes a frame.
    func completeFrame(_ head: UnsafePointer<UInt8>) {
        guard let start = frameStart else { preconditionFailure("a frame's content was not asked for") }
        for index in 0..<FrameHead.size { output[start + index] = head[index] }
        frameStart = nil
        isFull = output.count >= outputLimit
    }
}
