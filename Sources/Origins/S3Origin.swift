import HTTP
import Posix
import Reactor
import Transport

/// A bucket behind the S3 protocol, with some prefix of its keys, at one endpoint or several.
///
/// What goes to it is built here from the key and the parsed conditions; nothing of a client's
/// request is passed along, but for parameters that the config names. All of it is signed, `Accept-Encoding` aside,
/// which proxies rewrite.
package final class S3Origin: Origin {
    /// Where the bucket is to be found, and what is known of it there.
    struct Place {
        let configuration: S3Configuration
        let address: Endpoint
        /// How many seconds its clock is ahead of this machine's, as far as signatures are concerned.
        var clockOffset: Int64 = 0

        var name: String { address.description }
    }

    let loop: EventLoop
    let client: HTTPClient
    private(set) var endpoints: [Place]
    /// Which of them to ask.
    var order: EndpointOrder
    private let credentials: () -> Credentials?
    private var signer: RequestSigner
    private var budget: RetryBudget
    private let observer: (OriginIncident) -> Void

    /// Before a request is repeated, so long is waited, and up to as much again.
    package var retryDelay = Duration.milliseconds(50)

    /// Whoever answers in place of a bucket that is not asked over TLS can have requests signed for another time, and
    /// use them then: a day is as far as it gets.
    static let largestClockOffset: Int64 = 86_400
    /// A refusal that gives no reason is taken for a matter of clocks when they differ by as much: S3 allows 15 minutes,
    /// others 5.
    static let conspicuousClockOffset: Int64 = 240

    /// - Parameters:
    ///   - configurations: of the same bucket at one endpoint or more, the preferred one first.
    ///   - address: whom to connect to, where that is not the configured hosts.
    ///   - credentials: asked for every request, and so cheap; nil while there are none. The same
    ///     object until they change. Those that are over count as none.
    ///   - observer: hears what faults were met with, on the loop's thread.
    package init(
        _ configurations: [S3Configuration], loop: EventLoop, client: HTTPClient, address: Endpoint? = nil,
        budget: RetryBudget = RetryBudget(), credentials: @escaping () -> Credentials?,
        observer: @escaping (OriginIncident) -> Void = { _ in }
    ) {
        precondition(!configurations.isEmpty, "a bucket is nowhere")
        self.loop = loop
        self.client = client
        endpoints = configurations.map { one in
            Place(
                configuration: one,
                address: address ?? Endpoint(host: one.host, port: one.port, isSecure: one.isSecure))
        }
        order = EndpointOrder(count: configurations.count)
        self.budget = budget
        self.credentials = credentials
        self.observer = observer
        signer = RequestSigner(region: configurations[0].region)
    }

    @discardableResult
    package func fetch(
        _ request: OriginRequest, receiver: @escaping (OriginResponse) -> Void
    ) -> (any OriginCall)? {
        let fetch = S3Fetch(origin: self, request: request, receiver: receiver)
        return fetch.start() ? fetch : nil
    }

    /// Asks for the rest of a body, after a pause: never answers before it returns.
    func resume(_ request: OriginRequest, receiver: @escaping (OriginResponse) -> Void) -> any OriginCall {
        let fetch = S3Fetch(origin: self, request: request, mayResume: false, receiver: receiver)
        fetch.startAfterPause()
        return fetch
    }

    /// The request that puts `query`, signed for that moment; nil without credentials.
    func message(
        _ query: S3Query, path: [UInt8], parameters: [UInt8], endpoint: Int, at unixSeconds: Int64
    ) -> ClientRequest? {
        guard let credentials = credentials(), credentials.holds(at: unixSeconds) else { return nil }
        let authority = endpoints[endpoint].configuration.authority
        var fields = signer.sign(
            SignableRequest(
                method: query.isHead ? "HEAD" : "GET", path: path, query: parameters, host: authority,
                headers: query.headers),
            with: credentials, at: unixSeconds)
        fields.append(.acceptEncoding, "identity")
        let target = parameters.isEmpty ? path : path + [0x3F] + parameters
        return ClientRequest(method: query.isHead ? .head : .get, target: target, host: authority, fields: fields)
    }

    // MARK: - Faults

    func note(_ incident: OriginIncident) { observer(incident) }

    func noteRequest() { budget.noteRequest(now: loop.now) }

    /// Whether the budget has one more request to be repeated.
    func mayRepeat() -> Bool {
        if budget.withdraw(now: loop.now) { return true }
        note(.retryRefused)
        return false
    }

    // MARK: - Clocks

    /// What a signature for this endpoint has to say, in Unix seconds.
    func time(of endpoint: Int) -> Int64 { loop.wallSeconds + endpoints[endpoint].clockOffset }

    /// Whether the endpoint's clock says something else than the signature that it refused, and is not beyond belief.
    ///
    /// - Parameter difference: seconds from which on it does.
    func mayCorrectClock(of endpoint: Int, to date: Int64, _ signed: Int64, from difference: Int64) -> Bool {
        let (offset, overflow) = date.subtractingReportingOverflow(loop.wallSeconds)
        return !overflow && offset.magnitude <= Self.largestClockOffset.magnitude
            && (date - signed).magnitude >= difference.magnitude
    }

    func correctClock(of endpoint: Int, to date: Int64) {
        let offset = date - loop.wallSeconds
        // Several requests that were refused for the same reason correct it once.
        guard (offset - endpoints[endpoint].clockOffset).magnitude > 2 else { return }
        endpoints[endpoint].clockOffset = offset
        note(.clockCorrected(endpoint: endpoints[endpoint].name, seconds: offset))
    }
}
