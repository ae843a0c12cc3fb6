import HTTP
import Posix
import Reactor

/// A response with all of its body.
package struct FetchedResponse: Sendable {
    package var status: Int
    package var fields: Fields
    package var body: [UInt8]
}

extension HTTPClient {
    /// Sends a request and waits for all of the response: for the slow path, in an actor pinned to this client's loop
    /// or elsewhere on the loop's thread.
    ///
    /// - Parameters:
    ///   - maxBody: in bytes; a larger body is `.tooLarge`.
    ///   - timeout: for all of it, the connection included; then `.timedOut`.
    package func fetch(
        _ request: ClientRequest, to endpoint: Endpoint, maxBody: Int, timeout: Nanoseconds = .seconds(10)
    ) async throws(ClientError) -> FetchedResponse {
        precondition(loop.executor.isOnLoop, "fetch on a thread that is not the loop's")
        let result = await withCheckedContinuation { continuation in
            Fetch(self, maxBody: maxBody, continuation).start(request, to: endpoint, timeout: timeout)
        }
        return try result.get()
    }
}

/// One `fetch` on its way. The call keeps it as its handler, the timer until the end.
private final class Fetch: ClientResponseHandler, BodyConsumer {
    typealias Outcome = Result<FetchedResponse, ClientError>

    private let client: HTTPClient
    private let maxBody: Int
    private var continuation: CheckedContinuation<Outcome, Never>?
    private var timer: TimerToken?
    private var call: ClientCall?
    private var response = FetchedResponse(status: 0, fields: Fields(), body: [])

    init(_ client: HTTPClient, maxBody: Int, _ continuation: CheckedContinuation<Outcome, Never>) {
        self.client = client
        self.maxBody = maxBody
        self.continuation = continuation
    }

    func start(_ request: ClientRequest, to endpoint: Endpoint, timeout: Nanoseconds) {
        timer = client.loop.schedule(after: timeout) { [self] in finish(.failure(.timedOut)) }
        call = client.send(request, to: endpoint, handler: self)
    }

    func clientCall(_ call: ClientCall, received head: ResponseHead, body: any BodySource) {
        response.status = head.status
        response.fields = head.fields
        if let length = body.length {
            if length > maxBody { return finish(.failure(.tooLarge)) }
            response.body.reserveCapacity(length)
        }
        body.consumer = self
        bodyIsReady()
    }

    func clientCall(_ call: ClientCall, failed error: ClientError) { finish(.failure(error)) }

    func bodyIsReady() {
        guard let call else { return }
        while true {
            var result = BodyRead.wait
            // One more than the limit, so that reaching it and passing it can be told apart.
            let room = min(maxBody + 1 - response.body.count, 64 * 1024)
            response.body.append(addingCapacity: room) { (out: inout OutputSpan<UInt8>) in
                result = call.read(into: &out)
            }
            if response.body.count > maxBody { return finish(.failure(.tooLarge)) }
            switch result {
            case .bytes: continue
            case .wait: return
            case .end: return finish(.success(response))
            case .failed(let failure): return finish(.failure(.incomplete(failure)))
            }
        }
    }

    private func finish(_ outcome: Outcome) {
        guard let continuation else { return }
        self.continuation = nil
        if let timer { client.loop.cancel(timer) }
        timer = nil
        call?.cancel()
        call = nil
        continuation.resume(returning: outcome)
    }
}
