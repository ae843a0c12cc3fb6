import Telemetry

/// Why a connection ended: a closed list.
package enum ConnectionEnding: Int, CaseIterable, Sendable {
    /// The client ended it where that does no harm: between requests, or before its first one.
    case clientClosed
    /// The client ended or reset it within a request or a response.
    case clientGone
    /// After a response that said so.
    case finished
    /// The client sent what is no HTTP, or breaks a limit on a message.
    case badRequest
    case handshakeFailed
    case handshakeTimeout
    /// There were too many handshakes, and this one had begun first.
    case handshakeDisplaced
    /// The client had to show a certificate that holds, and did not.
    case certificateRefused
    case headTimeout
    case idleTimeout
    case bodyTimeout
    /// The client took nothing of its answer, or less than the least rate asks for.
    case writeTimeout
    case writeTooSlow
    /// The whole request took too long.
    case requestTimeout
    /// The handler neither answered nor went on with its answer.
    case handlerTimeout
    /// A response's body failed, or did not keep to its length.
    case bodyFailed
    /// More of what costs the server and brings no request further than HTTP/2 clients are allowed.
    case overBudget
    /// The listener has as many connections as it may.
    case overLimit
    /// The client's address has as many connections as it may.
    case overAddressLimit
    /// There was no PROXY header that holds, or nobody is trusted to send one.
    case proxyRefused
    /// Idle, and closed in favour of a new connection.
    case displaced
    /// The server is going down.
    case drained

    /// The coarser word that metrics have for it.
    package var closeReason: CloseReason {
        switch self {
        case .clientClosed: .client
        case .clientGone: .reset
        case .finished, .bodyFailed, .handlerTimeout: .finished
        case .badRequest: .malformed
        case .handshakeFailed: .tls
        case .certificateRefused: .certificate
        case .handshakeTimeout, .headTimeout, .bodyTimeout, .writeTimeout, .requestTimeout: .timeout
        case .writeTooSlow: .slow
        case .overAddressLimit: .limit
        case .proxyRefused: .proxy
        case .handshakeDisplaced: .limit
        case .idleTimeout: .idle
        case .overLimit, .overBudget, .displaced: .limit
        case .drained: .drain
        }
    }
}

/// What one worker's server has counted since it started.
package struct ServerCounters: Sendable {
    package var accepted = 0
    package var requests = 0
    /// Pauses of a listener because descriptors or memory had run out.
    package var acceptPauses = 0
    package var handshakes = 0
    package var handshakesResumed = 0
    /// Body bytes of responses that were handed to connections.
    package var bodyBytesSent = 0
    private var closes = [Int](repeating: 0, count: ConnectionEnding.allCases.count)

    package init() {}

    /// How many connections ended for that reason.
    package func closed(_ reason: ConnectionEnding) -> Int { closes[reason.rawValue] }

    mutating func count(_ reason: ConnectionEnding) { closes[reason.rawValue] += 1 }
}
