/// Looks at the frames that come, ahead of the library, and stops those that it would let pass: floods of
/// frames that bring no request further, and messages that go on behind their end or begin out of order.
///
/// It follows the framing only (RFC 9113 section 4.1): the type, length, flags and stream of each frame, wherever
/// the input is split, and the first bytes of a PRIORITY frame. What a frame does to its stream is the library's
/// to say. It takes as much memory for a million frames as for one.
struct FrameGuard {
    enum Verdict: Equatable {
        case fine
        /// What lies before `end` may go to the library; the connection ends for that.
        case stop(end: Int, Fault)
    }

    enum Fault: Equatable {
        case error(ErrorCode)
        case limit(HTTP2Limit)
    }

    private let limits: HTTP2Limits
    private var prefaceLeft = 24
    private var head = FrameHead()
    private var headCount = 0
    private var payloadLeft = 0
    /// How much of the payload is looked at, and what of it has come.
    private var wordLeft = 0
    private var word: UInt32 = 0

    private var idleFrames: TokenBucket
    private var clientResets: TokenBucket
    private var continuations = 0
    private var highestStream: UInt32 = 0
    /// Streams below the highest that were never opened. The last few are remembered: a client that passes
    /// over streams at all is rare.
    private var passedOver: [ClosedRange<UInt32>] = []
    private static let rememberedRanges = 16
    /// Streams of which the client has not sent the end, oldest first. Those that this side has reset stay until newer
    /// ones push them out.
    private var unfinished: [UInt32] = []
    /// Sent bytes that have not yet earned a frame.
    private var unearned = 0

    /// Heads whose last part has not come.
    private(set) var isInHead = false
    /// How many heads have begun.
    private(set) var heads = 0
    var hasPreface: Bool { prefaceLeft == 0 }
    var isBetweenFrames: Bool { hasPreface && headCount == 0 && payloadLeft == 0 && !isInHead }

    init(_ limits: HTTP2Limits) {
        self.limits = limits
        idleFrames = TokenBucket(limits.idleFrames)
        clientResets = TokenBucket(limits.clientResets)
    }

    /// So much content was sent.
    mutating func sent(_ count: Int) {
        unearned += count
        guard unearned >= limits.bytesPerIdleFrame else { return }
        idleFrames.give(unearned / limits.bytesPerIdleFrame)
        unearned %= limits.bytesPerIdleFrame
    }

    mutating func check(_ input: Span<UInt8>, now: UInt64) -> Verdict {
        var index = min(prefaceLeft, input.count)
        prefaceLeft -= index
        while index < input.count {
            if payloadLeft > 0 {
                if wordLeft > 0 {
                    word = word << 8 | UInt32(input[index])
                    wordLeft -= 1
                    payloadLeft -= 1
                    index += 1
                    // A stream that depends on itself (RFC 9113 section 5.3.1).
                    if wordLeft == 0, word & 0x7FFF_FFFF == head.stream {
                        return .stop(end: index, .error(.protocolError))
                    }
                } else {
                    let step = min(payloadLeft, input.count - index)
                    payloadLeft -= step
                    index += step
                }
                continue
            }
            let start = index - headCount
            head.take(input[index])
            headCount += 1
            index += 1
            guard headCount == FrameHead.size else { continue }
            headCount = 0
            payloadLeft = head.length
            if let fault = judge(now) { return .stop(end: max(0, start), fault) }
        }
        return .fine
    }

    private mutating func judge(_ now: UInt64) -> Fault? {
        // Nothing comes within a head but the rest of it (RFC 9113 section 4.3).
        if isInHead, head.type != .continuation { return .error(.protocolError) }
        switch head.type {
        case .headers:
            if head.stream & 1 == 1, let error = judgeOrder() { return .error(error) }
            finishIfLast()
            heads += 1
            continuations = 0
            isInHead = !head.has(.endHeaders)
        case .continuation:
            continuations += 1
            guard continuations <= limits.continuations else { return .limit(.continuations) }
            if head.has(.endHeaders) { isInHead = false }
        case .data:
            if let error = judgeKnown() { return .error(error) }
            finishIfLast()
            // A padded frame may be all padding.
            let mayBeEmpty = head.length == 0 || (head.has(.padded) && head.length <= 256)
            if mayBeEmpty, !head.has(.endStream) { return takeIdle(now) }
        case .reset:
            guard clientResets.take(now: now) else { return .limit(.resets) }
            finish()
        case .priority:
            guard head.stream != 0 else { return .error(.protocolError) }
            if head.length == 5 { (wordLeft, word) = (4, 0) }
            return takeIdle(now)
        case .pushPromise: break
        case .settings where head.length / 6 > limits.settingsEntries: return .limit(.idleFrames)
        case .settings, .ping, .goAway, .windowUpdate, nil:
            return takeIdle(now)
        }
        return nil
    }

