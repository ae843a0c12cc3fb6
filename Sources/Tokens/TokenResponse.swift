import Cryptography

/// What the token endpoint gave (RFC 6749 section 5.1, OpenID Connect Core 3.1.3.3). Nothing in it is verified yet.
package struct TokenResponse: Sendable {
    /// Absent in many answers to a refresh.
    package let idToken: SecretText?
    package let accessToken: SecretText?
    /// A new one takes the place of the one that was shown.
    package let refreshToken: SecretText?
    /// Seconds that the access token lives.
    package let expiresIn: Int64?

    /// - Parameters:
    ///   - status: of the HTTP response.
    ///   - body: at most 256 KiB of JSON.
    package static func parse(
        status: Int, body: [UInt8], requiresIDToken: Bool
    ) throws(TokenResponseError) -> TokenResponse {
        let document = try? JSONValue.parse(body)
        guard status == 200 else { throw refusal(status, document) }
        guard let document else { throw .malformed("json") }
        guard document.object != nil else { throw .malformed("object") }
        if document["error"] != nil { throw refusal(status, document) }
        guard let type = document["token_type"]?.string, type.lowercased() == "bearer" else {
            throw .malformed("token_type")
        }
        let idToken = try text(document, "id_token")
        guard idToken != nil || !requiresIDToken else { throw .malformed("id_token") }
        return TokenResponse(
            idToken: idToken, accessToken: try text(document, "access_token"),
            refreshToken: try text(document, "refresh_token"), expiresIn: try lifetime(document["expires_in"]))
    }

    private static func text(_ document: JSONValue, _ name: String) throws(TokenResponseError) -> SecretText? {
        guard let value = document[name], value != .null else { return nil }
        guard let text = value.string, !text.isEmpty else { throw .malformed(name) }
        return SecretText(text)
    }

    /// A number, or its digits as text, as some old endpoints send it.
    private static func lifetime(_ value: JSONValue?) throws(TokenResponseError) -> Int64? {
        guard let value, value != .null else { return nil }
        guard let seconds = value.integer ?? value.string.flatMap({ Int64($0) }),
            (0...Int64(Int32.max)).contains(seconds)
        else { throw .malformed("expires_in") }
        return seconds
    }

    /// Section 5.2, as far as the provider keeps to it: the body may also be empty or a page.
    static func refusal(_ status: Int, _ document: JSONValue?) -> TokenResponseError {
        if status >= 500 || status == 408 || status == 425 || status == 429 { return .unavailable(status: status) }
        guard (400..<500).contains(status) || document?["error"] != nil else { return .malformed("status") }
        return .refused(
            TokenRefusal(
                status: status, code: document?["error"]?.string.flatMap { $0.visibleLine(longest: 64) },
                description: document?["error_description"]?.string.flatMap { $0.visibleLine(longest: 300) }))
    }
}

/// The provider's own words for why it gives no token; cut, and without control characters.
package struct TokenRefusal: Sendable, Equatable {
    package let status: Int
    /// `error`: `invalid_grant`; some have words of their own, or none.
    package let code: String?
    package let description: String?

    package init(status: Int, code: String?, description: String?) {
        self.status = status
        self.code = code
        self.description = description
    }

    /// Whether it is this client that the provider will not have, whatever the code: a fault of the configuration.
    package var blamesClient: Bool {
        switch code {
        case "invalid_client", "unauthorized_client": true
        case nil: status == 401
        default: false
        }
    }

    /// Whether a refresh token is spent for good: RFC 6749 says 400 and `invalid_grant`, some say 403, have other words,
    /// or none. Not so where it is this client that is refused, or where the words speak of the request or of a trouble
    /// that passes; nor for any other status, which no token endpoint gives.
    package var endsGrant: Bool {
        guard status == 400 || status == 403 || status == 200, !blamesClient else { return false }
        switch code {
        case "unsupported_grant_type", "invalid_scope", "invalid_target", "temporarily_unavailable", "server_error",
            "slow_down":
            return false
        default: return true
        }
    }
}

package enum TokenResponseError: Error, Equatable, Sendable {
    /// The code or the refresh token is spent, unless `blamesClient`.
    case refused(TokenRefusal)
    /// A later try may succeed: 5xx, 408, 425, 429.
    case unavailable(status: Int)
    /// No answer of a token endpoint; which member shows it.
    case malformed(String)
}
