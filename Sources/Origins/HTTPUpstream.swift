import HTTP
import Reactor
import Transport

/// An app that speaks HTTP, which gets requests of every method as they are asked for, and says who asks.
package final class HTTPUpstream {
    package let configuration: UpstreamConfiguration
    private let client: HTTPClient

    /// - Parameter client: of this app alone; it takes responses that end with their connection.
    package init(_ configuration: UpstreamConfiguration, client: HTTPClient) {
        self.configuration = configuration
        self.client = client
    }

    /// Passes a request on.
    ///
    /// - Parameters:
    ///   - content: what comes with it, where something does.
    ///   - receiver: called exactly once, on the loop's thread, never before this returns, and not after the call was
    ///     cancelled.
    package func send(
        _ request: UpstreamRequest, content: (any BodySource)?, receiver: @escaping (UpstreamResponse) -> Void
    ) -> any OriginCall {
        var message = ClientRequest(
            method: request.method, target: configuration.basePath + request.target,
            host: configuration.passesHost ? request.authority : configuration.authority,
            fields: UpstreamFields.request(request, configuration))
        message.heldBytes = request.heldBytes
        let call = UpstreamCall(receiver)
        call.call = client.send(message, upload: content, to: configuration.endpoint, handler: call)
        return call
    }
}

/// Where an app is, and what it is told.
package struct UpstreamConfiguration: Sendable {
    package let endpoint: Endpoint
    /// What its own URL says as `Host`.
    package let authority: String
    /// Empty, or with a slash in front and none behind.
    package let basePath: String
    /// `Host` is the site's, not the app's own.
    package var passesHost = true
    /// RFC 7239's field goes along with the `X-Forwarded-` ones.
    package var sendsForwarded = false
    /// How much a request may bring, in bytes.
    package var uploadSize = 100 << 20
    package var names = IdentityNames() {
        didSet { ownNames = names.normalized }
    }
    /// The names as no client may use them, in whatever spelling.
    private(set) var ownNames = IdentityNames().normalized

    package init(endpoint: Endpoint, authority: String, basePath: String = "") {
        self.endpoint = endpoint
        self.authority = authority
        self.basePath = basePath.hasSuffix("/") ? String(basePath.dropLast()) : basePath
    }
}

/// The fields that say who asks; nil for one that is not sent.
package struct IdentityNames: Sendable, Equatable {
    package var user: FieldName? = FieldName("x-postern-user")
    package var email: FieldName? = FieldName("x-postern-email")
    package var groups: FieldName? = FieldName("x-postern-groups")
    package var assertion: FieldName? = FieldName("x-postern-assertion")

    package init() {}

    fileprivate var normalized: [String] {
        [user, email, groups, assertion].compactMap { $0.map { UpstreamFields.normalized($0.text) } }
    }
}

/// A request on its way to an app.
package struct UpstreamRequest {
    package var method: Method
    /// Path and query, as `UpstreamTarget` writes them.
    package var target: String
    /// The client's, all of them.
    package var fields: Fields
    /// The site's host as the client sees it, and its scheme.
    package var authority: String
    package var isSecure: Bool
    /// The client's address; nil where it has none.
    package var client: String?
    /// The path that was taken off, without a slash at its end; empty where there is none.
    package var mount = ""
    /// Whether a cookie of that name is this program's own.
    package var isOwnCookie: (String) -> Bool
    /// Nil for a stranger.
    package var identity: UpstreamIdentity?
    package var trace = UpstreamTrace.none
    /// What whoever asks holds until the answer comes, in bytes.
    package var heldBytes = 0

    package init(
        method: Method, target: String, fields: Fields, authority: String, isSecure: Bool, client: String?,
        identity: UpstreamIdentity?, isOwnCookie: @escaping (String) -> Bool
    ) {
        self.method = method
        self.target = target
        self.fields = fields
        self.authority = authority
        self.isSecure = isSecure
        self.client = client
        self.identity = identity
        self.isOwnCookie = isOwnCookie
    }
}

/// Which trace an app is told that a request belongs to (W3C Trace Context).
package enum UpstreamTrace: Sendable, Equatable {
    /// Whichever the client's fields say.
    case asItCame
    /// None: the client's fields do not hold, or are not believed.
    case none
    /// A new one, by its `traceparent`.
    case begun(String)
}

/// Who asks.
package struct UpstreamIdentity: Sendable {
    package var user: String
    package var email: String?
    package var groups: [String]
    /// The same, signed.
    package var assertion: String

    package init(user: String, email: String?, groups: [String], assertion: String) {
        self.user = user
        self.email = email
        self.groups = groups
        self.assertion = assertion
    }
}

package enum UpstreamResponse {
    /// Whatever the app says. The body must be read or cancelled.
    case head(ResponseHead, any BodySource)
    case failed(OriginFailure)
    /// It is the client whose content failed.
    case contentFailed(BodyFailure)
}

/// One request at an app.
private final class UpstreamCall: OriginCall, ClientResponseHandler {
    private var receiver: ((UpstreamResponse) -> Void)?
    var call: ClientCall?

    init(_ receiver: @escaping (UpstreamResponse) -> Void) { self.receiver = receiver }

    func cancel() {
        guard receiver != nil else { return }
        receiver = nil
        call?.cancel()
        call = nil
    }

    func clientCall(_ call: ClientCall, received head: ResponseHead, body: any BodySource) {
        answer(.head(head, body))
    }

    func clientCall(_ call: ClientCall, failed error: ClientError) {
        if case .upload(let failure) = error { return answer(.contentFailed(failure)) }
        answer(.failed(OriginFailure(error)))
    }

    private func answer(_ response: UpstreamResponse) {
        let receiver = receiver
        self.receiver = nil
        call = nil
        receiver?(response)
    }
}
