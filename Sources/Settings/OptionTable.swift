/// The table of all options and of the sections they stand in, in the reference's order.
package enum OptionTable {
    package enum Row: Sendable {
        case section(SectionDeclaration)
        case option(OptionDeclaration)
    }

    package static let rows: [Row] = [
        section("", "Keys that stand in no section; in INI, before the first."),
        option(Options.include, example: "[conf.d/*.yaml]"),
        option(Options.workers, example: "4"),
        option(Options.trustedProxies, example: "[10.0.0.0/8]"),
        option(Options.sessionKeys, isSecret: true, example: "[file:/etc/postern/session.key]"),
        option(Options.stateDirectory, example: "/var/lib/postern"),

        section("listeners.*", "A socket that Postern accepts connections on. One at least."),
        option(Options.listenerAddress, isRequired: true, example: "0.0.0.0:443"),
        option(Options.listenerReusePort, example: "true"),
        option(Options.listenerRedirect, example: "true"),
        option(Options.listenerProxyProtocol, example: "true"),
        section("listeners.*.tls", "Makes the listener speak TLS."),
        option(Options.listenerCertificate, isRequired: true, example: "/etc/postern/tls/fullchain.pem"),
        option(Options.listenerKey, isRequired: true, isSecret: true, example: "file:/etc/postern/tls/privkey.pem"),
        option(Options.listenerStapling, example: "false"),
        option(Options.listenerClientCA, example: "/etc/postern/tls/clients-ca.pem"),
        option(Options.listenerClientCertificates, example: "optional"),

        section("admin", "The listener for whoever runs Postern. Left out: there is none."),
        option(Options.adminAddress, example: "127.0.0.1:9180"),
        option(Options.adminReusePort, example: "true"),
        option(Options.adminSocket, example: "/run/postern/admin.sock"),

        section("providers.*", "An OpenID provider that signs people in."),
        option(Options.providerIssuer, isRequired: true, example: "https://id.example.com"),
        option(Options.providerPreset, example: "cognito"),
        option(Options.providerTenants, example: "[9188040d-6c67-4c5b-b112-36a304b66dad]"),
        option(Options.providerGroupsClaim, example: "realm_access.roles"),
        option(Options.providerDisplayName, example: "Example Corporation"),
        option(Options.providerClientID, isRequired: true, example: "postern"),
        option(Options.providerClientSecret, isSecret: true, example: "credential:corp"),
        option(Options.providerClientAuth, example: "post"),
        option(Options.providerClientKey, isSecret: true, example: "file:/etc/postern/client.pem"),
        option(Options.providerClientKeyID, example: "postern-2026"),
        option(Options.providerClientAssertionAudience, example: "issuer"),
        option(Options.providerScopes, example: "[openid, email, groups]"),
        option(Options.providerSigningAlgorithms, example: "[ES256, RS256]"),
        option(Options.providerSignOut, example: "cognito"),
        option(Options.providerSignOutURL, example: "https://auth.example.com/logout"),
        option(Options.providerPushedAuthorization, example: "required"),
        option(Options.providerOwnCallback, example: "true"),
        option(Options.providerUserInfo, example: "true"),
        option(Options.providerCAFile, example: "/etc/ssl/corp-ca.pem"),
        section("providers.*.bearer", "Requests that bring a token of the provider's in place of a session."),
        option(Options.providerBearerAccept, example: "false"),
        option(Options.providerBearerAudiences, example: "[api://docs]"),
        option(Options.providerBearerScopes, example: "[docs.read]"),
        section(
            "providers.*.authorization_parameters",
            "What else the provider is told when somebody is sent there: keys are the parameters' names."),
        option(Options.providerAuthorizationParameter, example: "login"),

        section("origins.*", "Where content is: a bucket, a directory, or an app; one of the three."),
        option(Options.originDirectory, example: "/srv/handbook"),
        option(Options.originHTTP, example: "http://127.0.0.1:3000"),
        option(Options.originSocket, example: "/run/app/http.sock"),
        option(Options.originCAFile, example: "/etc/ssl/app-ca.pem"),
        option(Options.originUploadSize, example: "2GiB"),
        option(Options.originPassHost, example: "false"),
        option(Options.originForwarded, example: "true"),
        section("origins.*.identity", "How an app is told who asks. An empty name leaves a field out."),
        option(Options.originIdentityUser, example: "X-WebAuth-User"),
        option(Options.originIdentityEmail, example: "X-WebAuth-Email"),
        option(Options.originIdentityGroups, example: "X-WebAuth-Groups"),
        option(Options.originIdentityAssertion, example: "\"\""),
        section("origins.*.s3", "A bucket of Amazon S3, or of a service that speaks its protocol."),
        option(Options.s3Bucket, isRequired: true, example: "docs-private"),
        option(Options.s3Region, example: "eu-central-1"),
        option(Options.s3Endpoint, example: "https://s3.eu-central-1.amazonaws.com"),
        option(Options.s3Addressing, example: "path"),
        option(Options.s3Prefix, example: "site/"),
        option(Options.s3QueryParameters, example: "[versionId]"),
        option(Options.s3Credentials, example: "web_identity"),
        option(Options.s3Profile, example: "postern"),
        option(Options.s3STSEndpoint, example: "https://sts.eu-central-1.amazonaws.com"),
        option(Options.s3AccessKeyID, example: "env:AWS_ACCESS_KEY_ID"),
        option(Options.s3SecretAccessKey, isSecret: true, example: "file:/etc/postern/s3.secret"),
        option(Options.s3SessionToken, isSecret: true, example: "env:AWS_SESSION_TOKEN"),

        section("sites.*", "A website: its hosts, who signs people in, where its content is. One at least."),
        option(Options.siteHosts, isRequired: true, example: "[docs.example.com]"),
        option(Options.sitePublicURL, example: "https://docs.example.com"),
        option(Options.siteProvider, example: "[corp, partner]"),
        option(Options.siteOrigin, isRequired: true, example: "docs"),
        option(Options.siteAuthPath, example: "/-/auth"),
        option(Options.siteHSTS, example: "365d"),
        option(Options.siteCORSOrigins, example: "[https://app.example.com]"),
        section("sites.*.session", "How long people stay signed in."),
        option(Options.sessionIdle, example: "30m"),
        option(Options.sessionLifetime, example: "7d"),
        option(Options.sessionEndsWithToken, example: "true"),
        option(Options.sessionCookie, example: "__Host-docs"),
        option(Options.sessionClearSiteData, example: "[cache, storage]"),
        section(
            "sites.*.cloudfront",
            "What goes on of cloudfront-authorization-at-edge; see [Moving from it](moving-from-cloudfront.md)."),
        option(Options.cloudFrontCallbackPath, example: "/parseauth"),
        option(Options.cloudFrontRefreshPath, example: "/refreshauth"),
        option(Options.cloudFrontSignOutPath, example: "/signout"),
        option(Options.cloudFrontCookies, example: "accept"),
        option(Options.cloudFrontMode, example: "spa"),
        section("sites.*.content", "How paths become files."),
        option(Options.contentIndex, example: "index.htm"),
        option(Options.contentFallback, example: "/app.html"),
        option(Options.contentCleanURLs, example: "true"),
        option(Options.contentNotFound, example: "/errors/404.html"),
        option(Options.contentForbidden, example: "/errors/403.html"),
        option(Options.contentRedirectOrigins, example: "[https://www.example.com]"),
        option(Options.contentPrecompressed, example: "[br, gzip]"),
        option(Options.contentCompression, example: "false"),
        option(Options.contentCompressionMinimum, example: "4KiB"),
        section("sites.*.mounts", "Parts of the site whose content other origins have: keys are paths."),
        option(Options.siteMount, example: "reports"),
        section(
            "sites.*.cache_control",
            "`Cache-Control` by path: keys are patterns as in `rules`, of which the most specific decides."),
        option(Options.siteCacheControl, example: "max-age=31536000, immutable"),
        section(
            "sites.*.headers.*", key: .pattern,
            "Header fields of the site's content, by a pattern as in `rules`. For each field the most specific pattern that names it decides."
        ),
        option(Options.siteHeader, example: "DENY"),
        section("sites.*.pages", "How Postern's own pages of the site look: sign-in, errors, sign-out."),
        option(Options.pagesName, example: "Example Docs"),
        option(Options.pagesLogo, example: "file:/etc/postern/logo.svg"),
        option(Options.pagesAccent, example: "0a7d4f"),
        option(Options.pagesBackground, example: "eef2ff"),
        option(Options.pagesContact, example: "help@example.com"),
        section("sites.*.pages.texts.*", "Other words for the pages, in one language or in `any`."),
        option(Options.pagesText, example: "Ask the docs team for access."),
        section(
            "sites.*.rules",
            "Who may see what: keys are patterns, values are requirements. Left out: whoever has signed in sees everything, and nobody else anything."
        ),
        option(Options.siteRule, example: "groups:admins"),

        section("log", "What is written about requests and events."),
        option(Options.logLevel, example: "debug"),
        option(Options.logFormat, example: "text"),
        option(Options.logAccess, example: "file:/var/log/postern/access.log"),

        section("traces", "Traces across programs (W3C Trace Context)."),
        option(Options.tracesFrom, example: "trusted_proxies"),
        option(Options.tracesBegin, example: "true"),

        section("limits", "How much, how many and how long at most."),
        option(Options.limitRequestLine, example: "16KiB"),
        option(Options.limitFieldsSize, example: "64KiB"),
        option(Options.limitFieldsCount, example: "200"),
        option(Options.limitBodySize, example: "128KiB"),
        option(Options.limitConnections, example: "50000"),
        option(Options.limitConnectionsPerAddress, example: "100"),
        option(Options.limitRequestsPerConnection, example: "1000"),
        option(Options.limitStreamsPerConnection, example: "250"),
        option(Options.limitHTTP2Resets, example: "1000"),
        option(Options.limitHTTP2Refusals, example: "500"),
        option(Options.limitHTTP2IdleFrames, example: "5000"),
        option(Options.limitHTTP2Continuations, example: "16"),
        option(Options.limitTLSHandshakes, example: "200"),
        option(Options.limitTLSHandshakeTimeout, example: "5s"),
        option(Options.limitHeadTimeout, example: "5s"),
        option(Options.limitIdleTimeout, example: "2m"),
        option(Options.limitReadTimeout, example: "30s"),
        option(Options.limitWriteTimeout, example: "1m"),
        option(Options.limitRequestTimeout, example: "1h"),
        option(Options.limitMinReadRate, example: "1KiB"),
        option(Options.limitMinWriteRate, example: "2KiB"),
        option(Options.limitOriginConnections, example: "64"),
        option(Options.limitOriginQueue, example: "16MiB"),
        option(Options.limitOriginConnectTimeout, example: "5s"),
        option(Options.limitOriginFirstByteTimeout, example: "1m"),
        option(Options.limitOriginIdleTimeout, example: "1m"),
        option(Options.limitOriginRetries, example: "10"),
        option(Options.limitOriginRetriesPerSecond, example: "5"),
        option(Options.limitFileReaders, example: "16"),
        option(Options.limitCompressions, example: "64"),
        option(Options.limitProviderTimeout, example: "5s"),
        option(Options.limitProviderResponseSize, example: "256KiB"),
        option(Options.limitLoginStateLifetime, example: "1h"),
        option(Options.limitDrainTimeout, example: "10s"),
        option(Options.limitDrainIdleTimeout, example: "10s"),
        option(Options.limitDecisions, example: "10000"),
    ]

    package static let options: [OptionDeclaration] = rows.compactMap {
        if case .option(let option) = $0 { option } else { nil }
    }

    package static let sections: [SectionDeclaration] = rows.compactMap {
        if case .section(let section) = $0 { section } else { nil }
    }

    private static let optionsByPath = Dictionary(uniqueKeysWithValues: options.map { ($0.path, $0) })

    /// An option's declaration by its path with stars.
    static func option(_ path: String) -> OptionDeclaration? { optionsByPath[path] }

    private static let sectionsByPath = Dictionary(uniqueKeysWithValues: sections.map { ($0.path, $0) })

    /// A section's declaration by its path with stars; nil for one that has nothing but sections in it.
    static func section(_ path: String) -> SectionDeclaration? { sectionsByPath[path] }

    /// The keys that may stand in a section, given with stars; `*` for a name of the author's.
    static func keys(in section: String) -> [String] { keysBySection[section] ?? [] }

    private static let keysBySection: [String: [String]] = {
        var keys: [String: [String]] = [:]
        for path in options.map(\.path) + sections.map(\.path) where !path.isEmpty {
            var section = ""
            for key in path.split(separator: ".").map(String.init) {
                if keys[section]?.contains(key) != true { keys[section, default: []].append(key) }
                section = section.isEmpty ? key : "\(section).\(key)"
            }
        }
        return keys
    }()

    /// Each option of a checked tree by its dotted path, as text that equal values share.
    static func readings(of node: SettingNode, pattern: String = "", path: [String] = []) -> [String: String] {
        guard case .section(let entries) = node.content else { return [:] }
        var readings: [String: String] = [:]
        for entry in entries {
            let key = keys(in: pattern).contains(entry.key) ? entry.key : "*"
            let inner = pattern.isEmpty ? key : "\(pattern).\(key)"
            guard let option = option(inner) else {
                readings.merge(self.readings(of: entry.node, pattern: inner, path: path + [entry.key])) { first, _ in
                    first
                }
                continue
            }
            var items = entry.node.items
            if !option.isList, case .value(let value) = entry.node.content {
                items = [SettingNode.Item(text: value.text, position: entry.node.position)]
            }
            if let items, case .value(let text) = option.check(items) { readings[(path + [entry.key]).dotted] = text }
        }
        return readings
    }

    private static func section(
        _ path: String, key: SectionDeclaration.KeyKind = .name, _ sentence: String
    ) -> Row {
        .section(SectionDeclaration(path: path, sentence: sentence, keyKind: key))
    }

    private static func option<Value>(
        _ option: Option<Value>, isRequired: Bool = false, isSecret: Bool = false, example: String
    ) -> Row {
        .option(OptionDeclaration(option, isRequired: isRequired, isSecret: isSecret, example: example))
    }
}
