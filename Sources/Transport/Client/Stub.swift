import HTTP
import Posix
import Reactor
import TLS
package struct Endpoint: Hashable, Sendable { package init(host: String, port: Int, isSecure: Bool) {} }
package struct ClientLimits: Sendable { package init() {}
 package var connectTimeout = Nanoseconds.seconds(3), firstByteTimeout = Nanoseconds.seconds(3), idleTimeout = Nanoseconds.seconds(3), connectionsPerEndpoint = 3 }
package enum ClientError: Error, Sendable { case timedOut, malformed, unreachable }
package struct ClientRequest { package var method: HTTP.Method; package var target: [UInt8]; package var fields: Fields; package var body: [UInt8] = []
 package init(method: HTTP.Method, target: [UInt8], host: String, fields: Fields = Fields(), body: [UInt8] = []) { self.method = method; self.fields = fields; self.target = target } }
package struct FetchedResponse: Sendable { package var status: Int; package var fields: Fields; package var body: [UInt8] }
package final class HTTPClient { package init(loop: EventLoop, resolver: Resolver, tls: TLSClientContext, limits: ClientLimits) {}
 package func fetch(_ r: ClientRequest, to: Endpoint, maxBody: Int, timeout: Nanoseconds) async throws(ClientError) -> FetchedResponse { throw .timedOut } 
 package func send(_ r: ClientRequest, to: Endpoint, handler: any ClientResponseHandler) -> ClientCall { ClientCall() } }
package final class ClientCall { package func cancel() {} }
package protocol ClientResponseHandler: AnyObject { func clientCall(_ call: ClientCall, received head: ResponseHead, body: any BodySource)
 func clientCall(_ call: ClientCall, failed: ClientError) }
