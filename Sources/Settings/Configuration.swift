/// A whole configuration, checked: what `serve` runs by. Immutable; a reload makes another.
package struct Configuration: Sendable, Equatable {
    /// The file that it was read from.
    package let file: String
    /// In the file's order, as are providers, origins and sites; one at least.
    package let listeners: [ListenerSettings]
    /// Nil where the config has no `admin` section.
    package let admin: AdminSettings?
    /// Event-loop threads; nil for one per core.
    package let workers: Int?
    package let trustedProxies: [AddressRange]
    /// Newest first, as they were read: each spells a key, see `KeyText`. Empty only where no site has a provider.
    package let sessionKeys: [Secret]
    /// An absolute path; nil where the environment decides.
    package let stateDirectory: String?
    package let providers: [ProviderSettings]
    package let origins: [OriginSettings]
    package let sites: [SiteSettings]
    package let log: LogSettings
    package let traces: TraceSettings
    package let limits: LimitSettings
}

package struct ListenerSettings: Sendable, Equatable {
    package let name: String
    package let address: ListenAddress
    /// Nil for plain HTTP.
    package let tls: TLSSettings?
    /// Every request is answered with a redirect to the same URL with `https`.
    package let redirectToHTTPS: Bool
    /// Connections begin with a PROXY header.
    package let proxyProtocol: Bool
    /// Another instance may listen on the same port.
    package let reusePort: Bool
}

package struct TLSSettings: Sendable, Equatable {
    /// One at least; the first is for clients that name no host, or an unknown one.
    package let certificates: [CertificateSettings]
    /// Whether OCSP responses are fetched and shown.
    package let stapling: Bool
    /// Nil where clients are not asked for certificates.
    package let clients: ClientCertificateSettings?
}

package struct ClientCertificateSettings: Sendable, Equatable {
    /// In PEM.
    package let authorities: FileContent
    /// The file that they were read from, absolute; nil where they stand elsewhere.
    package let file: String?
    package let isRequired: Bool
}

package struct CertificateSettings: Sendable, Equatable {
    /// The chain in PEM, the host's own certificate first.
    package let chain: FileContent
    /// The private key in PEM.
    package let key: Secret
    /// The files that the two were read from, absolute; nil where they stand elsewhere.
    package let chainFile: String?
    package let keyFile: String?
}

package struct AdminSettings: Sendable, Equatable {
    package let address: ListenAddress
    package let reusePort: Bool
    /// An absolute path; nil where the environment decides.
    package let socket: String?
}

package struct ProviderSettings: Sendable, Equatable {
    package let name: String
    /// Exactly as written: it is compared with `iss` byte by byte.
    package let issuer: String
    package let issuerURL: HTTPURL
    package let preset: ProviderPreset?
    /// What its metadata calls the issuer where that is one for many tenants, with `{tenantid}` in it.
    package let tenantTemplate: String?
    /// IDs in lower case, or `*`; empty but where there is a template.
    package let tenants: [String]
    /// Nil: the usual ones.
    package let groupClaims: [String]?
    /// What people call it.
    package let displayName: String
    package let clientID: String
    package let clientAuth: ClientAuthentication
    /// In their order; `openid` is among them.
    package let scopes: [String]
    /// What its tokens may be signed with; one at least.
    package let signingAlgorithms: [SigningAlgorithm]
    package let pushedAuthorization: PushedAuthorizationMode
    /// Its redirect URI is its own, and no other provider's.
    package let ownCallback: Bool
    /// Whether userinfo is asked for claims that the ID token lacks.
    package let usesUserInfo: Bool
    /// Nil where the provider's tokens are not taken as bearer tokens.
    package let bearer: BearerSettings?
    /// Further parameters of authorization requests, in the file's order; no name twice, and none of Postern's own.
    package let authorizationParameters: [AuthorizationParameter]
    /// Certificate authorities in PEM that are trusted besides the system's.
    package let authorities: FileContent?
    package let signOut: SignOutMode
    /// In place of the address in its metadata.
    package let signOutURL: HTTPURL?
}

/// How people who sign out here are signed out at the provider.
package enum SignOutMode: String, Sendable, CaseIterable {
    /// As the preset has it, else as OpenID Connect has it.
    case auto
    /// OpenID Connect RP-Initiated Logout.
    case openID = "openid"
    /// Amazon Cognito's way.
    case cognito
    /// Auth0's older way.
    case auth0
    /// Not at all.
    case none
}

/// What a browser can be told to throw away (Clear Site Data, section 3.1).
package enum ClearSiteData: String, Sendable, CaseIterable {
    case cache, cookies, storage, executionContexts
}

