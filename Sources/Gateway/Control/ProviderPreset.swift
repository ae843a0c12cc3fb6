import Settings
import Tokens

/// What providers that people meet often do in their own way. Whatever the config says itself goes before it.
extension ProviderSettings {
    /// How people are signed out there, or nil where they are not to be.
    /// - Parameter metadata: what the provider says of itself.
    func signOutForm(_ metadata: ProviderMetadata?) -> SignOutRequest.Form? {
        switch (signOut, preset) {
        case (.none, _): nil
        case (.cognito, _), (.auto, .cognito): .cognito
        case (.auth0, _): .auth0
        case (.auto, .auth0) where metadata?.endSessionEndpoint == nil: .auth0
        case (.openID, _), (.auto, _): .openID
        }
    }

    /// What its tokens must be like.
    var tokenPolicy: TokenPolicy {
        var policy = TokenPolicy(
            issuer: issuer, audiences: [clientID],
            algorithms: signingAlgorithms.compactMap { JWSAlgorithm.named($0.rawValue) },
            groupClaims: groupClaims ?? usualGroupClaims)
        policy.bearer = bearer.map { BearerPolicy(audiences: $0.audiences, scopes: $0.scopes) }
        switch preset {
        case .cognito: policy.dialect = .cognito
        case .entra:
            if let template = tenantTemplate {
                policy.dialect = .entra(template: template, tenants: tenants.contains("*") ? nil : tenants)
            }
        case .google:
            let domain = authorizationParameters.first { $0.name == "hd" }?.value
            policy.dialect = .google(hostedDomain: domain)
        case .keycloak: policy.dialect = .keycloak
        case .okta, .auth0, nil: break
        }
        return policy
    }

    private var usualGroupClaims: [String] {
        switch preset {
        case nil: TokenPolicy.defaultGroupClaims
        case .cognito: ["cognito:groups"]
        case .entra: ["groups", "roles"]
        case .okta: ["groups"]
        // A claim of one's own has a name of one's own there, and has to be told.
        case .auth0: ["groups", "roles"]
        case .google: []
        case .keycloak: ["groups", "resource_access.\(clientID).roles", "realm_access.roles"]
        }
    }

    /// What the provider's metadata calls its issuer.
    var metadataIssuer: String { tenantTemplate ?? issuer }

    /// What is asked for. Google and Cognito refuse a scope that they do not know.
    var requestedScopes: [String] {
        switch preset {
        case .google, .cognito: scopes.filter { $0 != "offline_access" }
        default: scopes
        }
    }

    /// What goes with authorization requests. Google gives a refresh token for these in place of `offline_access`, and
    /// after the first time for a new consent alone.
    var requestParameters: [AuthorizationParameter] {
        guard preset == .google, scopes.contains("offline_access") else { return authorizationParameters }
        let usual = [
            AuthorizationParameter(name: "access_type", value: "offline"),
            AuthorizationParameter(name: "prompt", value: "consent"),
        ]
        return usual.filter { one in !authorizationParameters.contains { $0.name == one.name } }
            + authorizationParameters
    }
}
