import HTTP
import Settings
import Telemetry
import Transport

/// Which site is this host, and does the request come by the site's scheme?
extension Worker {
    func findSite(_ context: RequestContext) -> StageOutcome {
        let connection = context.exchange.connection
        let source = source(of: context)
        let isSecure = source.isSecure
        context.isSecure = isSecure
        if let client = source.client { context.exchange.record.peer = client }
        followTrace(context)

        var authority = Self.withoutOwnPort(context.request.authority, isSecure: isSecure)
        var site = shared.sites.site(for: authority)
        if site == nil, !isSecure {
            // A site that is known by its HTTPS address alone, asked for over HTTP.
            authority = Self.withoutOwnPort(authority, isSecure: true)
            site = shared.sites.site(for: authority)
        }
        if site == nil, let host = source.host {
            // Where `Host` names a site, it counts: a client may have made the other up, and caches look at `Host`.
            authority = Self.withoutOwnPort(host, isSecure: isSecure)
            site = shared.sites.site(for: authority)
        }
        guard let site else { return .respond(page(.unknownHost(), .unknownHost, for: context)) }
        guard !isMisdirected(context, to: site, authority) else {
            return .respond(page(.misdirected(), .misdirected, for: context))
        }
        context.site = site
        context.exchange.record.site = site.name

        if let publicURL = site.settings.publicURL {
            context.base = BaseURL(isSecure: publicURL.isSecure, authority: publicURL.authority)
        } else {
            context.base = BaseURL(isSecure: isSecure, authority: authority)
        }
        let mustRedirect =
            shared.redirectingListeners.contains(connection.listener)
            || (!context.base.isSecure && site.hasProvider && !Self.isLoopback(authority))
        guard !mustRedirect || isSecure else {
            // `OPTIONS *` names no path that the host's name could be told from.
            guard context.request.target.hasPrefix("/") else {
                return .respond(page(.badRequest(), .badRequest, for: context))
            }
            // 308 keeps the method (RFC 9110 section 15.4.9). The host is one of the config's, never only the client's word.
            let host = site.settings.publicURL?.authority ?? authority
            return .respond(redirect(to: "https://" + host + context.request.target, status: 308, .redirected))
        }
        return .next
    }

    private func source(of context: RequestContext) -> RequestSource {
        let connection = context.exchange.connection, trusted = shared.configuration.trustedProxies
        return RequestSource(
            peer: trusted.isEmpty ? [] : connection.peer.ipBytes, isSecure: connection.isSecure,
            fields: context.request.fields, trusted: trusted)
    }

    /// The connection was made for another site, which the client has seen another certificate of (RFC 9110 section
    /// 15.5.20). Where both have the same one a browser may well ask for both on one connection.
    private func isMisdirected(_ context: RequestContext, to site: Site, _ authority: String) -> Bool {
        let connection = context.exchange.connection
        guard let asked = connection.serverName, shared.sites.hasSeveralNames else { return false }
        let rest = authority.utf8.dropFirst(asked.utf8.count)
        if authority.hasPrefix(asked), rest.isEmpty || rest.first == UInt8(ascii: ":") { return false }
        let name = asked.lowercased()
        guard let host = Authority(authority)?.host, host != name, shared.sites.isOther(than: site, name),
            let tls = listeners[connection.listener]?.first?.tls
        else { return false }
        return !tls.hasOneCertificate(for: name, host)
    }

    /// - Returns: the authority without a port that is its scheme's own.
    private static func withoutOwnPort(_ authority: String, isSecure: Bool) -> String {
        let port = isSecure ? ":443" : ":80"
        return authority.hasSuffix(port) ? String(authority.dropLast(port.count)) : authority
    }

    private static func isLoopback(_ authority: String) -> Bool {
        guard let parsed = Authority(authority) else { return false }
        return SiteHost.isLoopback(parsed.host)
    }
}
