import Posix
import Telemetry

/// The PROXY header before everything else.
extension Connection {
    /// Looks at what has come without taking it: only the header is taken, whatever follows it belongs to whoever
    /// speaks next.
    func continueProxyHeader() {
        var bytes = server.takeInput()
        defer { server.giveBackInput(bytes) }
        var result = IOResult.wouldBlock
        bytes.append(addingCapacity: ProxyHeader.longest) { out in result = peek(into: &out) }
        switch result {
        case .wouldBlock: return
        case .end, .failed: return close(.client)
        case .bytes: break
        }
        switch ProxyHeader.read(bytes.span) {
        case .refused: refuseProxy()
        case .needMore: if peerHasEnded { refuseProxy() }
        case .header(let header):
            skip(header.length)
            if let client = header.client { info = ConnectionInfo(peer: client, listener: info.listener) }
            guard isCounted || countByAddress() else { return close(.connectionsPerAddress) }
            begin()
        }
    }

    /// Closes at once: whoever this is does not speak for clients, or not so that it can be understood.
    func refuseProxy() {
        var record = AccessRecord(startedAt: WallClock.microseconds(), version: "", peer: info.peerText)
        record.outcome = .proxyRefused
        handler.didRefuse(record, on: info)
        close(.proxy)
    }

    /// Whether the client may have one more connection.
    func countByAddress() -> Bool {
        guard let census = server.census else { return true }
        switch census.enter(from: info.peer) {
        case .counted:
            isCounted = true
            return true
        case .exempt: return true
        case .refused: return false
        }
    }
}
