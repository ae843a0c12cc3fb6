/// What a site's checks need to know of the rest of the config.
struct SiteContext {
    let providers: [String]
    let origins: [String]
    /// Those that are asked for versions and forms of an object by parameters of the query.
    let originsOfVersions: [String]
    /// Those that are no content, but apps.
    let apps: [String]
    let hasTLSListener: Bool
    let hasTrustedProxies: Bool
}

/// The sites.
extension ConfigurationReader {
    mutating func sites(in root: SettingSection, _ context: SiteContext) -> [SiteSettings] {
        let sections = root.section("sites").named
        if sections.isEmpty {
            faults.error(
                root.section("sites").position, "sites", "no site is configured",
                "Add one, as in: sites.docs.hosts: [docs.example.com]")
        }
        var owners: [SiteHost: (site: String, position: Position)] = [:]
        return sections.compactMap { section in
            claimHosts(of: section, &owners)
            return site(in: section, context)
        }
    }

    /// Finds hosts that two sites want, or one site twice.
    private mutating func claimHosts(
        of section: SettingSection, _ owners: inout [SiteHost: (site: String, position: Position)]
    ) {
        for host in section.optional(Options.siteHosts) ?? [] {
            guard let owner = owners[host.value] else {
                owners[host.value] = (section.name, host.position)
                continue
            }
            faults.error(
                host.position, section.key(of: Options.siteHosts),
                "the host \(host.value) belongs to site \(owner.site) (\(owner.position.shown(beside: host.position))) already",
                "Give each host to one site")
        }
    }

    private mutating func site(in section: SettingSection, _ context: SiteContext) -> SiteSettings? {
        let hosts = section.required(Options.siteHosts, &faults)?.map(\.value)
        if let hosts, hosts.isEmpty {
            faults.error(
                section.position(of: Options.siteHosts), section.key(of: Options.siteHosts), "the site has no host",
                "Name one, such as docs.example.com")
        }
        let providers = siteProviders(in: section, context)
        let origin = section.required(Options.siteOrigin, &faults)
        if let origin {
            check(
                origin, isAmong: context.origins, section.position(of: Options.siteOrigin),
                section.key(of: Options.siteOrigin), noun: "origin")
        }
        let authPath = section.value(Options.siteAuthPath)
        let mounts = mounts(in: section, authPath: authPath, context)
        var content = content(in: section, authPath: authPath)
        if let origin { checkPages(&content, origin, mounts, in: section, context) }
        checkVersions(content, [origin].compactMap { $0 } + mounts.entries.map(\.value), in: section, context)
        let rules = rules(in: section, hasProvider: section.has(Options.siteProvider))
        let publicURL = section.optional(Options.sitePublicURL)
        if let hosts { checkScheme(hosts, publicURL, section, context) }
        let session = session(in: section.section("session"))
        let cloudFront = cloudFront(in: section, authPath: authPath)
        guard let hosts, let origin, !hosts.isEmpty else { return nil }
        return SiteSettings(
            name: section.name, hosts: hosts, publicURL: publicURL, providers: providers, origin: origin,
            mounts: mounts, authPath: authPath, hsts: section.value(Options.siteHSTS),
            corsOrigins: section.value(Options.siteCORSOrigins).map(\.value), session: session, cloudFront: cloudFront,
            content: content, pages: pages(in: section.section("pages")),
            rules: RuleSet(rules))
    }

    private mutating func siteProviders(in section: SettingSection, _ context: SiteContext) -> [String] {
        guard let named = section.optional(Options.siteProvider) else { return [] }
        let key = section.key(of: Options.siteProvider)
        if named.isEmpty {
            faults.error(
                section.position(of: Options.siteProvider), key, "no provider is named",
                "Name one, or remove the key")
        }
        var names: [String] = []
        for provider in named {
            check(provider.value, isAmong: context.providers, provider.position, key, noun: "provider")
            if names.contains(provider.value) {
                faults.error(provider.position, key, "'\(provider.value)' stands there twice", "Keep one of the two")
            }
            names.append(provider.value)
        }
        return names
    }

    mutating func check(
        _ name: String, isAmong known: [String], _ position: Position, _ key: String, noun: String
    ) {
        guard !known.contains(name) else { return }
        let nearest = Spelling.nearest(to: name, among: known)
        let remedy: String
        if let nearest {
            remedy = "Did you mean '\(nearest)'?"
        } else if known.isEmpty {
            remedy = "Add \(noun)s.\(name)"
        } else {
            remedy = "There is " + Sentence.or(known)
        }
        faults.error(
            position, key, "there is no \(noun) '\(name)'", remedy, nearest: nearest)
    }

