import HTTP
import Posix
import TLS

/// Why a request got no response: a closed list.
package enum ClientError: Error, Sendable, Equatable {
    /// The host has no address.
    case unresolved(NameLookup.Failure)
    /// No address took the connection.
    case unreachable(SystemError)
    /// No address answered in time.
    case connectTimedOut
    /// No TLS session: the handshake failed, or the endpoint's certificate did.
    case tls(TLSError)
    /// More requests wait for a connection than the limit, or this one has waited too long.
    case overloaded
    /// The connection ended before the response's head was whole.
    case disconnected
    /// The request's content failed before all of it was sent.
    case upload(BodyFailure)
    /// The response did not begin, or did not go on, in time.
    case timedOut
    case malformed(HTTP1Error)
    /// The body ended before its end, or is not what its framing said (`fetch` only).
    case incomplete(BodyFailure)
    /// The body is larger than the caller takes (`fetch` only).
    case tooLarge

    /// Whether the server can have seen nothing of the request, so that it may be sent again whatever it asks.
    package var isSafeToRetry: Bool {
        switch self {
        case .unresolved, .unreachable, .connectTimedOut, .tls, .overloaded: true
        case .disconnected, .upload, .timedOut, .malformed, .incomplete, .tooLarge: false
        }
    }
}

extension ClientError: CustomStringConvertible {
    /// For the log: nothing of the request or the response is in it.
    package var description: String {
        switch self {
        case .unresolved(let failure): "cannot look up \(failure)"
        case .unreachable(let error): error.description
        case .connectTimedOut: "no answer to the connection attempt"
        case .tls(let error): error.description
        case .overloaded: "too many requests wait for a connection"
        case .disconnected: "the connection ended before a response"
        case .upload: "the request's content failed"
        case .timedOut: "no response in time"
        case .malformed(let error): "a malformed response: \(error.reason)"
        case .incomplete(.timedOut): "the response's content stopped coming"
        case .incomplete(.disconnected): "the connection ended within the response's content"
        case .incomplete(.malformed), .incomplete(.tooLarge): "the response's content is malformed"
        case .tooLarge: "the response is larger than expected"
        }
    }
}