/// How Postern proves itself to the provider's token endpoint.
package enum ClientAuthentication: Sendable, Equatable {
    /// A public client: PKCE alone.
    case none
    /// `client_secret_basic`
    case basic(secret: Secret)
    /// `client_secret_post`
    case post(secret: Secret)
    /// `private_key_jwt`, with a private key in PEM and its `kid`.
    case privateKeyJWT(key: Secret, identifier: String?, audience: ClientAssertionAudience)
}

/// Which tokens are taken as bearer tokens.
package struct BearerSettings: Sendable, Equatable {
    /// One at least.
    package let audiences: [String]
    package let scopes: [String]
}

package struct AuthorizationParameter: Sendable, Equatable {
    package let name: String
    package let value: String

    package init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}

package struct OriginSettings: Sendable, Equatable {
    package let name: String
    package let kind: Kind

    package enum Kind: Sendable, Equatable {
        case s3(S3Settings)
        /// An absolute path.
        case directory(String)
        case http(AppSettings)
    }
}

/// An app that speaks HTTP.
package struct AppSettings: Sendable, Equatable {
    package let url: HTTPURL
    /// An absolute path; nil where the URL's host is connected to.
    package let socket: String?
    /// Certificate authorities in PEM that are trusted besides the system's.
    package let authorities: FileContent?
    /// Bytes.
    package let uploadSize: Int
    package let passesHost: Bool
    package let sendsForwarded: Bool
    /// Fields' names; empty for one that is not sent.
    package let identity: Identity

    package struct Identity: Sendable, Equatable {
        package let user: String
        package let email: String
        package let groups: String
        package let assertion: String
    }
}

package struct S3Settings: Sendable, Equatable {
    package let bucket: String
    package let region: String
    /// One at least, the preferred one first.
    package let endpoints: [HTTPURL]
    package let addressing: S3Addressing
    /// Empty, or ends with `/` and does not begin with one.
    package let prefix: String
    /// The names of the parameters that clients may send along.
    package let queryParameters: [S3QueryParameter]
    package let credentials: S3Credentials
}

extension OriginSettings {
    var isApp: Bool { if case .http = kind { true } else { false } }

    /// Whether parameters of a request's query are sent along.
    var takesParameters: Bool {
        if case .s3(let s3) = kind { !s3.queryParameters.isEmpty } else { false }
    }
}

/// The parameters of S3's GetObject that ask for the object and nothing else.
package enum S3QueryParameter: String, Sendable, CaseIterable {
    case versionID = "versionId"
    case contentType = "response-content-type"
    case contentLanguage = "response-content-language"
    case contentEncoding = "response-content-encoding"
    case contentDisposition = "response-content-disposition"
    case cacheControl = "response-cache-control"
    case expires = "response-expires"
}

package enum S3Addressing: String, Sendable, CaseIterable {
    /// The bucket is a part of the host.
    case virtual
    /// The bucket is the path's first segment.
    case path
}

package enum S3Credentials: Sendable, Equatable {
    /// Named in the config.
    case fixed(S3Keys)
    /// To be found, as AWS's SDKs do.
    case found(S3CredentialSearch)

    /// Those of the config.
    package var keys: S3Keys? {
        if case .fixed(let keys) = self { keys } else { nil }
    }
}

package struct S3CredentialSearch: Sendable, Equatable {
    package let source: S3CredentialSource
    /// Of AWS's shared files; nil for the environment's.
    package let profile: String?
    /// Nil for the environment's, or AWS's own of the region.
    package let stsEndpoint: HTTPURL?

    package init(source: S3CredentialSource, profile: String?, stsEndpoint: HTTPURL?) {
        self.source = source
        self.profile = profile
        self.stsEndpoint = stsEndpoint
    }
}

/// `credentials`' words.
package enum S3CredentialSource: String, Sendable, CaseIterable {
    /// The first of the others that is there.
    case auto
    case environment, profile
    case webIdentity = "web_identity"
    case container, instance
}

package struct S3Keys: Sendable, Equatable {
    package let accessKeyID: Secret
    package let secretAccessKey: Secret
    package let sessionToken: Secret?
}

package struct SiteSettings: Sendable, Equatable {
    package let name: String
    /// One at least; no host belongs to two sites.
    package let hosts: [SiteHost]
    /// Scheme and host that browsers see, without a path.
    package let publicURL: HTTPURL?
    /// Providers' names, none twice; empty for a site that nobody can sign in to.
    package let providers: [String]
    /// An origin's name.
    package let origin: String
    /// The origins of parts of the site, by patterns of literal segments and a last `**`.
    package let mounts: PathMap<String>
    /// Begins with `/` and does not end with one: `/.auth`.
    package let authPath: String
    /// Strict-Transport-Security's time; zero for none.
    package let hsts: TimeSpan
    /// Origins that may read the site's answers, as browsers serialise them.
    package let corsOrigins: [String]
    package let session: SessionSettings
    package let cloudFront: CloudFrontSettings
    package let content: ContentSettings
    package let pages: PageSettings
    package let rules: RuleSet
}

