/// A label's closed list of values; the position of each is its raw order.
package protocol MetricLabelValue: RawRepresentable<String>, CaseIterable, Hashable, Sendable {
    var index: Int { get }
}

extension Outcome: MetricLabelValue {}

package enum MetricResult: String, MetricLabelValue {
    case ok, failed
    package var index: Int { self == .ok ? 0 : 1 }
}

package enum StatusClass: String, MetricLabelValue {
    case none
    case informational = "1xx"
    case success = "2xx"
    case redirection = "3xx"
    case clientError = "4xx"
    case serverError = "5xx"

    package var index: Int {
        switch self {
        case .none: 0
        case .informational: 1
        case .success: 2
        case .redirection: 3
        case .clientError: 4
        case .serverError: 5
        }
    }

    package init(status: Int) {
        self =
            switch status / 100 {
            case 1: .informational
            case 2: .success
            case 3: .redirection
            case 4: .clientError
            case 5: .serverError
            default: .none
            }
    }
}

/// Why a client's connection ended: the one closed list that the server, its metrics and its log share. A limit's
/// reason bears the name of the limit's option.
package enum CloseReason: String, MetricLabelValue {
    // Limits, in the options' order
    case requestLine = "request_line"
    case fieldsSize = "fields_size"
    case fieldsCount = "fields_count"
    case bodySize = "body_size"
    case connections
    case connectionsPerAddress = "connections_per_address"
    case requestsPerConnection = "requests_per_connection"
    case streamsPerConnection = "streams_per_connection"
    case http2Resets = "http2_resets"
    case http2Refusals = "http2_refusals"
    case http2IdleFrames = "http2_idle_frames"
    case http2Continuations = "http2_continuations"
    case tlsHandshakes = "tls_handshakes"
    case tlsHandshakeTimeout = "tls_handshake_timeout"
    case headTimeout = "head_timeout"
    case idleTimeout = "idle_timeout"
    case readTimeout = "read_timeout"
    case writeTimeout = "write_timeout"
    case requestTimeout = "request_timeout"
    case minReadRate = "min_read_rate"
    case minWriteRate = "min_write_rate"
    case drainTimeout = "drain_timeout"
    /// The process, or the system, has none left.
    case descriptors

    // The client
    /// It ended the connection where that does no harm: between requests, or before its first one.
    case client
    /// It ended or reset it within a request or an answer.
    case reset
    /// It sent what is no HTTP.
    case malformed
    /// It spoke no TLS, or none that is spoken here.
    case tls
    /// There was no PROXY header that holds, or nobody was trusted to send one.
    case proxy
    /// The client's certificate did not hold, or there was none.
    case certificate

    // Postern
    /// After an answer that said so.
    case finished
    /// Idle, and closed in favour of a new connection.
    case displaced
    /// The daemon goes down.
    case drain
    /// An answer's content failed, or did not keep to its length.
    case origin
    /// The handler neither answered nor went on with its answer.
    case stalled

    /// The reasons that are limits: the first of all.
    package static let limits = Array(allCases.prefix { $0 != .client })

    package var isLimit: Bool { index < Self.limits.count }

    /// Whether it tells of a client that wants more than its share, which an operator may want to know of.
    package var isExcess: Bool {
        switch self {
        case .connections, .connectionsPerAddress, .http2Resets, .http2Refusals, .http2IdleFrames,
            .http2Continuations, .tlsHandshakes, .descriptors:
            true
        default: false
        }
    }

    package var index: Int { Self.places[self]! }

    private static let places = Dictionary(uniqueKeysWithValues: zip(allCases, 0...))
}

package enum SignInStep: String, MetricLabelValue {
    case started, completed, denied, failed

    package var index: Int {
        switch self {
        case .started: 0
        case .completed: 1
        case .denied: 2
        case .failed: 3
        }
    }
}

package enum TokenCheck: String, MetricLabelValue {
    case verified
    case refused

    package var index: Int { self == .verified ? 0 : 1 }
}

package enum CacheLookup: String, MetricLabelValue {
    case hit, miss
    package var index: Int { self == .hit ? 0 : 1 }
}

