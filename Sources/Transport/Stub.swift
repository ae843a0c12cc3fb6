import HTTP
import Reactor
package struct Endpoint: Hashable, Sendable { package init(host: String, port: Int, isSecure: Bool) {} }
package struct ResponseHead { package var status: Int; package var fields: Fields; package var length: Int? }
package enum ClientError: Error { case timedOut, malformed, unreachable }
package final class ClientCall { package func cancel() {} }
package protocol ClientResponseHandler: AnyObject {
  func clientCall(_ call: ClientCall, received head: ResponseHead, body: any BodySource)
  func clientCall(_ call: ClientCall, failed: ClientError)
}
package struct ClientRequest { package init(method: HTTP.Method, target: [UInt8], host: String, fields: Fields, body: [UInt8] = []) {} }
package final class HTTPClient { package func send(_ r: ClientRequest, to: Endpoint, handler: any ClientResponseHandler) -> ClientCall { ClientCall() } }
