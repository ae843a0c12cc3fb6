import Bytes
import HTTP
import Sessions
import Settings

/// A site as the pipeline needs it: its settings, with all that can be worked out beforehand.
final class Site: Sendable {
    let name: String
    /// Its place among the sites, for counters and cache keys.
    let index: Int
    let settings: SiteSettings
    let resolver: ContentResolver
    let contentFields: ContentFields
    let encodings: ContentEncodings
    let authSegments: [String]
    /// Paths of the CloudFront sample, and the pages of Postern's own that they stand for.
    private let earlierPaths: [(segments: [String], page: String)]
    let sessionPolicy: SessionPolicy
    let crossOrigin: CrossOriginPolicy
    /// What Postern's own pages of the site look like.
    let template: PageTemplate
    /// The claims that rules ask for.
    let claimNames: [String]
    /// `Strict-Transport-Security`, where the site wants it said.
    private let strictTransportSecurity: String?
    private let hasLoopbackHost: Bool
    private let cookies: CookieNames
    /// The same over plain HTTP on a loopback host.
    private let plainCookies: CookieNames

    /// The names of a site's cookies.
    struct CookieNames: Sendable {
        let session: String
        /// Ties sign-ins to the browser.
        let browser: String
    }

    init(_ settings: SiteSettings, index: Int) {
        name = settings.name
        self.index = index
        self.settings = settings
        resolver = ContentResolver(settings.content, origin: settings.origin, mounts: settings.mounts)
        contentFields = ContentFields(settings.content)
        encodings = ContentEncodings(settings.content)
        authSegments = settings.authPath.split(separator: "/").map(String.init)
        let earlier = settings.cloudFront
        let pages = [
            (earlier.callbackPath, "callback"), (earlier.refreshPath, "refresh"), (earlier.signOutPath, "logout"),
        ]
        earlierPaths = pages.compactMap { path, page in
            path.map { ($0.split(separator: "/").map(String.init), page) }
        }
        sessionPolicy = SessionPolicy(
            idle: settings.session.idle.seconds, lifetime: settings.session.lifetime.seconds,
            endsWithToken: settings.session.endsWithToken)
        crossOrigin = CrossOriginPolicy(origins: settings.corsOrigins)
        template = PageTemplate(settings.pages, site: settings.hosts[0].description)
        claimNames = Array(Set(settings.rules.rules.flatMap(\.requirement.claimNames))).sorted()
        strictTransportSecurity = settings.hsts.seconds > 0 ? "max-age=\(settings.hsts.seconds)" : nil
        hasLoopbackHost = settings.hosts.contains(where: \.isLoopback)
        cookies = CookieNames(
            session: settings.session.cookieName(isSecure: true),
            browser: settings.session.browserCookieName(isSecure: true))
        plainCookies = CookieNames(
            session: settings.session.cookieName(isSecure: false),
            browser: settings.session.browserCookieName(isSecure: false))
    }

    func cookieNames(isSecure: Bool) -> CookieNames { isSecure ? cookies : plainCookies }

    /// Whether a cookie of that name is Postern's: no app sees it, and none sets it.
    func isOwnCookie(_ name: String) -> Bool {
        [cookies, plainCookies].contains { names in
            name == names.browser
                || name.hasPrefix(names.session)
                    && (name.utf8.count == names.session.utf8.count || name.dropFirst(names.session.count).first == ".")
        }
    }

    /// The value of `Strict-Transport-Security` for this host. A loopback host is everybody's on that machine, whatever
    /// the port, and gets none.
    func strictTransportSecurity(for authority: String) -> String? {
        guard let strictTransportSecurity else { return nil }
        if hasLoopbackHost, let host = Authority(authority)?.host, SiteHost.isLoopback(host) { return nil }
        return strictTransportSecurity
    }

    /// Whether anybody can sign in.
    var hasProvider: Bool { !settings.providers.isEmpty }

    func authPath(_ page: String) -> String { settings.authPath + "/" + page }

