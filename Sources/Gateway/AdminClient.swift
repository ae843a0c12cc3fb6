import HTTP
import Posix
import Reactor
import Settings
import Transport

/// Asks a running instance, and waits for what it says: what commands do.
package struct AdminClient: Sendable {
    /// What an answer takes at most, in bytes.
    fileprivate static let longestAnswer = 64 << 20

    package struct Answer: Sendable {
        package let status: Int
        package let text: String
    }

    private let place: AdminPlace

    package init(_ place: AdminPlace) { self.place = place }

    /// - Parameters:
    ///   - path: with its slash.
    ///   - order: JSON, to have something done; nil to ask.
    ///   - accept: `application/json` or `text/plain`.
    ///   - seconds: for all of it.
    package func ask(
        _ path: String, order: [UInt8]? = nil, accept: String = "application/json", seconds: Int64 = 30
    ) throws(AdminClientError) -> Answer {
        let fields: Fields =
            order == nil ? [.accept: accept] : [.accept: accept, .contentType: "application/json"]
        let request = ClientRequest(
            method: order == nil ? .get : .post, target: path, host: "localhost", fields: fields, body: order ?? [])
        do {
            let response = try fetch(request, seconds: seconds)
            return Answer(status: response.status, text: String(decoding: response.body, as: UTF8.self))
        } catch let error as ClientError {
            throw AdminClientError(place, error)
        } catch let error as AdminClientError {
            throw error
        } catch {
            throw AdminClientError(place: place, reason: "\(error)", isMissing: false)
        }
    }

    /// On a loop of its own, which ends with the answer.
    private func fetch(_ request: ClientRequest, seconds: Int64) throws -> FetchedResponse {
        guard let endpoint = place.endpoint else {
            throw AdminClientError(place: place, reason: "cannot be connected to", isMissing: true)
        }
        let loop = try EventLoop()
        let client = HTTPClient(loop: loop, resolver: Resolver(loop: loop))
        let asker = Asker(LoopBound(client, to: loop.executor))
        asker.start { await $0.ask(request, endpoint, seconds) }
        loop.run()
        guard let result = asker.assumeIsolated({ $0.result }) else { throw ClientError.disconnected }
        return try result.get()
    }
}

private actor Asker: LoopActor {
    nonisolated let executor: LoopExecutor
    private let client: LoopBound<HTTPClient>
    private(set) var result: Result<FetchedResponse, ClientError>?

    init(_ client: LoopBound<HTTPClient>) {
        self.client = client
        executor = client.executor
    }

    func ask(_ request: ClientRequest, _ endpoint: Endpoint, _ seconds: Int64) async {
        do throws(ClientError) {
            let response = try await client.value.fetch(
                request, to: endpoint, maxBody: AdminClient.longestAnswer, timeout: .seconds(seconds))
            result = .success(response)
        } catch {
            result = .failure(error)
        }
        executor.stop()
    }
}

/// Why a running instance did not answer.
package struct AdminClientError: Error, Sendable, CustomStringConvertible {
    package let place: AdminPlace
    package let reason: String
    /// Nobody is there who could be asked.
    package let isMissing: Bool

    fileprivate init(place: AdminPlace, reason: String, isMissing: Bool) {
        self.place = place
        self.reason = reason
        self.isMissing = isMissing
    }

    fileprivate init(_ place: AdminPlace, _ error: ClientError) {
        if case .unreachable(let system) = error {
            self.init(place: place, reason: system.reason, isMissing: true)
        } else {
            self.init(place: place, reason: "\(error)", isMissing: false)
        }
    }

    package var description: String { "\(place): \(reason)" }
}

extension AdminPlace {
    /// Nil where only systemd knows the address.
    fileprivate var endpoint: Endpoint? {
        switch self {
        case .socket(let path), .listener(.unix(let path)): Endpoint(host: "unix:\(path)", port: 0, isSecure: false)
        case .listener(.ip(let address, let port)):
            // Where it listens at all addresses it is here, too.
            Endpoint(
                host: address.isAny ? (address.isIPv6 ? "::1" : "127.0.0.1") : "\(address)", port: Int(port),
                isSecure: false)
        case .listener(.systemd): nil
        }
    }
}
