import Posix
import TLS

/// The bytes of a connection, in clear or through TLS: the one place where the client knows the difference.
///
/// Reports of readiness are edges, so what the last one said is remembered here until a call disproves it: a read that
/// the kernel did not fill has emptied the socket (epoll(7)), unless the end is behind it, and saves
/// the call that would only say so.
struct ClientStream: ~Copyable {
    enum Input: Equatable {
        case bytes
        case wait
        /// Nothing more will come.
        case end
        case failed
    }

    enum Output: Equatable {
        case done
        /// The socket takes no more for now.
        case blocked
        case failed
    }

    private(set) var tls: TLSSession?
    /// Nil once it is closed; nothing but `close` is called then.
    private var socket: FileDescriptor?
    private var canRead = true
    private var peerHasEnded = false
    private(set) var hasSent = false

    init(_ socket: consuming FileDescriptor, tls: TLSSession?) {
        self.socket = consume socket
        self.tls = tls
    }

    mutating func note(_ readiness: Readiness) {
        if readiness.contains(.readable) { canRead = true }
        if readiness.contains(.peerClosed) { peerHasEnded = true }
    }

    /// Nothing is known to wait in the socket or the session.
    var isQuiet: Bool { !canRead && tls?.mayHavePlaintext != true }

    /// From here on `hasSent` tells of a new request.
    mutating func beginRequest() { hasSent = false }

    /// Appends what has come; in clear at most `limit` bytes, which must be 1 or more.
    mutating func receive(into out: inout OutputSpan<UInt8>, limit: Int = .max) -> Input {
        guard let tls else {
            guard canRead else { return .wait }
            let room = min(out.freeCapacity, limit)
            return note(socket!.receive(into: &out, limit: limit), room)
        }
        while true {
            switch tls.read(into: &out) {
            case .bytes: return .bytes
            case .closed: return .end
            case .failed: return .failed
            case .wait: break
            }
            switch receiveCiphertext(tls) {
            case .bytes: continue
            case .wait:
                // The session may have had to answer something by itself.
                return tls.hasOutput && sendCiphertext(tls) == .failed ? .failed : .wait
            case .end: tls.endOfInput()
            case .failed: return .failed
            }
        }
    }

    /// Sends as much of `bytes` as goes; the rest is `bytes` from `sent` on.
    mutating func send(_ bytes: Span<UInt8>, sent: inout Int) -> Output {
        guard let tls else {
            while sent < bytes.count {
                switch socket!.send(bytes.extracting(sent..<bytes.count)) {
                case .bytes(let count):
                    sent += count
                    hasSent = true
                case .wouldBlock: return .blocked
                case .end, .failed: return .failed
                }
            }
            return .done
        }
        var wasStuck = false
        while true {
            let count = tls.write(bytes.extracting(sent..<bytes.count))
            sent += count
            let output = sendCiphertext(tls)
            if output != .done || sent == bytes.count { return output }
            // There is room now: a session that still takes nothing takes nothing more.
            if count == 0, wasStuck { return .failed }
            wasStuck = count == 0
        }
    }

    /// A step of the handshake; to be made again whenever the socket has become ready.
    mutating func handshake() -> TLSProgress {
        guard let tls else { return .done }
        while true {
            let progress = tls.handshake()
            if sendCiphertext(tls) == .failed, progress == .done { return .failed(Self.closedInHandshake) }
            guard progress == .wait else { return progress }
            switch receiveCiphertext(tls) {
            case .bytes: continue
            case .wait: return .wait
            case .end, .failed: return .failed(Self.closedInHandshake)
            }
        }
    }

    private static let closedInHandshake = TLSError(.truncated, "the server closed the connection in the TLS handshake")

    /// Says goodbye where that goes without waiting, and closes.
    mutating func close() {
        if let tls, socket != nil {
            tls.close()
            _ = sendCiphertext(tls)
        }
        tls = nil
        socket = nil
    }

    private mutating func receiveCiphertext(_ tls: TLSSession) -> Input {
        guard canRead else { return .wait }
        var result = IOResult.wouldBlock
        var room = 0
        tls.receive(upTo: TLSSession.recordSize) { (out: inout OutputSpan<UInt8>) in
            room = out.freeCapacity
            result = socket!.receive(into: &out)
        }
        return note(result, room)
    }

    private mutating func sendCiphertext(_ tls: TLSSession) -> Output {
        while tls.hasOutput {
            var result = IOResult.wouldBlock
            tls.withOutput { bytes in
                result = socket!.send(bytes)
                if case .bytes(let count) = result { return count }
                return 0
            }
            switch result {
            case .bytes: hasSent = true
            case .wouldBlock: return .blocked
            case .end, .failed: return .failed
            }
        }
        return .done
    }

    private mutating func note(_ result: IOResult, _ room: Int) -> Input {
        switch result {
        case .bytes(let count):
            if count < room, !peerHasEnded { canRead = false }
            return .bytes
        case .wouldBlock:
            canRead = false
            return .wait
        case .end: return .end
        case .failed: return .failed
        }
    }
}