package struct SessionSettings: Sendable, Equatable {
    /// Unused for this long, a session ends.
    package let idle: TimeSpan
    /// Used or not, a session ends after this long.
    package let lifetime: TimeSpan
    package let endsWithToken: Bool
    /// What a sign-out has browsers throw away.
    package let clearSiteData: [ClearSiteData]
    /// The session cookie's name where the site is served over HTTPS.
    package let cookie: String

    /// The session cookie's name. Over plain HTTP on a loopback host it loses its `__Host-` or `__Secure-`.
    package func cookieName(isSecure: Bool) -> String {
        guard !isSecure else { return cookie }
        for prefix in ["__Host-", "__Secure-"] where cookie.hasPrefix(prefix) {
            return String(cookie.dropFirst(prefix.count))
        }
        return cookie
    }

    /// The name of the cookie that ties sign-ins to the browser.
    package func browserCookieName(isSecure: Bool) -> String { cookieName(isSecure: isSecure) + "-browser" }
}

/// What a site goes on with of the cloudfront-authorization-at-edge sample, which was before it.
package struct CloudFrontSettings: Sendable, Equatable {
    package enum Cookies: String, Sendable, CaseIterable { case off, accept, issue }

    package enum Mode: String, Sendable, CaseIterable {
        /// Amplify's names, readable for scripts.
        case spa
        /// Amplify's names, HttpOnly; the refresh token at one path alone.
        case `static`
        /// `ID-TOKEN` and the like.
        case elasticsearch
    }

    /// Each begins with `/` and does not end with one; nil where it is not served.
    package let callbackPath: String?
    package let refreshPath: String?
    package let signOutPath: String?
    package let cookies: Cookies
    package let mode: Mode

    package init(
        callbackPath: String? = nil, refreshPath: String? = nil, signOutPath: String? = nil, cookies: Cookies = .off,
        mode: Mode = .spa
    ) {
        self.callbackPath = callbackPath
        self.refreshPath = refreshPath
        self.signOutPath = signOutPath
        self.cookies = cookies
        self.mode = mode
    }
}

package struct LogSettings: Sendable, Equatable {
    package enum Level: String, Sendable, CaseIterable { case error, warning, info, debug }
    package enum Format: String, Sendable, CaseIterable { case json, text }
    package enum Target: Sendable, Equatable {
        case stdout, stderr, journald, off
        /// An absolute path.
        case file(String)
    }

    package let level: Level
    package let format: Format
    package let access: Target
}

/// What is done with traces (W3C Trace Context).
package struct TraceSettings: Sendable, Equatable {
    package enum Source: String, Sendable, CaseIterable {
        case anyone
        case trustedProxies = "trusted_proxies"
    }

    /// Whose are taken up.
    package let from: Source
    /// Requests to apps that belong to none begin one.
    package let begin: Bool
}

/// Every limit's name, unit and default stand in the option table.
package struct LimitSettings: Sendable, Equatable {
    // Of a client's request, in bytes or number
    package let requestLine: Int
    package let fieldsSize: Int
    package let fieldsCount: Int
    /// Bytes of a request's body below the auth path; nothing else has one.
    package let bodySize: Int
    // Of a client's connection
    package let connections: Int
    package let connectionsPerAddress: Int
    package let requestsPerConnection: Int
    package let streamsPerConnection: Int
    /// So many at once, and a tenth of it a second.
    package let http2Resets: Int
    package let http2Refusals: Int
    package let http2IdleFrames: Int
    package let http2Continuations: Int
    /// Of one worker.
    package let tlsHandshakes: Int
    package let tlsHandshakeTimeout: TimeSpan
    package let headTimeout: TimeSpan
    package let idleTimeout: TimeSpan
    package let readTimeout: TimeSpan
    package let writeTimeout: TimeSpan
    package let requestTimeout: TimeSpan
    /// Bytes a second; 0 for no such limit.
    package let minReadRate: Int
    package let minWriteRate: Int
    // Towards origins
    package let originConnections: Int
    package let originQueue: Int
    package let originConnectTimeout: TimeSpan
    package let originFirstByteTimeout: TimeSpan
    package let originIdleTimeout: TimeSpan
    /// Of a hundred requests.
    package let originRetries: Int
    package let originRetriesPerSecond: Int
    package let fileReaders: Int
    /// Of one worker.
    package let compressions: Int
    // Towards providers
    package let providerTimeout: TimeSpan
    package let providerResponseSize: Int
    // Of sign-ins and of the process
    package let loginStateLifetime: TimeSpan
    package let drainTimeout: TimeSpan
    package let drainIdleTimeout: TimeSpan
    /// Of one worker.
    package let decisions: Int
}
