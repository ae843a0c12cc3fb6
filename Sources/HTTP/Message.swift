/// The request method (RFC 9110 section 9). Only the methods that Postern tells apart are named.
package enum Method: Sendable, Hashable, CustomStringConvertible {
    case get, head, post, put, delete, options, connect, trace
    case other(String)

    package init(_ token: String) {
        switch token {
        case "GET": self = .get
        case "HEAD": self = .head
        case "POST": self = .post
        case "PUT": self = .put
        case "DELETE": self = .delete
        case "OPTIONS": self = .options
        case "CONNECT": self = .connect
        case "TRACE": self = .trace
        default: self = .other(token)
        }
    }

    package var description: String {
        switch self {
        case .get: "GET"
        case .head: "HEAD"
        case .post: "POST"
        case .put: "PUT"
        case .delete: "DELETE"
        case .options: "OPTIONS"
        case .connect: "CONNECT"
        case .trace: "TRACE"
        case .other(let token): token
        }
    }
}

/// The protocol a message came by. Only a label for logs: nothing decides by it above the connection.
package enum Version: String, Sendable {
    case http10 = "HTTP/1.0"
    case http11 = "HTTP/1.1"
    case http2 = "HTTP/2"
}

/// What a message's framing says about its body (RFC 9112 section 6).
package enum BodyFraming: Sendable, Equatable {
    case none
    case length(Int)
    case chunked
}

/// A request's head.
package struct Request: Sendable {
    package var method: Method
    /// Origin form, as it was sent: the path and, behind a `?`, the query (RFC 9112 section 3.2.1).
    package var target: String
    /// The host, and the port where one was named: lower-cased, syntax-checked, from `Host` or `:authority`.
    package var authority: String
    package var fields: Fields
    package var framing: BodyFraming
    package var version: Version

    package init(
        method: Method, target: String, authority: String, fields: Fields = Fields(),
        framing: BodyFraming = .none, version: Version = .http11
    ) {
        self.method = method
        self.target = target
        self.authority = authority
        self.fields = fields
        self.framing = framing
        self.version = version
    }
}

/// A response's head. Framing fields (`Content-Length`, `Transfer-Encoding`), `Connection` and `Date`
/// are the connection's to write, and are not among `fields`.
package struct Response: Sendable {
    package var status: Int
    package var fields: Fields

    package init(status: Int, fields: Fields = Fields()) {
        self.status = status
        self.fields = fields
    }
}

/// What follows a response's head.
package enum ResponseBody {
    case empty
    case bytes([UInt8])
    /// Pulled as the client takes it. With a length it is framed by that; without one, chunked.
    case source(any BodySource)
    /// The answer to HEAD, or a 304: no content, but the length that a GET's would have, where known.
    case omitted(length: Int?)
}
