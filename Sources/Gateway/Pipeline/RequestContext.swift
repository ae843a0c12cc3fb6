import HTTP
import Posix
import Sessions
import Settings
import Transport

/// What the stages have found out about one request so far.
final class RequestContext {
    let exchange: Exchange
    /// The stage that is at work, or waits.
    var stage = Stage.site
    /// Since when it has been in the part of the way that is measured together with that stage.
    var measuredSince: MonotonicTime
    var site: Site!
    /// The scheme and authority under which the client knows the site.
    var base = BaseURL(isSecure: true, authority: "")
    /// The request came over HTTPS, as far as this daemon and trusted proxies can tell.
    var isSecure = false
    /// The form that came with it has been read, and holds to the limits.
    var formWasRead = false
    var form: [UInt8] = []
    /// What it is answered with once sessions have ended everywhere.
    var answerAfterwards: Answer?
    var target: RequestTarget!
    var rule: Rule?
    var visitor: Visitor?
    /// The sign-in whose callback this is.
    var login: LoginFlow?
    /// `Set-Cookie` lines that go with the answer, whatever it is.
    var cookiesToSet: [String] = []
    /// The keys were fetched again for this request already: an unknown one is unknown.
    var keysWereRefreshed = false
    /// The session whose renewal the request waits for, or has waited for.
    var renewal: SessionRenewal?
    /// It is answered without waiting for a renewal, unless the session were over without: the answer is the same.
    var waitsForNoRenewal = false
    /// The session's cookies stay, though they stand for nobody here.
    var keepsSessionCookies = false

    /// What an operator is told of the answer beyond its outcome.
    var detail = ""

    /// There are cookies of the CloudFront sample whose ID token is over, and whose refresh token is sent to one path
    /// alone, which is not this one.
    var refreshesElsewhere = false

    init(_ exchange: Exchange) {
        self.exchange = exchange
        measuredSince = exchange.startedAt
    }

    /// Read in place: a copy of a request costs a reference count for each of its parts.
    var request: Request {
        _read { yield exchange.request }
    }

    /// What is kept of the request until it is answered, in bytes, about: its head, and a share for all that has been
    /// made of it.
    var heldBytes: Int { 4096 + exchange.request.target.utf8.count + exchange.request.fields.size }

    var isHead: Bool { exchange.request.method == .head }
}

/// The scheme and the authority of a site as the client sees it.
struct BaseURL: Sendable, Equatable {
    var isSecure: Bool
    /// In lower case; the port only where it is not the scheme's own.
    var authority: String

    var text: String { (isSecure ? "https://" : "http://") + authority }
}
