import Bytes
import Cryptography
import HTTP
import Settings
import Tokens

/// How Postern proves itself to a provider, and what it asks of it in a sign-in beside the code's exchange.
extension Provider {
    /// Pushed requests that may be under way at a time: anybody can begin a sign-in.
    static let mostPushes = 64
    /// How long pushing is left alone, where it is not required, after it did not work: in milliseconds.
    static let pushPause: Int64 = 60_000

    /// Made anew for each request: an assertion serves once.
    var clientCredentials: ClientCredentials {
        let authentication: Tokens.ClientAuthentication =
            switch settings.clientAuth {
            case .none: .none
            case .basic(let secret): .basic(SecretText(secret.reveal()))
            case .post(let secret): .post(SecretText(secret.reveal()))
            case .privateKeyJWT(_, _, let audience): .assertion(assertion(for: audience))
            }
        return ClientCredentials(clientID: settings.clientID, authentication: authentication)
    }

    private func assertion(for audience: ClientAssertionAudience) -> SecretText {
        // `init` has read it where `clientAuth` has it.
        clientKey!.assertion(
            clientID: settings.clientID, audience: self.audience(audience),
            supported: snapshot.metadata?.tokenEndpointAuthAlgorithms,
            identifier: Base64URL.encode(SecureRandom.bytes(16)), now: loop.value.wallSeconds)
    }

    /// The token endpoint's own address is what most providers expect (OpenID Connect Core 9). On the issuer's host it
    /// means the issuer; elsewhere it may be another provider's, which metadata can name as its own, and then an
    /// assertion for it could be used there.
    private func audience(_ wanted: ClientAssertionAudience) -> String {
        guard let endpoint = snapshot.metadata?.tokenEndpoint else { return settings.issuer }
        let isAtIssuer = ProviderURL(settings.issuer).map { $0.host == endpoint.host && $0.port == endpoint.port }
        return switch wanted {
        case .issuer: settings.issuer
        case .tokenEndpoint: endpoint.text
        case .auto: isAtIssuer == true ? endpoint.text : settings.issuer
        }
    }

    // MARK: Userinfo (OpenID Connect Core 5.3)

    /// The identity with what the userinfo endpoint knows of it besides, where the config has that asked.
    func completed(_ identity: Identity, accessToken: SecretText?) async throws -> Identity {
        guard settings.usesUserInfo else { return identity }
        guard let endpoint = snapshot.metadata?.userInfoEndpoint, let keys = snapshot.keys, let accessToken else {
            throw ProviderError.noUserInfo
        }
        let response = try await send(
            [.accept: "application/json", .authorization: "Bearer " + accessToken.reveal()], to: endpoint)
        let userInfo = try UserInfo.parse(
            status: response.status, contentType: response.fields[.contentType], body: response.body, keys: keys,
            policy: snapshot.tokenPolicy)
        return try identity.adding(userInfo, policy: snapshot.tokenPolicy)
    }

    // MARK: Pushed authorization requests (RFC 9126)

    /// Where a browser is sent to for signing in; nil where the request has to be pushed and cannot be.
    func authorizationURL(for request: AuthorizationRequest) async -> String? {
        let isRequired =
            settings.pushedAuthorization == .required || snapshot.metadata?.requiresPushedAuthorization == true
        let unpushed = isRequired ? nil : request.url
        guard let endpoint = snapshot.metadata?.pushedAuthorizationEndpoint else { return unpushed }
        guard pushes < Self.mostPushes, isRequired || now >= nextPush else { return unpushed }
        pushes += 1
        defer { pushes -= 1 }
        do {
            let form = TokenRequest.pushed(request, credentials: clientCredentials)
            let response = try await send(form.fields, form.body, to: endpoint)
            return request.url(
                requestURI: try PushedAuthorization.parse(status: response.status, body: response.body))
        } catch {
            if !isRequired { nextPush = now + Self.pushPause }
            events.warning(
                "an authorization request could not be pushed",
                metadata: ["provider": "\(settings.name)", "reason": "\(error)"])
            return unpushed
        }
    }
}

extension ProviderSettings {
    /// Nil where the client has none.
    func clientKey() throws(SigningKeyError) -> ClientKey? {
        guard case .privateKeyJWT(let pem, let identifier, _) = clientAuth else { return nil }
        return try ClientKey(pem: SecretBytes(pem.bytes), identifier: identifier)
    }

    /// Whether an authorization request goes to the provider before the browser does.
    func pushesAuthorization(_ metadata: ProviderMetadata) -> Bool {
        switch pushedAuthorization {
        case .required: true
        case .auto: metadata.pushedAuthorizationEndpoint != nil || metadata.requiresPushedAuthorization
        case .off: false
        }
    }
}
