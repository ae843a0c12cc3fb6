import HTTP
import Reactor
import Transport

/// A bucket behind the S3 protocol, with some prefix of its keys.
///
/// What goes to it is built here from the key and the parsed conditions; nothing of a client's
/// request is passed along, but for parameters that the config names. All of it is signed, `Accept-Encoding` aside, which proxies rewrite.
package final class S3Origin: Origin {
    package let configuration: S3Configuration
    let loop: EventLoop
    let client: HTTPClient
    let endpoint: Endpoint
    private let credentials: () -> Credentials?
    private var signer: RequestSigner

    /// Before a request is repeated, so long is waited, and up to as much again.
    package var retryDelay = Duration.milliseconds(50)

    /// - Parameters:
    ///   - endpoint: whom to connect to, where that is not the configured host.
    ///   - credentials: asked for every request, and so cheap; nil while there are none. The same
    ///     object until they change. Those that are over count as none.
    package init(
        _ configuration: S3Configuration, loop: EventLoop, client: HTTPClient, endpoint: Endpoint? = nil,
        credentials: @escaping () -> Credentials?
    ) {
        self.configuration = configuration
        self.loop = loop
        self.client = client
        self.endpoint =
            endpoint
            ?? Endpoint(host: configuration.host, port: configuration.port, isSecure: configuration.isSecure)
        self.credentials = credentials
        signer = RequestSigner(region: configuration.region)
    }

    @discardableResult
    package func fetch(
        _ request: OriginRequest, receiver: @escaping (OriginResponse) -> Void
    ) -> (any OriginCall)? {
        guard let path = configuration.path(forKey: request.key) else {
            receiver(.notFound)
            return nil
        }
        let fetch = S3Fetch(
            origin: self, request: request, path: path, parameters: configuration.query(for: request.query),
            receiver: receiver)
        return fetch.start() ? fetch : nil
    }

    /// The request that puts `query`, signed for this moment; nil without credentials.
    func message(_ query: S3Query, path: [UInt8], parameters: [UInt8]) -> ClientRequest? {
        guard let credentials = credentials(), credentials.holds(at: loop.wallSeconds) else { return nil }
        var fields = signer.sign(
            SignableRequest(
                method: query.isHead ? "HEAD" : "GET", path: path, query: parameters, host: configuration.authority,
                headers: query.headers),
            with: credentials, at: loop.wallSeconds)
        fields.append(.acceptEncoding, "identity")
        let target = parameters.isEmpty ? path : path + [0x3F] + parameters
        return ClientRequest(
            method: query.isHead ? .head : .get, target: target, host: configuration.authority, fields: fields)
    }
}
