/// Every option that a config can have. `OptionTable.rows` lists them in the reference's order.
enum Options {
    // Top level
    static let workers = Option(
        "workers", .workers, default: "auto",
        "Event-loop threads; `auto` is one per core that the process can use, by its affinity and its control group's quota."
    )
    static let trustedProxies = Option(
        "trusted_proxies", .list(.addressRange), default: "",
        "Whose `X-Forwarded-*` and `Forwarded` fields, and whose PROXY headers, are believed. `unix:` is whoever connects by a Unix socket. Name only proxies that set these fields themselves. Where a request has `X-Forwarded-*`, its `Forwarded` does not count."
    )
    static let sessionKeys = Option(
        "session_keys", .list(.secret),
        "Keys that sessions are sealed with, newest first: the first seals, all of them open. Each is 32 random bytes or more, raw or as base64 or hex; `postern secret` prints one. Required where a site has a provider."
    )

    static let stateDirectory = Option(
        "state_directory", .path,
        "Where is kept what outlives a restart: which sessions were ended, which callbacks were used. Instances on one machine may share it. Left out: `$STATE_DIRECTORY`, as systemd gives it; else `/var/lib/postern` where it can be written to; else `$XDG_STATE_HOME/postern`, or `~/.local/state/postern`."
    )

    // Listeners
    static let listenerAddress = Option(
        "listeners.*.address", .listenAddress,
        "Where to accept connections: `ADDRESS:PORT`, `[IPV6]:PORT`, `unix:PATH`, or `systemd:NAME`: the sockets of this `FileDescriptorName` that systemd hands over."
    )
    static let listenerReusePort = Option(
        "listeners.*.reuse_port", .flag, default: "false",
        "Lets another instance of the same user listen on the same address and port (SO_REUSEPORT), so that it can take over: start the new one, then stop the old one. With `false` this one does not start where another listens."
    )
    static let listenerRedirect = Option(
        "listeners.*.redirect_to_https", .flag, default: "false",
        "Answers every request with a redirect to its `https` URL. For plain HTTP listeners.")
    static let listenerProxyProtocol = Option(
        "listeners.*.proxy_protocol", .flag, default: "false",
        "Every connection begins with a PROXY header, version 1 or 2, that names the client. Only `trusted_proxies` may connect then, or whoever reaches the Unix socket."
    )
    static let listenerCertificate = Option(
        "listeners.*.tls.certificate", .list(.pem),
        "The certificate chain in PEM, the host's own first. Several: the first is for clients that name no host, the others are chosen by SNI."
    )
    static let listenerKey = Option(
        "listeners.*.tls.key", .list(.pemSecret),
        "The certificate's private key in PEM; several in the certificates' order.")
    static let listenerStapling = Option(
        "listeners.*.tls.ocsp_stapling", .flag, default: "true",
        "Whether handshakes carry an OCSP response, fetched from the responder that the certificate names, if it names one. The chain must have the certificate's issuer."
    )
    static let listenerClientCA = Option(
        "listeners.*.tls.client_ca", .pem,
        "Authorities in PEM whose certificates clients prove themselves by (mutual TLS). A certificate signs nobody in: rules and sessions are what they are without."
    )
    static let listenerClientCertificates = Option(
        "listeners.*.tls.client_certificates", .choice(ofType: ClientCertificateMode.self),
        "`required`: no connection without a client's certificate that holds; `optional`: one that is shown has to hold; `none`: nobody is asked. Left out: `required` with a `client_ca`, else `none`."
    )

    // Admin
    static let adminAddress = Option(
        "admin.address", .listenAddress, default: "127.0.0.1:9180",
        "Where to serve `/healthz`, `/readyz`, `/metrics` and `/status`. Everybody who reaches it may read them.")
    static let adminReusePort = Option(
        "admin.reuse_port", .flag, default: "false",
        "As a listener's `reuse_port`. While two instances run, either of them answers.")

    static let adminSocket = Option(
        "admin.socket", .path,
        "A Unix socket, for its owner alone, at which the running instance is asked and told what to do: `postern status`, `why`, `revoke`, `reload`, `drain`, `log-level`. Left out: `admin.sock` in `$RUNTIME_DIRECTORY`, where systemd gives one (also without this section), else there is none."
    )

