/// The options of providers.
extension Options {
    static let providerIssuer = Option(
        "providers.*.issuer", .issuer,
        "The issuer's URL, exactly as its ID tokens spell it; discovery starts there. `https`, but on a loopback host.")
    static let providerPreset = Option(
        "providers.*.preset", .choice(ofType: ProviderPreset.self),
        "Knows what a provider does in its own way: `cognito` (Amazon), `entra` (Microsoft), `okta`, `auth0`, `google`, `keycloak`."
    )
    static let providerTenants = Option(
        "providers.*.tenants", .list(.text), default: "",
        "With `preset: entra` and an issuer for many tenants (`/common/v2.0`, `/organizations/v2.0`): the IDs of those whose people may sign in; `*` for all in the world."
    )
    static let providerGroupsClaim = Option(
        "providers.*.groups_claim", .list(.text),
        "The claim that lists the groups; of several the first that is there. A dotted name reaches into objects where no claim has that name. Left out: `groups`, `cognito:groups`, `roles`, or what the preset knows."
    )
    static let providerDisplayName = Option(
        "providers.*.display_name", .text,
        "What people call it, for the page where they choose one of several. Left out: the provider's name in the config."
    )
    static let providerClientID = Option("providers.*.client_id", .text, "Postern's client ID at the provider.")
    static let providerClientSecret = Option(
        "providers.*.client_secret", .secret, "The client's secret. Left out: a public client, with PKCE alone.")
    static let providerClientAuth = Option(
        "providers.*.client_auth", .choice(ofType: ClientAuthMethod.self),
        "How the client proves itself at the token endpoint. Left out: `basic` with a `client_secret`, `private_key_jwt` with a `client_key`, else `none`."
    )
    static let providerClientKey = Option(
        "providers.*.client_key", .pemSecret,
        "The private key in PEM for `private_key_jwt`: RSA of 2048 bits or more, P-256, P-384 or Ed25519. A certificate beside it is named in the assertion (`x5t#S256`), as Entra ID wants it."
    )
    static let providerClientKeyID = Option(
        "providers.*.client_key_id", .text,
        "The key's `kid` at the provider, for `private_key_jwt`. Left out: the assertion names none.")
    static let providerClientAssertionAudience = Option(
        "providers.*.client_assertion_audience", .choice(ofType: ClientAssertionAudience.self), default: "auto",
        "Whom a client assertion is for: `token_endpoint` (OpenID Connect Core) or `issuer` (newer profiles). `auto`: the token endpoint where it is on the issuer's own host, else the issuer, so that no provider can have an assertion made out to another."
    )
    static let providerPushedAuthorization = Option(
        "providers.*.pushed_authorization", .choice(ofType: PushedAuthorizationMode.self), default: "auto",
        "Pushed authorization requests (RFC 9126): `auto` where the provider has them, and without where it refuses and does not require them; `required`: no sign-in without; `off`."
    )
    static let providerOwnCallback = Option(
        "providers.*.own_callback", .flag, default: "false",
        "Its redirect URI ends in `/callback/NAME` in place of `/callback`. For sites with several providers, where one does not name itself in its answers (RFC 9207): no other provider can then pass its answers off as this one's."
    )
    static let providerUserInfo = Option(
        "providers.*.userinfo", .flag, default: "false",
        "Asks the provider's userinfo endpoint, once in a sign-in, for claims that the ID token lacks.")
    static let providerBearerAccept = Option(
        "providers.*.bearer.accept", .flag, default: "true",
        "Whether the provider's tokens are taken in `Authorization: Bearer`.")
    static let providerBearerAudiences = Option(
        "providers.*.bearer.audiences", .list(.text),
        "Of which a bearer token's `aud` must name one. Left out: the client ID.")
    static let providerBearerScopes = Option(
        "providers.*.bearer.scopes", .list(.scope), default: "",
        "What a bearer token's `scope` or `scp` must name, all of it; else the answer is 403.")
    static let providerAuthorizationParameter = Option(
        "providers.*.authorization_parameters.*", .text,
        "A parameter that goes with every authorization request, by its name. Those that Postern sets itself cannot be set."
    )
    static let providerScopes = Option(
        "providers.*.scopes", .list(.scope), default: "openid, email, profile",
        "What to ask the provider for; `openid` must be among them.")
    static let providerSigningAlgorithms = Option(
        "providers.*.signing_algorithms", .list(.choice(ofType: SigningAlgorithm.self)), default: "RS256",
        "What the provider signs its tokens with; a token that is signed otherwise is refused, whatever the provider's metadata lists."
    )
    static let providerSignOut = Option(
        "providers.*.sign_out", .choice(ofType: SignOutMode.self), default: "auto",
        "How people who sign out are signed out at the provider: `openid` (OpenID Connect RP-Initiated Logout) where its metadata names an `end_session_endpoint`; `cognito`, whose `/logout` takes `client_id` and `logout_uri`; `auth0`, whose `/v2/logout` takes `client_id` and `returnTo`; `auto`: the `preset`'s way, else `openid`; `none`: its session goes on, and the next sign-in may need no password."
    )
    static let providerSignOutURL = Option(
        "providers.*.sign_out_url", .url,
        "The provider's address for signing out, in place of the one in its metadata.")
    static let providerCAFile = Option(
        "providers.*.ca_file", .pem,
        "Certificate authorities in PEM that are trusted for this provider besides the system's.")
}

/// `client_auth`'s words.
enum ClientAuthMethod: String, Sendable, CaseIterable {
    case none, basic, post
    case privateKeyJWT = "private_key_jwt"
}

/// `client_assertion_audience`'s words.
package enum ClientAssertionAudience: String, Sendable, CaseIterable {
    case auto, issuer
    case tokenEndpoint = "token_endpoint"
}

/// `preset`'s words.
package enum ProviderPreset: String, Sendable, CaseIterable { case cognito, entra, okta, auth0, google, keycloak }

/// `pushed_authorization`'s words.
package enum PushedAuthorizationMode: String, Sendable, CaseIterable { case auto, required, off }

/// `signing_algorithms`' words: `alg` (RFC 7518 section 3.1).
package enum SigningAlgorithm: String, Sendable, CaseIterable {
    case rs256 = "RS256"
    case rs384 = "RS384"
    case rs512 = "RS512"
    case ps256 = "PS256"
    case es256 = "ES256"
    case es384 = "ES384"
    case edDSA = "EdDSA"
}
