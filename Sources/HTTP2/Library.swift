import CNghttp2
import HTTP

/// libnghttp2: how a session is set up, and the callbacks by which it speaks.
enum Library {
    static func makeSession(
        _ limits: HTTP2Limits, _ memory: SessionMemory, for owner: HTTP2Session
    ) -> OpaquePointer {
        var option: OpaquePointer?
        guard nghttp2_option_new(&option) == 0 else { fatalError("nghttp2 has no memory") }
        defer { nghttp2_option_del(option) }
        // Resets are counted by `FrameGuard`, as the limits say; its own count goes by a clock of its own.
        nghttp2_option_set_stream_reset_rate_limit(option, 1 << 30, 1 << 30)
        // Content that nobody has taken keeps the window shut.
        nghttp2_option_set_no_auto_window_update(option, 1)
        // It counts reads that bring some of a frame's nine bytes, not frames: `FrameGuard` counts these.
        nghttp2_option_set_max_continuations(option, FrameHead.size * (limits.continuations + 1))
        nghttp2_option_set_max_settings(option, limits.settingsEntries)
        // More than one read can ask for: nothing is read while acknowledgements wait.
        nghttp2_option_set_max_outbound_ack(option, 1000)
        // Streams that are over are `FrameGuard`'s to know.
        nghttp2_option_set_no_closed_streams(option, 1)
        var session: OpaquePointer?
        var functions = memory.functions
        guard
            nghttp2_session_server_new3(
                &session, callbacks, Unmanaged.passUnretained(owner).toOpaque(), option, &functions) == 0,
            let session
        else { fatalError("nghttp2 has no memory") }
        let settings = [
            (NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.concurrentStreams),
            (NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.window),
            (NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, limits.head.fieldsSize),
            (NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1),
        ].map { nghttp2_settings_entry(settings_id: Int32($0.0.rawValue), value: UInt32($0.1)) }
        nghttp2_submit_settings(session, 0, settings, settings.count)
        return session
    }

