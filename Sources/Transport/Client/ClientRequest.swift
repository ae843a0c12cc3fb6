import HTTP

/// A request to be sent, complete.
package struct ClientRequest: Sendable {
    package var method: Method
    /// In origin form, sent byte for byte.
    package var target: [UInt8]
    /// What the `Host` field says.
    package var host: String
    /// Without `Host` and the fields of framing, which are the connection's to write.
    package var fields: Fields
    /// Sent with a Content-Length where it is not empty, or where the method usually has content.
    package var body: [UInt8]
    /// It goes over a connection of its own: a kept one may be at its end already, unseen, and a request that is not
    /// repeatable would be lost with it (RFC 9112 section 9.5).
    package var needsNewConnection = false
    /// What whoever asks holds besides until the answer comes, in bytes: it counts for `ClientLimits.queueSize`.
    package var heldBytes = 0

    package init(method: Method, target: [UInt8], host: String, fields: Fields = Fields(), body: [UInt8] = []) {
        self.method = method
        self.target = target
        self.host = host
        self.fields = fields
        self.body = body
    }

    package init(method: Method, target: String, host: String, fields: Fields = Fields(), body: [UInt8] = []) {
        self.init(method: method, target: Array(target.utf8), host: host, fields: fields, body: body)
    }

    /// What it takes in memory, about.
    package var size: Int { 512 + target.count + fields.size + body.count }

    /// - Parameter upload: content that is pulled while it is sent, in place of `body`.
    func framing(_ upload: (any BodySource)?) -> BodyFraming {
        if let upload { return upload.length.map(BodyFraming.length) ?? .chunked }
        return switch method {
        case .post, .put: .length(body.count)
        default: body.isEmpty ? .none : .length(body.count)
        }
    }

    /// Whether a second arrival would change nothing (RFC 9110 section 9.2.1; of the safe methods those in use).
    var isRepeatable: Bool { method == .get || method == .head }
}

/// Hears of one request. Exactly one of the two is called, once, on the loop's thread, and never from within
/// `send`; neither after `cancel`.
package protocol ClientResponseHandler: AnyObject {
    /// The head is there. The body must be read to its end or cancelled, also where it is empty: until then it holds
    /// a connection.
    func clientCall(_ call: ClientCall, received head: ResponseHead, body: any BodySource)
    func clientCall(_ call: ClientCall, failed error: ClientError)
}
