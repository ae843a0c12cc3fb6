/// The providers.
extension ConfigurationReader {
    mutating func providers(in section: SettingSection) -> [ProviderSettings] {
        section.named.compactMap { provider(in: $0) }
    }

    private mutating func provider(in section: SettingSection) -> ProviderSettings? {
        let issuer = section.required(Options.providerIssuer, &faults)
        let clientID = section.required(Options.providerClientID, &faults)
        let authentication = clientAuthentication(in: section)
        let scopes = section.value(Options.providerScopes).map(\.value)
        if !scopes.contains("openid") {
            faults.error(
                section.position(of: Options.providerScopes), section.key(of: Options.providerScopes),
                "the scopes lack openid, without which there is no ID token", "Add openid")
        }
        let algorithms = section.value(Options.providerSigningAlgorithms).map(\.value)
        if algorithms.isEmpty {
            faults.error(
                section.position(of: Options.providerSigningAlgorithms),
                section.key(of: Options.providerSigningAlgorithms), "no algorithm is named, so no token would hold",
                "Name one, such as RS256")
        }
        var authorities: FileContent?
        if let reference = section.optional(Options.providerCAFile) {
            let located = Located(value: reference, position: section.position(of: Options.providerCAFile))
            authorities = source.pem(
                located, label: "CERTIFICATE", isSecret: false, key: section.key(of: Options.providerCAFile), &faults)
        }
        guard let issuer, let clientID, let authentication else { return nil }
        let preset = section.optional(Options.providerPreset)
        let template = preset == .entra ? Self.tenantTemplate(issuer.text) : nil
        return ProviderSettings(
            name: section.name, issuer: Self.issuer(issuer.text, preset), issuerURL: issuer.url, preset: preset,
            tenantTemplate: template, tenants: tenants(in: section, template: template),
            groupClaims: section.optional(Options.providerGroupsClaim)?.map(\.value),
            displayName: section.optional(Options.providerDisplayName) ?? section.name, clientID: clientID,
            clientAuth: authentication, scopes: scopes, signingAlgorithms: algorithms,
            pushedAuthorization: section.value(Options.providerPushedAuthorization),
            ownCallback: section.value(Options.providerOwnCallback),
            usesUserInfo: section.value(Options.providerUserInfo),
            bearer: bearer(in: section.section("bearer"), clientID: clientID),
            authorizationParameters: authorizationParameters(in: section.section("authorization_parameters")),
            authorities: authorities, signOut: section.value(Options.providerSignOut),
            signOutURL: section.optional(Options.providerSignOutURL))
    }

    /// Auth0's issuers end with a slash, which is easily forgotten.
    private static func issuer(_ text: String, _ preset: ProviderPreset?) -> String {
        preset == .auth0 && !text.hasSuffix("/") ? text + "/" : text
    }

