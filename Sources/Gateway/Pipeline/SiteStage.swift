import HTTP
import Settings
import Telemetry
import Transport

/// Which site is this host, and does the request come by the site's scheme?
extension Worker {
    func findSite(_ context: RequestContext) -> StageOutcome {
        let connection = context.exchange.connection
        var isSecure = connection.isSecure
        if !isSecure, isTrustedProxy(connection), context.request.fields[.xForwardedProto]?.lowercased() == "https" {
            isSecure = true
        }

        var authority = Self.withoutOwnPort(context.request.authority, isSecure: isSecure)
        var site = shared.sites.site(for: authority)
        if site == nil, !isSecure {
            // A site that is known by its HTTPS address alone, asked for over HTTP.
            authority = Self.withoutOwnPort(authority, isSecure: true)
            site = shared.sites.site(for: authority)
        }
        guard let site else { return .respond(page(.unknownHost(), .unknownHost, for: context)) }
        context.site = site
        context.exchange.record.site = site.name

        if let publicURL = site.settings.publicURL {
            context.base = BaseURL(isSecure: publicURL.isSecure, authority: publicURL.authority)
        } else {
            context.base = BaseURL(isSecure: isSecure, authority: authority)
        }
        let mustRedirect =
            shared.redirectingListeners.contains(connection.listener)
            || (!context.base.isSecure && site.settings.provider != nil && !Self.isLoopback(authority))
        guard !mustRedirect || isSecure else {
            // 308 keeps the method (RFC 9110 section 15.4.9). The host is one of the config's, never only the client's word.
            let host = site.settings.publicURL?.authority ?? authority
            return .respond(redirect(to: "https://" + host + context.request.target, status: 308, .redirected))
        }
        return .next
    }

    private func isTrustedProxy(_ connection: ConnectionInfo) -> Bool {
        guard !shared.configuration.trustedProxies.isEmpty else { return false }
        let address = connection.peer.ipBytes
        return shared.configuration.trustedProxies.contains { $0.contains(address) }
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