    /// The path of a provider's redirect URI.
    func callbackPath(_ provider: ProviderSettings) -> String {
        guard !provider.ownCallback else { return authPath("callback/") + PercentCoding.encode(provider.name) }
        return settings.cloudFront.callbackPath ?? authPath("callback")
    }

    /// Which of Postern's own pages a path is: what stands behind the auth path, or what a path from before stands for;
    /// nil for content.
    func ownPage(_ segments: [String]) -> ArraySlice<String>? {
        if segments.starts(with: authSegments) { return segments.dropFirst(authSegments.count) }
        // In another spelling it is no content either.
        if segments.starts(with: authSegments, by: { $0.lowercased() == $1.lowercased() }) { return [] }
        return earlierPaths.first { $0.segments == segments }.map { [$0.page] }
    }

    var acceptsCloudFrontCookies: Bool { settings.cloudFront.cookies != .off }

    /// Where tokens are renewed whose refresh token is sent to one path alone.
    func refreshURL(returningTo target: String) -> String? {
        settings.cloudFront.refreshPath.map { $0 + "?requestedUri=" + PercentCoding.encode(returnTarget(target)) }
    }

    /// What the rule for a page demands of a sign-in that is to end there.
    /// - Parameter target: a path on this site, with query and fragment or without.
    func demand(for target: String) -> AuthenticationDemand {
        rule(for: target)?.requirement.authentication ?? AuthenticationDemand()
    }

    /// The rule for a page that a browser is sent to.
    func rule(for target: String) -> Rule? {
        guard let target = try? RequestTarget(String(target.prefix { $0 != "#" })) else { return nil }
        return settings.rules.rule(for: target.segments)
    }

    /// Where a sign-in starts that comes back to `target`, a target in origin form.
    /// - Parameter provider: one of the site's; nil for the one that there is, or for the page where people choose.
    func loginURL(returningTo target: String, provider: String? = nil, switchingAccount: Bool = false) -> String {
        let target = returnTarget(target)
        var query: [String] = []
        if let provider { query.append("provider=" + PercentCoding.encode(provider)) }
        if target != "/" { query.append("return_to=" + PercentCoding.encode(target)) }
        if switchingAccount { query.append("prompt=select_account") }
        return authPath("login") + (query.isEmpty ? "" : "?" + query.joined(separator: "&"))
    }

    /// `value` where it can only be a path on this site, else `/`.
    func returnTarget(_ value: String) -> String {
        guard let target = ReturnTarget.validated(value, reservedPrefix: settings.authPath) else { return "/" }
        guard !earlierPaths.isEmpty else { return target }
        let path = try? RequestTarget(String(target.prefix { $0 != "?" && $0 != "#" }))
        return earlierPaths.contains { $0.segments == path?.segments } ? "/" : target
    }
}

/// The sites, by the hosts that clients name.
final class SiteTable: Sendable {
    private let sites: [Site]
    private let byHost: [String: Int]
    private let byName: [String: Int]
    /// The sites of a host's name, whatever the port.
    private let byHostName: [String: Set<Int>]

    init(_ settings: [SiteSettings]) {
        sites = settings.enumerated().map { Site($1, index: $0) }
        var byHost: [String: Int] = [:]
        for site in sites {
            for host in site.settings.hosts { byHost[host.description] = site.index }
        }
        self.byHost = byHost
        byHostName = sites.reduce(into: [:]) { names, site in
            for host in site.settings.hosts { names[host.name, default: []].insert(site.index) }
        }
        byName = Dictionary(uniqueKeysWithValues: sites.map { ($0.name, $0.index) })
    }

    /// Where counters keep this site; 0 is no site.
    func counterIndex(of name: String) -> Int { byName[name].map { $0 + 1 } ?? 0 }

    var hasSeveralNames: Bool { byHostName.count > 1 }

    /// Whether the name is a host of sites that this one is not among.
    /// - Parameter name: in lower case, without a port.
    func isOther(than site: Site, _ name: String) -> Bool {
        byHostName[name].map { !$0.contains(site.index) } ?? false
    }

    /// - Parameter authority: in lower case, without the scheme's own port.
    func site(for authority: String) -> Site? {
        byHost[authority].map { sites[$0] }
    }
}
