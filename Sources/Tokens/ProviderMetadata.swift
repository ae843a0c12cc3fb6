/// What a provider says of itself (OpenID Connect Discovery 1.0 section 3, RFC 8414 section 2).
package struct ProviderMetadata: Sendable, Equatable {
    package let issuer: String
    package let authorizationEndpoint: ProviderURL
    package let tokenEndpoint: ProviderURL
    package let keySetURL: ProviderURL
    package let userInfoEndpoint: ProviderURL?
    package let endSessionEndpoint: ProviderURL?
    package let revocationEndpoint: ProviderURL?
    /// `pushed_authorization_request_endpoint` (RFC 9126 section 5)
    package let pushedAuthorizationEndpoint: ProviderURL?
    /// `require_pushed_authorization_requests`
    package let requiresPushedAuthorization: Bool
    /// `token_endpoint_auth_methods_supported`; left out it means `client_secret_basic`.
    package let tokenEndpointAuthMethods: [String]
    /// `token_endpoint_auth_signing_alg_values_supported`; nil: it does not say.
    package let tokenEndpointAuthAlgorithms: [String]?
    /// `code_challenge_methods_supported`; nil: it does not say, which many that do PKCE do not.
    package let codeChallengeMethods: [String]?
    /// `id_token_signing_alg_values_supported`
    package let signingAlgorithms: [String]
    package let scopes: [String]?
    /// `authorization_response_iss_parameter_supported` (RFC 9207 section 3)
    package let sendsIssuerInResponse: Bool
    /// `claims_parameter_supported`
    package let supportsClaimsParameter: Bool

    /// Where an issuer publishes its document (Discovery 4.1), or nil where the issuer is no URL to fetch from.
    package static func url(issuer: String) -> ProviderURL? {
        guard !issuer.utf8.contains(UInt8(ascii: "?")) else { return nil }
        let base = issuer.hasSuffix("/") ? String(issuer.dropLast()) : issuer
        return ProviderURL(base + "/.well-known/openid-configuration")
    }

    /// - Parameter expectedIssuer: the document must name it, byte for byte.
    package static func parse(_ json: [UInt8], expectedIssuer: String) throws(MetadataError) -> ProviderMetadata {
        let document: JSONValue
        do { document = try JSONValue.parse(json) } catch { throw .json(error) }
        guard document.object != nil else { throw .notAnObject }
        guard let issuer = document["issuer"]?.string else { throw .missing("issuer") }
        guard issuer.hasSameBytes(as: expectedIssuer) else { throw .issuer(found: String(issuer.prefix(200))) }
        let responseTypes = try strings(document, "response_types_supported") ?? ["code"]
        guard responseTypes.contains("code") else { throw .unsupported("response_types_supported") }
        return ProviderMetadata(
            issuer: issuer,
            authorizationEndpoint: try required(document, "authorization_endpoint"),
            tokenEndpoint: try required(document, "token_endpoint"),
            keySetURL: try required(document, "jwks_uri"),
            userInfoEndpoint: try url(document, "userinfo_endpoint"),
            endSessionEndpoint: try url(document, "end_session_endpoint"),
            revocationEndpoint: try url(document, "revocation_endpoint"),
            pushedAuthorizationEndpoint: try url(document, "pushed_authorization_request_endpoint"),
            requiresPushedAuthorization: document["require_pushed_authorization_requests"]?.bool ?? false,
            tokenEndpointAuthMethods: try strings(document, "token_endpoint_auth_methods_supported")
                ?? ["client_secret_basic"],
            tokenEndpointAuthAlgorithms: try strings(document, "token_endpoint_auth_signing_alg_values_supported"),
            codeChallengeMethods: try strings(document, "code_challenge_methods_supported"),
            signingAlgorithms: try strings(document, "id_token_signing_alg_values_supported") ?? ["RS256"],
            scopes: try strings(document, "scopes_supported"),
            sendsIssuerInResponse: document["authorization_response_iss_parameter_supported"]?.bool ?? false,
            supportsClaimsParameter: document["claims_parameter_supported"]?.bool ?? false)
    }

    private static func required(_ document: JSONValue, _ name: String) throws(MetadataError) -> ProviderURL {
        guard let url = try url(document, name) else { throw .missing(name) }
        return url
    }

    private static func url(_ document: JSONValue, _ name: String) throws(MetadataError) -> ProviderURL? {
        guard let value = document[name], value != .null else { return nil }
        guard let url = value.string.flatMap({ ProviderURL($0) }) else { throw .url(name) }
        return url
    }

    private static func strings(_ document: JSONValue, _ name: String) throws(MetadataError) -> [String]? {
        guard let value = document[name], value != .null else { return nil }
        guard let strings = value.array?.compactMap(\.string), strings.count == value.array?.count else {
            throw .malformed(name)
        }
        return strings
    }
}

/// Why a discovery document is refused. The names are those of its members.
package enum MetadataError: Error, Equatable, Sendable {
    case json(JSONError)
    case notAnObject
    case missing(String)
    case malformed(String)
    /// No `https` URL (`http` only on this machine).
    case url(String)
    /// The document speaks for another issuer.
    case issuer(found: String)
    /// It cannot do the authorization code flow.
    case unsupported(String)
}