/// Where a request spends its time until the answer's head.
package enum RequestStage: String, MetricLabelValue {
    /// Which site, which path, which rule.
    case route
    /// An address of Postern's own, the callback for one, which waits for the provider.
    case ownPages = "own_pages"
    /// Who it is; keys and renewals that this waits for included.
    case session
    /// The way to the provider.
    case signIn = "sign_in"
    /// Whether the rule lets them in.
    case authorization
    /// The bucket, the folder or the app.
    case origin

    package var index: Int {
        switch self {
        case .route: 0
        case .ownPages: 1
        case .session: 2
        case .signIn: 3
        case .authorization: 4
        case .origin: 5
        }
    }
}

/// A version of TLS as OpenSSL names it.
package enum TLSVersionUsed: String, MetricLabelValue {
    case tls12 = "TLSv1.2"
    case tls13 = "TLSv1.3"
    package var index: Int { self == .tls12 ? 0 : 1 }
}

/// The cipher suites that servers here agree to, as OpenSSL names them.
package enum CipherSuite: String, MetricLabelValue {
    case aes128 = "TLS_AES_128_GCM_SHA256"
    case aes256 = "TLS_AES_256_GCM_SHA384"
    case chaCha20 = "TLS_CHACHA20_POLY1305_SHA256"
    case ecdsaAES128 = "ECDHE-ECDSA-AES128-GCM-SHA256"
    case rsaAES128 = "ECDHE-RSA-AES128-GCM-SHA256"
    case ecdsaAES256 = "ECDHE-ECDSA-AES256-GCM-SHA384"
    case rsaAES256 = "ECDHE-RSA-AES256-GCM-SHA384"
    case ecdsaChaCha20 = "ECDHE-ECDSA-CHACHA20-POLY1305"
    case rsaChaCha20 = "ECDHE-RSA-CHACHA20-POLY1305"

    package var index: Int { Self.places[self]! }
    private static let places = Dictionary(uniqueKeysWithValues: zip(allCases, 0...))
}

/// Whose event loop it is.
package enum LoopKind: String, MetricLabelValue {
    case worker, control
    package var index: Int { self == .worker ? 0 : 1 }
}

/// Which of the two logs.
package enum LogKind: String, MetricLabelValue {
    case access, events
    package var index: Int { self == .access ? 0 : 1 }
}

package enum OriginAnswer: String, MetricLabelValue {
    /// An object, or that it has not changed; of an app, whatever the others are not.
    case found
    /// 404; and a refusal that says as much in a bucket that may not be listed.
    case notFound = "not_found"
    /// It refuses Postern's credentials.
    case denied
    /// It could not be reached, or answered with a 5xx.
    case failed
    case timeout

    package var index: Int {
        switch self {
        case .found: 0
        case .notFound: 1
        case .denied: 2
        case .failed: 3
        case .timeout: 4
        }
    }
}

/// What an origin's faults were met with.
package enum OriginRecovery: String, MetricLabelValue {
    /// A request was sent again, to the same endpoint or to another.
    case retried
    /// It was not, for `origin_retries` and `origin_retries_per_second` were used up.
    case notRetried = "not_retried"
    /// The rest of content that had broken off was asked for.
    case resumed
    /// An endpoint was set aside for a while.
    case setAside = "set_aside"
    /// Signatures were made to follow an endpoint's clock.
    case clockCorrected = "clock_corrected"

    package var index: Int {
        switch self {
        case .retried: 0
        case .notRetried: 1
        case .resumed: 2
        case .setAside: 3
        case .clockCorrected: 4
        }
    }
}

/// What came of renewing a session's tokens.
package enum RenewalOutcome: String, MetricLabelValue {
    /// The provider gave a new ID token.
    case renewed
    /// It gave no new ID token, and so the claims stay.
    case withoutToken = "without_token"
    /// A cookie from before the renewal was given what had come of it.
    case remembered
    /// The provider refused, and the session ends.
    case refused
    /// What came did not hold, and the session has ended.
    case invalid
    /// The provider could not be asked.
    case unavailable

    package var index: Int {
        switch self {
        case .renewed: 0
        case .withoutToken: 1
        case .remembered: 2
        case .refused: 3
        case .invalid: 4
        case .unavailable: 5
        }
    }
}