    /// That nobody signs in over plain HTTP but on a loopback host, and that the public URL is one of
    /// the site's own.
    private mutating func checkScheme(
        _ hosts: [SiteHost], _ publicURL: HTTPURL?, _ section: SettingSection, _ context: SiteContext
    ) {
        let key = section.key(of: Options.sitePublicURL)
        if let publicURL {
            let position = section.position(of: Options.sitePublicURL)
            if publicURL.path != "", publicURL.path != "/" {
                faults.error(position, key, "the URL has a path", "Write \(publicURL.origin)")
            }
            if !hosts.contains(where: { $0.name == publicURL.host }) {
                faults.error(
                    position, key, "its host \(publicURL.host) is none of the site's hosts",
                    "Add it to hosts, or write one of them here")
            }
        }
        guard section.has(Options.siteProvider) else { return }
        if let publicURL, !publicURL.isSecure, !publicURL.isLoopback {
            faults.error(
                section.position(of: Options.sitePublicURL), key, "people would sign in over plain HTTP",
                "Write its https URL; only loopback hosts may do without")
        } else if publicURL == nil, !context.hasTLSListener, !context.hasTrustedProxies,
            let host = hosts.first(where: { !$0.isLoopback })
        {
            faults.error(
                section.position(of: Options.siteHosts), section.key(of: Options.siteHosts),
                "people would sign in to \(host) over plain HTTP",
                "Give a listener tls, or name the proxy that has TLS in trusted_proxies, or set public_url to its https URL"
            )
        }
    }

    private mutating func rules(in section: SettingSection, hasProvider: Bool) -> [Rule] {
        let rulesSection = section.section("rules")
        guard case .section(let entries) = rulesSection.node?.content, !entries.isEmpty else {
            if !hasProvider {
                faults.error(
                    section.position, section.key(of: Options.siteProvider),
                    "the site has no provider and no rules, so nobody could see it",
                    "Name a provider, or add the rule /**: anyone")
            }
            return []
        }
        var rules: [Rule] = []
        var earlier: [(key: RuleKey, position: Position)] = []
        for entry in entries {
            let key = (rulesSection.path + [entry.key]).dotted
            let rule: RuleKey
            do throws(ValueProblem) {
                rule = try RuleKey(entry.key)
            } catch {
                faults.error(entry.position, key, error.message, error.remedy)
                continue
            }
            let others = earlier.filter { other, _ in
                other.pattern == rule.pattern
                    && (other.methods == rule.methods || !other.methods.isDisjoint(with: rule.methods))
            }
            if let other = others.first?.position {
                faults.error(
                    entry.position, key,
                    "the pattern matches the same as the one on \(other.shown(beside: entry.position))",
                    "Keep one of the two")
            }
            earlier.append((rule, entry.position))
            guard case .value(let value) = entry.node.content, let requirement = try? Requirement(value.text) else {
                continue
            }
            if !hasProvider, requirement.admitsSomebody, !requirement.admitsStrangers {
                faults.error(
                    entry.position, key, "nobody can meet '\(requirement)', for the site has no provider",
                    "Name a provider, or require anyone or nobody")
            }
            rules.append(Rule(pattern: rule.pattern, methods: rule.methods, requirement: requirement))
        }
        return rules
    }

    private mutating func session(in section: SettingSection) -> SessionSettings {
        let idle = section.value(Options.sessionIdle)
        let lifetime = section.value(Options.sessionLifetime)
        if idle > lifetime, section.has(Options.sessionIdle) {
            faults.warning(
                section.position(of: Options.sessionIdle), section.key(of: Options.sessionIdle),
                "it is longer than lifetime (\(DurationText.format(lifetime))), and so never counts",
                "Write a shorter one, or a longer lifetime")
        }
        return SessionSettings(
            idle: idle, lifetime: lifetime, endsWithToken: section.value(Options.sessionEndsWithToken),
            clearSiteData: section.value(Options.sessionClearSiteData).map(\.value),
            cookie: section.value(Options.sessionCookie))
    }

    private mutating func cloudFront(in site: SettingSection, authPath: String) -> CloudFrontSettings {
        let section = site.section("cloudfront")
        var taken: [String: String] = [:]
        for option in [Options.cloudFrontCallbackPath, Options.cloudFrontRefreshPath, Options.cloudFrontSignOutPath] {
            guard let path = section.optional(option) else { continue }
            let key = section.key(of: option), folded = path.lowercased()
            if folded == authPath.lowercased() || folded.hasPrefix(authPath.lowercased() + "/") {
                faults.error(
                    section.position(of: option), key, "the path is below auth_path (\(authPath))",
                    "Write the path that the sample had, or remove the key")
            }
            if let other = taken[folded] {
                faults.error(
                    section.position(of: option), key, "the path is that of \(other) too",
                    "Give each a path of its own")
            }
            taken[folded] = key
        }
        let settings = CloudFrontSettings(
            callbackPath: section.optional(Options.cloudFrontCallbackPath),
            refreshPath: section.optional(Options.cloudFrontRefreshPath),
            signOutPath: section.optional(Options.cloudFrontSignOutPath),
            cookies: section.value(Options.cloudFrontCookies), mode: section.value(Options.cloudFrontMode))
        if settings.cookies != .off, settings.mode == .static, settings.refreshPath == nil {
            faults.error(
                section.position(of: Options.cloudFrontMode), section.key(of: Options.cloudFrontRefreshPath),
                "static mode has its refresh token at a path of its own",
                "Name it: /refreshauth, if it was not changed")
        }
        return settings
    }
}
