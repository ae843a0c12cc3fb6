import Bytes

/// The URL that a browser is sent to for signing in (OpenID Connect Core 3.1.2.1): the code flow with PKCE.
package struct AuthorizationRequest: Sendable {
    package var endpoint: ProviderURL
    package var clientID: String
    package var redirectURI: String
    /// `openid` is put in front where it is missing.
    package var scopes: [String]
    package var state: String
    package var nonce: String
    /// `PKCE.challenge`
    package var codeChallenge: String
    /// Further parameters from the configuration: `prompt`, `acr_values`, `audience`.
    package var parameters: [(name: String, value: String)]

    package init(
        endpoint: ProviderURL, clientID: String, redirectURI: String, scopes: [String], state: String, nonce: String,
        codeChallenge: String, parameters: [(name: String, value: String)] = []
    ) {
        self.endpoint = endpoint
        self.clientID = clientID
        self.redirectURI = redirectURI
        self.scopes = scopes
        self.state = state
        self.nonce = nonce
        self.codeChallenge = codeChallenge
        self.parameters = parameters
    }

    /// The endpoint with the parameters behind whatever query it has (RFC 6749 section 3.1).
    package var url: String { url(query: pairs) }

    /// The same for a request that was pushed (RFC 9126 section 4).
    package func url(requestURI: String) -> String {
        url(query: [("client_id", clientID), ("request_uri", requestURI)])
    }

    var pairs: [(String, String)] {
        let scopes = scopes.contains("openid") ? scopes : ["openid"] + scopes
        return [
            ("response_type", "code"), ("client_id", clientID), ("redirect_uri", redirectURI),
            ("scope", scopes.joined(separator: " ")), ("state", state), ("nonce", nonce),
            ("code_challenge", codeChallenge), ("code_challenge_method", PKCE.method),
        ] + parameters
    }

    private func url(query pairs: [(String, String)]) -> String {
        let text = endpoint.text
        let separator = !text.contains("?") ? "?" : text.hasSuffix("?") || text.hasSuffix("&") ? "" : "&"
        return text + separator + FormEncoding.encode(pairs)
    }
}

/// `application/x-www-form-urlencoded`, with a space as `%20`: whoever reads the format reads that too.
enum FormEncoding {
    static func encode(_ pairs: [(String, String)]) -> String {
        pairs.map { PercentCoding.encode($0.0) + "=" + PercentCoding.encode($0.1) }.joined(separator: "&")
    }
}
