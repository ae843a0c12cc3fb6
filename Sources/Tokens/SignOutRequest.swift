import Bytes
import Cryptography

/// The URL that a browser is sent to for signing out at the provider.
package struct SignOutRequest: Sendable {
    package enum Form: Sendable, Equatable {
        /// OpenID Connect RP-Initiated Logout 1.0, section 2.
        case openID
        /// Amazon Cognito's `/logout`, which knows `client_id` and `logout_uri` alone.
        case cognito
        /// Auth0's `/v2/logout`, where its end-session endpoint is turned off: `client_id` and `returnTo`.
        case auth0

        /// Where a provider takes it, or nil where it does not say so.
        package func endpoint(_ metadata: ProviderMetadata) -> ProviderURL? {
            switch self {
            case .openID: metadata.endSessionEndpoint
            case .cognito: Self.sibling("/logout", of: metadata.authorizationEndpoint)
            case .auth0: Self.sibling("/v2/logout", of: metadata.authorizationEndpoint)
            }
        }

        private static func sibling(_ path: String, of endpoint: ProviderURL) -> ProviderURL? {
            ProviderURL((endpoint.isSecure ? "https://" : "http://") + endpoint.authority.description + path)
        }
    }

    /// Bytes that a URL may have and still pass every server on its way. A longer one does without its hint: the ID token,
    /// which is as large as somebody has groups.
    package static let longestURL = 7168

    package var endpoint: ProviderURL
    package var form: Form
    package var clientID: String
    /// The session's ID token, expired or not.
    package var idTokenHint: SecretText
    /// Where the provider sends the browser back to; registered there.
    package var returnURL: String

    package init(
        endpoint: ProviderURL, form: Form, clientID: String, idTokenHint: SecretText, returnURL: String
    ) {
        self.endpoint = endpoint
        self.form = form
        self.clientID = clientID
        self.idTokenHint = idTokenHint
        self.returnURL = returnURL
    }

    /// The endpoint with the parameters behind whatever query it has.
    package var url: String {
        switch form {
        case .cognito: return url([("client_id", clientID), ("logout_uri", returnURL)])
        case .auth0: return url([("client_id", clientID), ("returnTo", returnURL)])
        case .openID:
            let pairs = [("client_id", clientID), ("post_logout_redirect_uri", returnURL)]
            let whole = url([("id_token_hint", idTokenHint.reveal())] + pairs)
            return whole.utf8.count <= Self.longestURL ? whole : url(pairs)
        }
    }

    private func url(_ pairs: [(String, String)]) -> String {
        let text = endpoint.text
        let separator = !text.contains("?") ? "?" : text.hasSuffix("?") || text.hasSuffix("&") ? "" : "&"
        return text + separator + FormEncoding.encode(pairs)
    }
}
