import Telemetry

/// What one listener has counted on one worker since it started.
package struct ServerCounters: Sendable {
    package var accepted = 0
    package var requests = 0
    /// Pauses because descriptors or memory had run out.
    package var acceptPauses = 0
    package var handshakes = 0
    package var handshakesResumed = 0
    /// Body bytes of responses that were handed to connections.
    package var bodyBytesSent = 0
    private var closes = [Int](repeating: 0, count: CloseReason.allCases.count)
    private var versions = [Int](repeating: 0, count: TLSVersionUsed.allCases.count)
    private var ciphers = [Int](repeating: 0, count: CipherSuite.allCases.count)
    private var limits = [Int](repeating: 0, count: CloseReason.limits.count)

    package init() {}

    /// How many connections ended for that reason.
    package func closed(_ reason: CloseReason) -> Int { closes[reason.index] }

    /// How often that limit took effect, on connections or on single requests.
    package func reached(_ limit: CloseReason) -> Int { limits[limit.index] }

    /// How many handshakes agreed on that version.
    package func agreed(_ version: TLSVersionUsed) -> Int { versions[version.index] }

    /// How many handshakes agreed on that cipher suite.
    package func agreed(_ cipher: CipherSuite) -> Int { ciphers[cipher.index] }

    /// A TLS handshake has succeeded. Names are OpenSSL's.
    mutating func countHandshake(version: String, cipher: String, wasResumed: Bool) {
        handshakes += 1
        if wasResumed { handshakesResumed += 1 }
        if let version = TLSVersionUsed(rawValue: version) { versions[version.index] += 1 }
        if let cipher = CipherSuite(rawValue: cipher) { ciphers[cipher.index] += 1 }
    }

    /// A connection ended.
    mutating func countClose(_ reason: CloseReason) {
        closes[reason.index] += 1
        if reason.isLimit { countLimit(reason) }
    }

    /// A limit took effect on a request, and its connection goes on.
    mutating func countLimit(_ limit: CloseReason) { limits[limit.index] += 1 }

    package mutating func add(_ other: ServerCounters) {
        accepted += other.accepted
        requests += other.requests
        acceptPauses += other.acceptPauses
        handshakes += other.handshakes
        handshakesResumed += other.handshakesResumed
        bodyBytesSent += other.bodyBytesSent
        for index in closes.indices { closes[index] += other.closes[index] }
        for index in versions.indices { versions[index] += other.versions[index] }
        for index in ciphers.indices { ciphers[index] += other.ciphers[index] }
        for index in limits.indices { limits[index] += other.limits[index] }
    }
}