    // Providers
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

    // Origins
    static let originDirectory = Option(
        "origins.*.directory", .path, "A directory on this machine whose files are served, in place of `s3`.")
    static let originHTTP = Option(
        "origins.*.http", .url,
        "An app that speaks HTTP, in place of `s3`: its URL, perhaps with a path that every request's begins with. It gets requests of all methods, and is told who asks."
    )
    static let originSocket = Option(
        "origins.*.socket", .path, "The Unix socket that the app listens on; `http` then only says its host and path.")
    static let originCAFile = Option(
        "origins.*.ca_file", .pem,
        "Certificate authorities in PEM that are trusted for an `https` app besides the system's.")
    static let originUploadSize = Option(
        "origins.*.upload_size", .size(0...1_099_511_627_776), default: "100MiB",
        "What a request to an app may bring; a larger one is a 413.")
    static let originPassHost = Option(
        "origins.*.pass_host", .flag, default: "true",
        "Whether an app is told the site's host in `Host`, as browsers see it, or the host of its own URL.")
    static let originForwarded = Option(
        "origins.*.forwarded", .flag, default: "false",
        "Whether an app is told `Forwarded` (RFC 7239) besides `X-Forwarded-For`, `-Proto` and `-Host`.")
    static let originIdentityUser = Option(
        "origins.*.identity.user", .identityField, default: "X-Postern-User", "The field that has the account's `sub`.")
    static let originIdentityEmail = Option(
        "origins.*.identity.email", .identityField, default: "X-Postern-Email",
        "The field that has the address, unless the provider says that it is not verified.")
    static let originIdentityGroups = Option(
        "origins.*.identity.groups", .identityField, default: "X-Postern-Groups",
        "The field that has the groups, with commas between them.")
    static let originIdentityAssertion = Option(
        "origins.*.identity.assertion", .identityField, default: "X-Postern-Assertion",
        "The field that has all of it as a JWT, signed by a key of `/.auth/keys`.")
    static let s3Bucket = Option("origins.*.s3.bucket", .bucket, "The bucket's name.")
    static let s3Region = Option(
        "origins.*.s3.region", .region,
        "The region that requests are signed for. Left out with an `endpoint`: `us-east-1`.")
    static let s3Endpoint = Option(
        "origins.*.s3.endpoint", .list(.url),
        "The service's URL without the bucket. Of several the first that answers is asked; all of them have the same bucket. Left out: Amazon's for the region."
    )
    static let s3Addressing = Option(
        "origins.*.s3.addressing", .choice(ofType: S3Addressing.self),
        "`virtual`: the bucket is a part of the host; `path`: it is the path's first segment. Left out: `virtual`, but `path` where the bucket's name has a dot or the endpoint's host is an IP address or localhost."
    )
    static let s3Prefix = Option(
        "origins.*.s3.prefix", .keyPrefix, default: "", "What every key begins with, a folder of the bucket.")
    static let s3QueryParameters = Option(
        "origins.*.s3.query_parameters", .list(.choice(ofType: S3QueryParameter.self)), default: "",
        "Parameters of a request's query that are sent along to the bucket; no other ever is. With `response-…` whoever writes a link decides how content is shown."
    )
    static let s3Credentials = Option(
        "origins.*.s3.credentials", .choice(ofType: S3CredentialSource.self), default: "auto",
        "Where credentials come from, unless the keys below are given: `environment` (`AWS_ACCESS_KEY_ID` and so on), `profile` (AWS's shared files), `web_identity` (a token's file, and STS), `container` (ECS, EKS), `instance` (EC2's metadata service, version 2), or `auto`, the first of these that is there. See [the reference](reference.md#credentials)."
    )
    static let s3Profile = Option(
        "origins.*.s3.profile", .text,
        "The profile of AWS's shared files, `~/.aws/credentials` and `~/.aws/config`; nothing else is looked at then. Left out: `$AWS_PROFILE`, or `default`."
    )
    static let s3STSEndpoint = Option(
        "origins.*.s3.sts_endpoint", .url,
        "Where STS is, for roles. Left out: `$AWS_ENDPOINT_URL_STS`, or `$AWS_ENDPOINT_URL`, or Amazon's own of the region."
    )
    static let s3AccessKeyID = Option(
        "origins.*.s3.access_key_id", .referenceOrText,
        "The access key's ID, which is no secret; with it goes `secret_access_key`.")
    static let s3SecretAccessKey = Option("origins.*.s3.secret_access_key", .secret, "The access key's secret.")
    static let s3SessionToken = Option(
        "origins.*.s3.session_token", .secret, "The session token of temporary credentials.")

