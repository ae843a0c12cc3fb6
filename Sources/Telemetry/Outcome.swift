/// How a request ended: the closed list that the access log, the metrics and Postern's own pages
/// share, so that one word leads from any of them to the others.
package enum Outcome: String, Sendable, Hashable, CaseIterable, CustomStringConvertible {
    // The bucket's object
    /// 200 with the object.
    case served
    /// 206 with a part of it.
    case partial
    /// 304: the browser's copy is current.
    case notModified = "not_modified"
    /// 404: the origin has no such object.
    case notFound = "not_found"
    /// 412: a precondition of the request did not hold.
    case preconditionFailed = "precondition_failed"
    /// 416: no byte of the range asked for exists.
    case rangeNotSatisfiable = "range_not_satisfiable"

    // Sign-in and session
    /// 302 to the provider.
    case signInStarted = "sign_in_started"
    /// 401 to what cannot follow a sign-in: a fetch, an image, an API client.
    case signInRequired = "sign_in_required"
    /// The callback ended in a session.
    case signedIn = "signed_in"
    /// The callback ended in an error page: `state` did not hold, or the answer was refused.
    case signInFailed = "sign_in_failed"
    /// 400: the browser signs in again and again, and comes back without a session.
    case signInLoop = "sign_in_loop"
    /// The provider sent the person back with an error, `access_denied` for one.
    case signInDenied = "sign_in_denied"
    /// 401: signed in, but not as the rule demands, and it was no navigation.
    case stepUpRequired = "step_up_required"
    /// 403: the provider was asked to do as the rule demands, and has not.
    case stepUpFailed = "step_up_failed"
    /// The session does not fit into the browser's cookies.
    case sessionTooLarge = "session_too_large"
    case signedOut = "signed_out"
    /// 401: the bearer token was refused.
    case badToken = "bad_token"
    /// 403: signed in, and the rule says no.
    case forbidden

    // Answers that Postern makes of the request alone
    /// A page or document of Postern's own: below the auth path, or the admin listener's.
    case ownPage = "own_page"
    /// A redirect that is no sign-in: to HTTPS, or to the path with its slash.
    case redirected
    /// 204: a browser was told that another origin's script may ask.
    case preflight
    /// 421: no site has this host.
    case unknownHost = "unknown_host"
    /// 421: the connection was made for another site, by a certificate of its own.
    case misdirected
    /// 400, 413, 414, 431, 501, 505: the request does not hold.
    case badRequest = "bad_request"
    /// 405 with `Allow`.
    case methodNotAllowed = "method_not_allowed"
    /// 408: the request's head or body did not come in time.
    case requestTimeout = "request_timeout"
    /// A limit was reached, and the answer cut.
    case limited
    /// The daemon went down, and could not wait any longer.
    case draining
    /// The connection had no PROXY header that holds, or did not come from a trusted proxy.
    case proxyRefused = "proxy_refused"

    // What failed behind Postern
    /// The origin could not be reached, broke off, or answered with a fault of its own.
    case originFailed = "origin_failed"
    /// 504: the origin did not answer in time.
    case originTimeout = "origin_timeout"
    /// The origin refused Postern's own credentials.
    case originDenied = "origin_denied"
    /// The provider could not be reached, or its answer does not hold.
    case providerFailed = "provider_failed"
    /// The client left before the answer was whole.
    case clientGone = "client_gone"
    /// A fault of Postern's own.
    case internalError = "internal_error"

    package var description: String { rawValue }

    /// The position in `allCases`, by which counters find their cell.
    package var index: Int {
        switch self {
        case .served: 0
        case .partial: 1
        case .notModified: 2
        case .notFound: 3
        case .preconditionFailed: 4
        case .rangeNotSatisfiable: 5
        case .signInStarted: 6
        case .signInRequired: 7
        case .signedIn: 8
        case .signInFailed: 9
        case .signInLoop: 10
        case .signInDenied: 11
        case .stepUpRequired: 12
        case .stepUpFailed: 13
        case .sessionTooLarge: 14
        case .signedOut: 15
        case .badToken: 16
        case .forbidden: 17
        case .ownPage: 18
        case .redirected: 19
        case .preflight: 20
        case .unknownHost: 21
        case .misdirected: 22
        case .badRequest: 23
        case .methodNotAllowed: 24
        case .requestTimeout: 25
        case .limited: 26
        case .draining: 27
        case .proxyRefused: 28
        case .originFailed: 29
        case .originTimeout: 30
        case .originDenied: 31
        case .providerFailed: 32
        case .clientGone: 33
        case .internalError: 34
        }
    }
}
