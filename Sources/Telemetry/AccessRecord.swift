/// What the access log says about one request. Filled on the request's way, written once at its end.
///
/// It has no place for a cookie, a token, a code or a query string, so none can reach the log.
package struct AccessRecord: Sendable {
    /// When the request's head was complete, in microseconds since 1970 (UTC).
    package var startedAt: Int64
    /// From `startedAt` to the answer's last byte, in microseconds.
    package var duration: Int64 = 0
    /// The site's name in the config; empty where no site was found.
    package var site: String = ""
    /// The host that the client asked for, as it came; empty where there was none.
    package var host: String = ""
    /// As it came; empty where not even that could be read.
    package var method: String
    /// The target's path as it came, still encoded. The writer cuts it at a `?`.
    package var path: String
    /// The HTTP version's digits: `1.0`, `1.1`, `2`.
    package var version: String
    /// 0 where no answer was sent.
    package var status: Int = 0
    /// Body bytes handed to the client's connection.
    package var bytes: Int64 = 0
    /// The signed-in person's `sub`; empty without one.
    package var subject: String = ""
    package var outcome: Outcome = .internalError
    /// What an error page shows, and so leads from a screenshot to this line; empty without one.
    package var reference: String = ""
    /// Of the trace that the request belongs to (W3C Trace Context): 32 hexadecimal digits; empty without one.
    package var traceID: String = ""
    /// The client's address without its port; behind a trusted proxy, the one the proxy tells.
    package var peer: String

    package init(startedAt: Int64, method: String = "", path: String = "", version: String = "1.1", peer: String = "") {
        self.startedAt = startedAt
        self.method = method
        self.path = path
        self.version = version
        self.peer = peer
    }
}