    // Sites
    static let siteHosts = Option(
        "sites.*.hosts", .list(.host),
        "The hosts that the site answers to, with a port only where it is not the scheme's own. No host belongs to two sites."
    )
    static let sitePublicURL = Option(
        "sites.*.public_url", .url,
        "Scheme and host that browsers see. Needed only where neither a TLS listener nor a trusted proxy tells.")
    static let siteProvider = Option(
        "sites.*.provider", .list(.reference(to: "providers")),
        "Who signs people in; of several a page lets people choose, in this order. Left out: nobody can, and every rule must be `anyone` or `nobody`."
    )
    static let siteOrigin = Option("sites.*.origin", .reference(to: "origins"), "Where the site's content is.")
    static let siteAuthPath = Option(
        "sites.*.auth_path", .authPath, default: "/.auth",
        "Where Postern's own pages are; nothing below it is looked up in the origin.")
    static let siteHSTS = Option(
        "sites.*.hsts", .duration("0", "3650d"), default: "180d",
        "How long browsers are to use `https` alone for the site's hosts (Strict-Transport-Security, RFC 6797), told in every answer over HTTPS and on no loopback host; `0` says nothing. Browsers keep to it for the whole host, whatever the port."
    )
    static let siteCORSOrigins = Option(
        "sites.*.cors_origins", .list(.webOrigin), default: "",
        "Origins whose scripts may read the site's answers, content and 401s alike, with credentials (CORS): scheme, host, and a port where it is not the scheme's own. No other origin is told anything."
    )
    static let sessionIdle = Option(
        "sites.*.session.idle", .duration("1s", "365d"), default: "1h", "Unused for this long, a session ends.")
    static let sessionLifetime = Option(
        "sites.*.session.lifetime", .duration("1s", "365d"), default: "12h",
        "Used or not, a session ends after this long.")
    static let sessionEndsWithToken = Option(
        "sites.*.session.ends_with_token", .flag, default: "false", "Whether a session ends with its ID token.")
    static let sessionCookie = Option(
        "sites.*.session.cookie", .cookieName, default: "__Host-postern",
        "The session cookie's name; `-browser` is added for the one that ties sign-ins to the browser. Over plain HTTP on a loopback host `__Host-` is left out."
    )
    static let sessionClearSiteData = Option(
        "sites.*.session.clear_site_data", .list(.choice(ofType: ClearSiteData.self)), default: "",
        "What browsers are told to throw away of the site when somebody signs out there (`Clear-Site-Data`): `cache`, `cookies`, `storage`, `executionContexts`. Copies of private pages in the browser's cache go with `cache`."
    )
    static let cloudFrontCallbackPath = Option(
        "sites.*.cloudfront.callback_path", .authPath,
        "The path of the redirect URI that the provider knows from before, such as `/parseauth`: it takes the place of `/.auth/callback`."
    )
    static let cloudFrontRefreshPath = Option(
        "sites.*.cloudfront.refresh_path", .authPath,
        "Where the sample renewed tokens, such as `/refreshauth`. Its static-site mode sends the refresh token there alone."
    )
    static let cloudFrontSignOutPath = Option(
        "sites.*.cloudfront.sign_out_path", .authPath,
        "A second path of the sign-out page, such as `/signout`, for links that are there already.")
    static let cloudFrontCookies = Option(
        "sites.*.cloudfront.cookies", .choice(ofType: CloudFrontSettings.Cookies.self), default: "off",
        "The cookies of cloudfront-authorization-at-edge. `accept`: whoever comes with them and without a session of Postern's is given one, once the ID token is verified, and they are removed; `issue`: they are accepted, stay, and are set after sign-ins and renewals, for applications that read them; `off`: they mean nothing."
    )
    static let cloudFrontMode = Option(
        "sites.*.cloudfront.mode", .choice(ofType: CloudFrontSettings.Mode.self), default: "spa",
        "What the cookies are like. `spa`: Amplify's names, for scripts to read; `static`: Amplify's names, HttpOnly, the refresh token at `refresh_path` alone; `elasticsearch`: `ID-TOKEN` and the like, HttpOnly."
    )
    static let contentIndex = Option(
        "sites.*.content.index", .fileName, default: "index.html",
        "The file for `/` and for paths that end with `/`; empty for none.")
    static let contentFallback = Option(
        "sites.*.content.fallback", .sitePath, default: "",
        "A single-page application's page: navigations to unknown paths without an extension get it.")
    static let contentCleanURLs = Option(
        "sites.*.content.clean_urls", .flag, default: "false", "Whether `/a` finds `a.html`, then `a/index.html`.")
    static let contentNotFound = Option(
        "sites.*.content.not_found", .sitePath, default: "/404.html",
        "The page for what is not there; empty for Postern's own.")
    static let contentForbidden = Option(
        "sites.*.content.forbidden", .sitePath, default: "",
        "The page, with 403, for people who have signed in and whom a rule refuses, so that what stands in it is for all of them, whatever the rule of its own path; empty for Postern's own."
    )
    static let contentRedirectOrigins = Option(
        "sites.*.content.redirect_origins", .list(.webOrigin), default: "",
        "Where an object's `x-amz-website-redirect-location` may lead beside paths of the site: scheme, host, and a port where it is not the scheme's own."
    )
    static let contentPrecompressed = Option(
        "sites.*.content.precompressed", .list(.choice(ofType: Precompression.self)), default: "",
        "Codings in which files stand compressed beside the plain ones, `app.js.br` (`br`) and `app.js.gz` (`gzip`) beside `app.js`: where a client takes several alike, in this order. Costs another request to the origin where there is no such file."
    )
    static let contentCompression = Option(
        "sites.*.content.compression", .flag, default: "true",
        "Whether content that grows smaller by it (text, scripts, JSON, SVG) is sent with gzip to clients that take it, unless it is compressed already."
    )
    static let contentCompressionMinimum = Option(
        "sites.*.content.compression_min_size", .size(0...1_073_741_824), default: "1KiB",
        "Content that is shorter is not compressed.")
    static let siteMount = Option(
        "sites.*.mounts.*", .reference(to: "origins"),
        "The origin that has what is below the key, a path such as `/reports/`, which is taken off: `/reports/a.html` is `a.html` there. Of several the longest path decides."
    )
    static let siteCacheControl = Option(
        "sites.*.cache_control.*", .cacheControl,
        "In place of what the origin says of the paths that the key matches. Where a path is not for anyone, the answer is private all the same."
    )
    static let siteHeader = Option(
        "sites.*.headers.*.*", .fieldValue,
        "The value of the field whose name the key is, in place of another of that name; empty for no such field.")
    static let pagesName = Option(
        "sites.*.pages.name", .pageText(100), "What Postern's own pages call the site. Left out: its first host.")
    static let pagesLogo = Option(
        "sites.*.pages.logo", .logo,
        "A picture above the site's name: a path on the site, which a rule must let everybody in to, or `file:PATH`, an SVG, PNG, JPEG or WebP file of 64 KiB at most, which is read at the start and put into the pages."
    )
    static let pagesAccent = Option(
        "sites.*.pages.accent", .colour, default: "1d4ed8",
        "The colour of the first button, in hexadecimal; `#` in front begins a comment where it stands in no quotes. What stands on it is white or black, and on dark ground it is made lighter, so that both can be read."
    )
    static let pagesBackground = Option(
        "sites.*.pages.background", .colour,
        "The colour of the ground that the pages' card lies on, in hexadecimal. Where the reader's system is dark it is made darker. Left out: a light grey, and a dark one."
    )
    static let pagesContact = Option(
        "sites.*.pages.contact", .contact, "Where people who need help are led: an e-mail address or a URL.")
    static let pagesText = Option(
        "sites.*.pages.texts.*.*", .pageText(500),
        "Other words for a text of the pages, whose names the reference lists. The first key is a language (`en`, `de`, `fr`, `es`, `ja`), or `any` for those that have none of their own."
    )
    static let siteRule = Option(
        "sites.*.rules.*", .requirement,
        "Who may see the paths that the key, a pattern, matches. A pattern is a path in which `*` is one segment and a last `**` any number of them, none included. Before it may stand methods, as in `GET /reports/**`. The most specific pattern decides, whatever the order; where none matches, whoever has signed in may see the path."
    )