    private mutating func takeIdle(_ now: UInt64) -> Fault? {
        idleFrames.take(now: now) ? nil : .limit(.idleFrames)
    }

    /// More of a message whose end has come, or that has never begun (RFC 9113 section 5.1). The library forgets
    /// streams that are closed, and would take the one for the other, and neither amiss.
    private func judgeKnown() -> ErrorCode? {
        let stream = head.stream
        guard stream <= highestStream, stream & 1 == 1, !unfinished.contains(stream) else { return nil }
        return passedOver.contains { $0.contains(stream) } ? .protocolError : .streamClosed
    }

    private mutating func finishIfLast() {
        if head.has(.endStream) { finish() }
    }

    private mutating func finish() {
        if let index = unfinished.lastIndex(of: head.stream) { unfinished.remove(at: index) }
    }

    /// A new stream has a higher number than all before it (RFC 9113 section 5.1.1).
    private mutating func judgeOrder() -> ErrorCode? {
        let stream = head.stream
        guard stream > highestStream else { return judgeKnown() }
        let next = highestStream == 0 ? 1 : highestStream + 2
        if stream > next {
            if passedOver.count == Self.rememberedRanges { passedOver.removeFirst() }
            passedOver.append(next...stream - 2)
        }
        highestStream = stream
        if !head.has(.endStream) {
            if unfinished.count >= 4 * limits.concurrentStreams { unfinished.removeFirst() }
            unfinished.append(stream)
        }
        idleFrames.give(limits.idleFramesPerRequest)
        return nil
    }
}

/// The nine bytes before each payload (RFC 9113 section 4.1).
struct FrameHead {
    static let size = 9

    enum Kind: UInt8 {
        case data, headers, priority, reset, settings, pushPromise, ping, goAway, windowUpdate, continuation
    }

    enum Flag: UInt8 {
        /// Also ACK.
        case endStream = 1
        case endHeaders = 4
        case padded = 8
    }

    /// The nine bytes but the first.
    private var bits: UInt64 = 0
    private var first: UInt8 = 0

    mutating func take(_ byte: UInt8) {
        first = UInt8(truncatingIfNeeded: bits >> 56)
        bits = bits << 8 | UInt64(byte)
    }

    var length: Int { Int(first) << 16 | Int(bits >> 48) }
    var type: Kind? { Kind(rawValue: UInt8(truncatingIfNeeded: bits >> 40)) }
    var stream: UInt32 { UInt32(truncatingIfNeeded: bits) & 0x7FFF_FFFF }
    func has(_ flag: Flag) -> Bool { UInt8(truncatingIfNeeded: bits >> 32) & flag.rawValue != 0 }
}

/// Why a stream or a connection ends (RFC 9113 section 7).
package struct ErrorCode: Sendable, Hashable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let none = ErrorCode(rawValue: 0)
    package static let protocolError = ErrorCode(rawValue: 1)
    package static let internalError = ErrorCode(rawValue: 2)
    package static let flowControl = ErrorCode(rawValue: 3)
    package static let settingsTimeout = ErrorCode(rawValue: 4)
    package static let streamClosed = ErrorCode(rawValue: 5)
    package static let frameSize = ErrorCode(rawValue: 6)
    package static let refusedStream = ErrorCode(rawValue: 7)
    package static let cancel = ErrorCode(rawValue: 8)
    package static let compression = ErrorCode(rawValue: 9)
    package static let enhanceYourCalm = ErrorCode(rawValue: 11)
}
