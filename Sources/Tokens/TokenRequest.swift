import Bytes
import Cryptography
import HTTP

/// How this client proves to the token endpoint who it is (RFC 6749 section 2.3.1, OpenID Connect Core 9).
package enum ClientAuthentication: Sendable {
    /// A public client: PKCE alone.
    case none
    /// `client_secret_basic`
    case basic(SecretText)
    /// `client_secret_post`
    case post(SecretText)
    /// `private_key_jwt`: an assertion that was made for this one request.
    case assertion(SecretText)
}

package struct ClientCredentials: Sendable {
    package let clientID: String
    package let authentication: ClientAuthentication

    package init(clientID: String, authentication: ClientAuthentication) {
        self.clientID = clientID
        self.authentication = authentication
    }
}

/// A POST in which the client proves itself, to the token endpoint or to one beside it: its form and the fields that go
/// with it. Both hold secrets.
package struct TokenRequest: Sendable {
    /// `content-type`, `accept`, and for `client_secret_basic` also `authorization`.
    package let fields: Fields
    package let body: [UInt8]

    /// Exchanges an authorization code (RFC 6749 section 4.1.3, RFC 7636 section 4.5).
    package static func code(
        _ code: String, redirectURI: String, verifier: String, credentials: ClientCredentials
    ) -> TokenRequest {
        TokenRequest(
            [
                ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirectURI),
                ("code_verifier", verifier),
            ], credentials)
    }

    /// Renews by a refresh token (RFC 6749 section 6). The scope is left out: it stays what was granted.
    package static func refresh(_ refreshToken: String, credentials: ClientCredentials) -> TokenRequest {
        TokenRequest([("grant_type", "refresh_token"), ("refresh_token", refreshToken)], credentials)
    }

    /// Gives a refresh token back that is not needed any more, to the revocation endpoint (RFC 7009 section 2.1).
    package static func revocation(_ refreshToken: String, credentials: ClientCredentials) -> TokenRequest {
        TokenRequest([("token", refreshToken), ("token_type_hint", "refresh_token")], credentials)
    }

    /// Pushes an authorization request (RFC 9126 section 2.1).
    package static func pushed(_ request: AuthorizationRequest, credentials: ClientCredentials) -> TokenRequest {
        TokenRequest(request.pairs, credentials)
    }

    private init(_ grant: [(String, String)], _ credentials: ClientCredentials) {
        var form = grant
        var fields: Fields = [.contentType: "application/x-www-form-urlencoded", .accept: "application/json"]
        if case .basic = credentials.authentication {
        } else if !form.contains(where: { $0.0 == "client_id" }) {
            form.append(("client_id", credentials.clientID))
        }
        switch credentials.authentication {
        case .none: break
        case .post(let secret): form.append(("client_secret", secret.reveal()))
        case .assertion(let assertion):
            form.append(("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"))
            form.append(("client_assertion", assertion.reveal()))
        case .basic(let secret):
            // Both are form-encoded first, so that a colon in the id does not end it. A secret of
            // unreserved characters is the same either way, for providers that forget to decode.
            let pair = PercentCoding.encode(credentials.clientID) + ":" + PercentCoding.encode(secret.reveal())
            fields.append(.authorization, "Basic " + Base64.encode(Array(pair.utf8)))
        }
        self.fields = fields
        body = Array(FormEncoding.encode(form).utf8)
    }
}