    // Log
    static let logLevel = Option(
        "log.level", .choice(ofType: LogSettings.Level.self), default: "info", "How much is logged of events.")
    static let logFormat = Option(
        "log.format", .choice(ofType: LogSettings.Format.self), default: "json", "How log lines are spelled.")
    static let logAccess = Option(
        "log.access", .logTarget, default: "stdout", "Where a line for each request goes. Events go to stderr.")

    // Limits
    static let limitRequestLine = Option(
        "limits.request_line", .size(256...65536), default: "8KiB",
        "Bytes of a request line; over it the answer is 414.")
    static let limitFieldsSize = Option(
        "limits.fields_size", .size(1024...1_048_576), default: "32KiB",
        "Bytes of all header fields of a request; over it the answer is 431.")
    static let limitFieldsCount = Option(
        "limits.fields_count", .count(10...1000), default: "100",
        "Header fields of a request; over it the answer is 431.")
    static let limitBodySize = Option(
        "limits.body_size", .size(1024...16_777_216), default: "64KiB",
        "Bytes of the body of a request below the auth path; over it the answer is 413.")
    static let limitConnections = Option(
        "limits.connections", .count(1...1_000_000), default: "10000",
        "Client connections at a time, of all listeners and workers; three quarters of the process's file descriptors at most. One more takes the place of an idle one, or is closed."
    )
    static let limitConnectionsPerAddress = Option(
        "limits.connections_per_address", .count(1...1_000_000), default: "1000",
        "Connections at a time from one client address, or one IPv6 /64; one more is closed. `trusted_proxies` and Unix sockets are not counted, but the clients that PROXY headers name are."
    )
    static let limitRequestsPerConnection = Option(
        "limits.requests_per_connection", .count(1...1_000_000_000), default: "10000",
        "Requests on one connection before it is closed.")
    static let limitStreamsPerConnection = Option(
        "limits.streams_per_connection", .count(1...10_000), default: "100",
        "Requests that an HTTP/2 client may have under way at once on one connection.")
    static let limitHTTP2Resets = Option(
        "limits.http2_resets", .count(10...1_000_000), default: "200",
        "Streams that an HTTP/2 client may take back on one connection: so many at once, and a tenth of that a second.")
    static let limitHTTP2Refusals = Option(
        "limits.http2_refusals", .count(10...1_000_000), default: "100",
        "Requests of an HTTP/2 connection that may have to be refused, and streams that may have to be reset for what the client does: so many at once, and a tenth of that a second."
    )
    static let limitHTTP2IdleFrames = Option(
        "limits.http2_idle_frames", .count(100...1_000_000), default: "1000",
        "Frames of an HTTP/2 connection that bring no request further (PING, SETTINGS, PRIORITY, WINDOW_UPDATE, empty DATA, GOAWAY, unknown types): so many at once, a tenth of that a second, 4 for each request, and one for each KiB that the client gets."
    )
    static let limitHTTP2Continuations = Option(
        "limits.http2_continuations", .count(1...1000), default: "8",
        "CONTINUATION frames of one head in HTTP/2.")
    static let limitTLSHandshakes = Option(
        "limits.tls_handshakes", .count(1...100_000), default: "1000",
        "TLS handshakes under way at a time, of one worker. One more ends the one that began first.")
    static let limitTLSHandshakeTimeout = Option(
        "limits.tls_handshake_timeout", .duration("10ms", "10m"), default: "10s", "A whole TLS handshake.")
    static let limitHeadTimeout = Option(
        "limits.head_timeout", .duration("10ms", "10m"), default: "10s",
        "From a request's first byte to the end of its head.")
    static let limitIdleTimeout = Option(
        "limits.idle_timeout", .duration("10ms", "1d"), default: "60s",
        "How long a connection stays open between requests.")
    static let limitReadTimeout = Option(
        "limits.read_timeout", .duration("10ms", "1h"), default: "10s", "How long a request's body may pause.")
    static let limitWriteTimeout = Option(
        "limits.write_timeout", .duration("10ms", "1h"), default: "30s",
        "How long a client may take nothing of its answer.")
    static let limitRequestTimeout = Option(
        "limits.request_timeout", .duration("10ms", "365d"), default: "1d",
        "A whole request, from the end of its head to the end of its answer. Then the connection is cut.")
    static let limitMinReadRate = Option(
        "limits.min_read_rate", .size(0...1_048_576), default: "512B",
        "Bytes a second that a request's body must bring on average, once `read_timeout` has passed; `0` for none.")
    static let limitMinWriteRate = Option(
        "limits.min_write_rate", .size(0...1_048_576), default: "512B",
        "Bytes a second that a client must take of its answer while there is more for it, on average over each `write_timeout`; `0` for none."
    )
    static let limitOriginConnections = Option(
        "limits.origin_connections", .count(1...100_000), default: "256",
        "Connections to one origin at a time, of one worker. More requests wait in line, for 10 s at most.")
    static let limitOriginQueue = Option(
        "limits.origin_queue", .size(1_048_576...17_179_869_184), default: "48MiB",
        "What requests that wait for a connection to one origin may hold, of one worker: 4 to 5 KiB each, and their fields. One more is a 503."
    )
    static let limitOriginConnectTimeout = Option(
        "limits.origin_connect_timeout", .duration("10ms", "10m"), default: "3s",
        "Connecting to an origin; and once more for the TLS handshake.")
    static let limitOriginFirstByteTimeout = Option(
        "limits.origin_first_byte_timeout", .duration("10ms", "1h"), default: "30s",
        "From a request to an origin to its answer's head.")
    static let limitOriginIdleTimeout = Option(
        "limits.origin_idle_timeout", .duration("10ms", "1h"), default: "30s",
        "How long an origin may pause within an answer.")
    static let limitOriginRetries = Option(
        "limits.origin_retries", .count(0...100), default: "20",
        "Of a hundred requests to an origin, how many may be sent again, of one worker, counted over 10 s.")
    static let limitOriginRetriesPerSecond = Option(
        "limits.origin_retries_per_second", .count(0...10_000), default: "10",
        "How many may be sent again besides, on average over 10 s. With `0` for both none is.")
    static let limitFileReaders = Option(
        "limits.file_readers", .count(1...1000), default: "8",
        "Threads of one worker that wait for the disk of one directory. More files wait in line, for `origin_idle_timeout` at most."
    )
    static let limitCompressions = Option(
        "limits.compressions", .count(0...100_000), default: "128",
        "Answers of one worker that are being compressed at a time, 160 KiB each. One more goes out as it is.")
    static let limitProviderTimeout = Option(
        "limits.provider_timeout", .duration("10ms", "10m"), default: "10s", "A whole request to a provider.")
    static let limitProviderResponseSize = Option(
        "limits.provider_response_size", .size(4096...16_777_216), default: "1MiB", "Bytes of a provider's answer.")
    static let limitLoginStateLifetime = Option(
        "limits.login_state_lifetime", .duration("1s", "1d"), default: "15m",
        "How long a sign-in may take, from the redirect to the callback.")
    static let limitDrainTimeout = Option(
        "limits.drain_timeout", .duration("0", "1h"), default: "30s",
        "How long running requests are waited for at the end.")
    static let limitDrainIdleTimeout = Option(
        "limits.drain_idle_timeout", .duration("0", "1h"), default: "2s",
        "How long, at the end, a connection on which nothing is asked is kept: a request that comes in that time is answered, with `Connection: close`. Longer than clients pause between requests, and none of them meets a closed connection."
    )
    static let limitDecisions = Option(
        "limits.decisions", .count(0...100_000), default: "1000",
        "How many answers that showed a reference each worker remembers for `postern why`: the latest, 1 KiB each.")
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

/// `client_certificates`' words.
enum ClientCertificateMode: String, Sendable, CaseIterable { case none, optional, required }

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

/// `precompressed`'s words.
package enum Precompression: String, Sendable, CaseIterable { case br, gzip }

extension ValueKind where Value: RawRepresentable<String> & CaseIterable {
    /// `choice` with its type spelled out, where there is nothing to infer it from.
    static func choice(ofType type: Value.Type) -> ValueKind { .choice() }
}