    /// Where the issuer is that of all tenants of Entra ID: with `{tenantid}` where a tenant's own has its ID.
    private static func tenantTemplate(_ issuer: String) -> String? {
        for every in ["/common/", "/organizations/"] {
            let parts = issuer.split(separator: every, maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { return parts[0] + "/{tenantid}/" + parts[1] }
        }
        return nil
    }

    private mutating func tenants(in section: SettingSection, template: String?) -> [String] {
        let tenants = section.value(Options.providerTenants).map { $0.value.lowercased() }
        let position = section.position(of: Options.providerTenants), key = section.key(of: Options.providerTenants)
        if template != nil, tenants.isEmpty {
            faults.error(
                position, key, "the issuer is for all tenants, so anybody with an account at Microsoft could sign in",
                "List the IDs of yours, or write your tenant's ID in place of common in the issuer; * lets in all")
        } else if template == nil, !tenants.isEmpty {
            faults.error(
                position, key,
                "tenants are for an issuer of many, such as https://login.microsoftonline.com/common/v2.0",
                "Remove the key, or set preset to entra and write that issuer")
        }
        return tenants
    }

    private mutating func bearer(in section: SettingSection, clientID: String) -> BearerSettings? {
        let audiences = section.optional(Options.providerBearerAudiences)?.map(\.value) ?? [clientID]
        if audiences.isEmpty {
            faults.error(
                section.position(of: Options.providerBearerAudiences), section.key(of: Options.providerBearerAudiences),
                "no audience is named, so no token would hold", "Name one, or set accept to false")
        }
        guard section.value(Options.providerBearerAccept) else { return nil }
        return BearerSettings(
            audiences: audiences, scopes: section.value(Options.providerBearerScopes).map(\.value))
    }

    private mutating func authorizationParameters(in section: SettingSection) -> [AuthorizationParameter] {
        guard case .section(let entries) = section.node?.content else { return [] }
        return entries.compactMap { entry in
            guard case .value(let value) = entry.node.content else { return nil }
            if Self.reservedParameters.contains(entry.key) {
                faults.error(
                    entry.position, (section.path + [entry.key]).dotted,
                    "'\(entry.key)' is a parameter that only Postern may set", "Remove it")
            }
            return AuthorizationParameter(name: entry.key, value: value.text)
        }
    }

    /// Postern's own, and those that would change where the answer goes or who reads it.
    private static let reservedParameters: Set<String> = [
        "response_type", "response_mode", "client_id", "client_secret", "client_assertion", "client_assertion_type",
        "redirect_uri", "scope", "state", "nonce", "code", "code_challenge", "code_challenge_method", "request",
        "request_uri", "id_token_hint", "iss", "max_age",
    ]

    private mutating func clientAuthentication(in section: SettingSection) -> ClientAuthentication? {
        let hasSecret = section.has(Options.providerClientSecret)
        let hasKey = section.has(Options.providerClientKey)
        // A word that is none of the known ones was told already, and leaves nothing to compare with.
        if section.has(Options.providerClientAuth), section.optional(Options.providerClientAuth) == nil { return nil }
        let method = section.optional(Options.providerClientAuth)
        let secret = section.located(Options.providerClientSecret).flatMap {
            source.secret($0, key: section.key(of: Options.providerClientSecret), &faults)
        }
        let pem = section.located(Options.providerClientKey).flatMap {
            source.pem(
                $0, label: "PRIVATE KEY", isSecret: true, key: section.key(of: Options.providerClientKey), &faults)
        }
        let chosen = method ?? (hasSecret ? .basic : hasKey ? .privateKeyJWT : .none)
        let position = section.position(of: Options.providerClientAuth)
        let key = section.key(of: Options.providerClientAuth)
        if hasSecret, chosen == .none || chosen == .privateKeyJWT {
            faults.error(
                section.position(of: Options.providerClientSecret), section.key(of: Options.providerClientSecret),
                "there is a client_secret, and client_auth is \(chosen.rawValue)",
                "Remove the secret, or set client_auth to basic or post")
        }
        if hasKey, chosen != .privateKeyJWT {
            faults.warning(
                section.position(of: Options.providerClientKey), section.key(of: Options.providerClientKey),
                "the key is not used, for client_auth is \(chosen.rawValue)",
                "Remove it, or set client_auth to private_key_jwt")
        }
        for option in [Options.providerClientKeyID.path, Options.providerClientAssertionAudience.path] {
            let name = option.split(separator: ".").last.map(String.init) ?? ""
            guard chosen != .privateKeyJWT, let entry = section.node?.entry(name) else { continue }
            faults.warning(
                entry.position, (section.path + [name]).dotted,
                "it is not used, for client_auth is \(chosen.rawValue)",
                "Remove it, or set client_auth to private_key_jwt")
        }
        switch chosen {
        case .none:
            return ClientAuthentication.none
        case .basic, .post:
            if !hasSecret {
                faults.error(
                    position, key, "client_auth is \(chosen.rawValue), and there is no client_secret",
                    "Add client_secret, or set client_auth to none")
            }
            return secret.map { chosen == .basic ? .basic(secret: $0) : .post(secret: $0) }
        case .privateKeyJWT:
            if !hasKey {
                faults.error(
                    position, key, "client_auth is private_key_jwt, and there is no client_key",
                    "Add client_key: file:PATH")
            }
            return pem.map {
                .privateKeyJWT(
                    key: Secret($0.bytes), identifier: section.optional(Options.providerClientKeyID),
                    audience: section.value(Options.providerClientAssertionAudience))
            }
        }
    }
}
