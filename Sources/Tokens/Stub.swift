import HTTP
import Cryptography
package struct KeySetSchedule: Sendable { package init() {}
 package var nextFetch: Int64 { 0 }
 package mutating func succeeded(cacheControl: String?, now: Int64) {}
 package mutating func failed(now: Int64, random: Double) {} }
package struct UnknownKeyThrottle: Sendable { package init() {} 
 package mutating func allows(now: Int64) -> Bool { true } }
package struct ProviderMetadata: Sendable { package var jwksURI = "", tokenEndpoint = "", authorizationEndpoint = "", announcesIssuer = false
 package static func parse(json: [UInt8], expectedIssuer: String) throws -> ProviderMetadata { ProviderMetadata() } }
package struct IssuedTokens: Sendable { package var idToken: SecretText; package var accessToken: SecretText; package var refreshToken: SecretText? }
package struct OAuthError: Sendable { package var code: String }
package enum TokenResponse: Sendable { case issued(IssuedTokens), refused(OAuthError)
 package static func parse(status: Int, json: [UInt8]) throws -> TokenResponse { .refused(OAuthError(code: "")) } }
package struct TokenRequest { package var fields: Fields; package var body: [UInt8]
 package static func authorizationCode(code: String, redirectURI: String, codeVerifier: String, client: Int) -> TokenRequest { TokenRequest(fields: Fields(), body: []) } }
package struct AuthorizationRequest { package init(clientID: String, redirectURI: String, scopes: [String], state: String, nonce: String, codeChallenge: String, prompt: String?) {}
 package func url(endpoint: String) -> String { "" } }
package enum PKCE { package static func challenge(_ v: String) -> String { v } }
package struct CallbackParameters { package enum Result { case code(String), error(String) } 
 package var state: String; package var issuer: String?; package var result: Result
 package static func parse(query: String) throws -> CallbackParameters { fatalError() } }