    /// Copied by each session, and never changed.
    nonisolated(unsafe) private static let callbacks: OpaquePointer = {
        var made: OpaquePointer?
        guard nghttp2_session_callbacks_new(&made) == 0, let made else { fatalError("nghttp2 has no memory") }
        nghttp2_session_callbacks_set_on_begin_headers_callback(made) { _, frame, user in
            if frame!.pointee.headers.cat == NGHTTP2_HCAT_REQUEST { owner(user).began(frame!.pointee.hd.stream_id) }
            return 0
        }
        nghttp2_session_callbacks_set_on_header_callback(made) {
            session, frame, name, nameCount, value, valueCount, _, user in
            // Trailers mean nothing here.
            guard frame!.pointee.headers.cat == NGHTTP2_HCAT_REQUEST,
                let stream = stream(session, frame!.pointee.hd.stream_id)
            else { return 0 }
            stream.head?.take(
                name: Span(_unsafeStart: name!, count: nameCount), value: Span(_unsafeStart: value!, count: valueCount),
                limits: owner(user).limits.head)
            return 0
        }
        nghttp2_session_callbacks_set_on_invalid_header_callback(made) { _, _, _, _, _, _, _, _ in
            // Without it the library drops the field and delivers the rest.
            NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue
        }
        nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(made) { _, frame, error, user in
            guard FrameHead.Kind(rawValue: frame!.pointee.hd.type) == .headers else { return 0 }
            let owner = owner(user)
            let isRefused = error == NGHTTP2_ERR_REFUSED_STREAM.rawValue
            if isRefused || error == NGHTTP2_ERR_PROTO.rawValue && owner.streams.count >= owner.limits.concurrentStreams
            {
                owner.streamsExceeded(endsConnection: !isRefused)
            }
            return 0
        }
        nghttp2_session_callbacks_set_on_frame_recv_callback(made) { session, frame, user in
            received(frame!, session, owner(user))
            return 0
        }
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made) { _, _, id, data, count, user in
            let owner = owner(user)
            let start = owner.inputBase!.distance(to: data!)
            owner.contentReceived(id, start..<start + count)
            return 0
        }
        nghttp2_session_callbacks_set_on_stream_close_callback(made) { _, id, _, user in
            owner(user).streamClosed(id)
            return 0
        }
        nghttp2_session_callbacks_set_on_frame_send_callback(made) { session, frame, user in
            sent(frame!, session, owner(user))
            return 0
        }
        nghttp2_session_callbacks_set_send_data_callback(made) { _, _, head, _, _, user in
            let owner = owner(user)
            owner.completeFrame(head!)
            return owner.isFull ? NGHTTP2_ERR_PAUSE.rawValue : 0
        }
        return made
    }()

    /// The library wants a DATA frame's content.
    static let readContent: nghttp2_data_source_read_callback = { _, _, _, room, flags, source, user in
        let stream = Unmanaged<HTTP2Stream>.fromOpaque(source!.pointee.ptr).takeUnretainedValue()
        let owner = owner(user)
        let before = stream.sentBytes
        switch owner.pull(stream, upTo: room) {
        case .bytes: flags!.pointee = UInt32(NGHTTP2_DATA_FLAG_NO_COPY.rawValue)
        case .end: flags!.pointee = UInt32(NGHTTP2_DATA_FLAG_NO_COPY.rawValue | NGHTTP2_DATA_FLAG_EOF.rawValue)
        case .wait: return Int(NGHTTP2_ERR_DEFERRED.rawValue)
        case .failed: return Int(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue)
        }
        return stream.sentBytes - before
    }

    private static func owner(_ user: UnsafeMutableRawPointer?) -> HTTP2Session {
        Unmanaged<HTTP2Session>.fromOpaque(user!).takeUnretainedValue()
    }

    private static func stream(_ session: OpaquePointer?, _ id: Int32) -> HTTP2Stream? {
        guard let pointer = nghttp2_session_get_stream_user_data(session, id) else { return nil }
        return Unmanaged<HTTP2Stream>.fromOpaque(pointer).takeUnretainedValue()
    }

    private static func received(
        _ frame: UnsafePointer<nghttp2_frame>, _ session: OpaquePointer?, _ owner: HTTP2Session
    ) {
        let head = frame.pointee.hd
        switch FrameHead.Kind(rawValue: head.type) {
        case .headers:
            guard let stream = stream(session, head.stream_id) else { return }
            let endsStream = head.flags & FrameHead.Flag.endStream.rawValue != 0
            if frame.pointee.headers.cat == NGHTTP2_HCAT_REQUEST { owner.headCompleted(stream, endsStream: endsStream) }
            if endsStream { owner.requestCompleted(stream) }
        case .data:
            guard head.flags & FrameHead.Flag.endStream.rawValue != 0,
                let stream = stream(session, head.stream_id)
            else { return }
            owner.requestCompleted(stream)
        case .reset:
            stream(session, head.stream_id)?.ending = .client
        case .ping:
            if head.flags & FrameHead.Flag.endStream.rawValue != 0 { owner.shutdownSeen() }
        default: break
        }
    }

    private static func sent(
        _ frame: UnsafePointer<nghttp2_frame>, _ session: OpaquePointer?, _ owner: HTTP2Session
    ) {
        let head = frame.pointee.hd
        switch FrameHead.Kind(rawValue: head.type) {
        case .headers, .data:
            guard head.flags & FrameHead.Flag.endStream.rawValue != 0,
                let stream = stream(session, head.stream_id)
            else { return }
            owner.responseCompleted(stream)
        case .reset: owner.resetSent(ErrorCode(rawValue: frame.pointee.rst_stream.error_code))
        case .goAway: owner.goAwaySent(ErrorCode(rawValue: frame.pointee.goaway.error_code))
        default: break
        }
    }
}
