import HTTP
import Posix
import Reactor
import Transport

/// A client as the tests need it: no TLS.
func makeTestClient(_ loop: EventLoop) throws -> HTTPClient { HTTPClient(loop: loop, resolver: Resolver(loop: loop)) }

/// Puts an object, and waits for the answer's status; 0 where there is none.
func putTestObject(
    _ client: HTTPClient, _ loop: EventLoop, _ path: [UInt8], _ host: String, _ fields: Fields, _ content: [UInt8],
    port: Int
) -> Int {
    let waiter = PutWaiter()
    let call = client.send(
        ClientRequest(
            method: .put, target: path, host: host, fields: fields, body: content),
        to: Endpoint(host: "127.0.0.1", port: port, isSecure: false), handler: waiter)
    let deadline = MonotonicTime.now() + Nanoseconds.seconds(10)
    while waiter.status == nil && MonotonicTime.now() < deadline { loop.turn(waitAtMost: .milliseconds(50)) }
    if waiter.status == nil { call.cancel() }
    return waiter.status ?? 0
}

private final class PutWaiter: ClientResponseHandler {
    var status: Int?

    func clientCall(_ call: ClientCall, received head: ResponseHead, body: any BodySource) {
        status = head.status
        body.cancel()
    }

    func clientCall(_ call: ClientCall, failed: ClientError) { status = 0 }
}
