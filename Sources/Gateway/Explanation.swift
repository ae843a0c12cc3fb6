import Bytes
import HTTP
import Origins
import Posix
import Sessions
import Settings
import Tokens

/// What would become of a request, and why, told from the config alone: nothing is asked of anybody, and nothing that is
/// said here lets anybody in.
package struct Explanation: Sendable {
    /// What it is about, as JSON names it: `site`, `rule`, `answer` and the like, each with what is said of it, in the
    /// order of the stages.
    private var lines: [(topic: String, text: String)] = []
    /// What each part of the rule says of whoever asks.
    private var verdicts: [(part: Requirement, verdict: Requirement.Verdict)] = []
    /// The status that Postern would answer with; nil where only the origin can tell.
    private var status: Int?
    /// Whether the rule lets this person in; nil where it does not come to that.
    private var isLetIn: Bool?
    /// What would be asked of the origins, in turn.
    private var lookups: [Lookup] = []

    private struct Lookup: Sendable {
        let origin: String
        /// A key with the origin's prefix in front, or a path.
        let name: String
        let use: String
    }

    /// - Parameters:
    ///   - url: absolute, or a path where there is only one site.
    ///   - claims: those of an ID token, as a JSON object; nil for somebody who has not signed in.
    ///   - now: Unix seconds, which `max_age` counts back from.
    package init(
        _ url: String, method: String, claims: JSONValue?, in configuration: Configuration, now: Int64
    ) throws(ExplanationError) {
        let asked = try Asked(url, configuration)
        let table = SiteTable(configuration.sites)
        guard let site = table.site(for: asked.authority) else {
            throw .noSite(asked.authority, hosts: configuration.sites.flatMap { $0.hosts.map(\.description) })
        }
        say("site", site.name)
        say("host", asked.authority)
        explain(asked, method, claims, at: site, configuration, now: now)
    }

    private mutating func explain(
        _ asked: Asked, _ method: String, _ claims: JSONValue?, at site: Site, _ configuration: Configuration,
        now: Int64
    ) {
        if !asked.isSecure, site.hasProvider, !SiteHost.isLoopback(Authority(asked.authority)?.host ?? "") {
            return answer(308, "redirected to the same address with https")
        }
        let target: RequestTarget
        do { target = try RequestTarget(asked.target) } catch {
            return answer(400, "the path does not hold: \(error.rawValue)")
        }
        say("path", target.decodedPath)
        if let page = site.ownPage(target.segments) {
            return say("answer", "a page of Postern's own: \(page.joined(separator: "/"))")
        }
        let place = site.resolver.origin(of: target.segments)
        let app = configuration.origins.first { $0.name == place.name }?.app
        guard let method = ContentMethod(rawValue: method), app != nil || method == .get || method == .head else {
            return answer(405, "\(method) is no method that \(app == nil ? "content has" : "is passed on to an app")")
        }
        let rule = site.settings.rules.rule(for: target.segments, method: method)
        say(
            "rule", site.settings.rules.rules.contains(rule) ? "\(rule.pattern)" : "none matches, and the default holds"
        )
        say("requires", "\(rule.requirement)")
        admit(rule.requirement, claims, at: site, configuration, now: now)
        if let app, status != 403 {
            let path = UpstreamTarget.text(place.segments, isDirectory: target.isDirectory, query: target.query)
            let base = UpstreamConfiguration(app).basePath
            let use = "an app, which gets \(method.rawValue)"
            return lookups.append(Lookup(origin: place.name, name: app.url.origin + base + path, use: use))
        }
        let steps =
            status == 403
            ? site.resolver.refusal(for: target, purpose: .untold).map { [$0] } ?? []
            : site.resolver.steps(for: target)
                + site.resolver.standIns(for: target, isNavigation: true, purpose: .untold)
        look(up: site.encodings.steps(steps, for: [.acceptEncoding: "br, gzip"]), configuration)
    }

    private mutating func say(_ topic: String, _ text: String) { lines.append((topic, text)) }

    private mutating func answer(_ status: Int, _ text: String) {
        self.status = status
        say("answer", "\(status): \(text)")
    }

    // MARK: Who is let in

    private mutating func admit(
        _ requirement: Requirement, _ claims: JSONValue?, at site: Site, _ configuration: Configuration, now: Int64
    ) {
        let visitor = claims.map { identity(by: $0, at: site, configuration) }
        if let visitor {
            let groups = visitor.groups.isEmpty ? "no groups" : "groups \(visitor.groups.joined(separator: ", "))"
            say("who", "\(visitor.account), \(groups)")
        }
        if requirement.admitsStrangers {
            isLetIn = true
            return say("answer", "whoever asks is let in")
        }
        guard requirement.admitsSomebody else {
            isLetIn = false
            return answer(403, "nobody is let in")
        }
        guard let visitor else {
            isLetIn = false
            let providers = site.settings.providers.joined(separator: ", ")
            return say(
                "answer",
                site.hasProvider
                    ? "a stranger's navigation is sent to sign in (\(providers)), anything else of a stranger's gets 401"
                    : "401: the site has no provider, and nobody can sign in")
        }
        verdicts = requirement.parts.map { ($0, $0.verdict(on: visitor, now: now)) }
        switch requirement.verdict(on: visitor, now: now) {
        case .met:
            isLetIn = true
            say("answer", "this account is let in")
        case .stepUp:
            isLetIn = false
            say("answer", "a navigation is sent to sign in again, anything else gets 401")
        case .refused:
            isLetIn = false
            answer(403, "this account is not let in")
        }
    }

    /// Whom the claims name at the provider whose issuer they have, or at the site's first.
    private func identity(by claims: JSONValue, at site: Site, _ configuration: Configuration) -> Visitor {
        let providers = configuration.providers.filter { site.settings.providers.contains($0.name) }
        let issuer = claims["iss"]?.string
        let policy = (providers.first { $0.tokenPolicy.issuer == issuer } ?? providers.first)?.tokenPolicy
        let identity = Identity(unsigned: claims, groupClaims: policy?.groupClaims ?? TokenPolicy.defaultGroupClaims)
        return Visitor(
            SessionIdentity(identity, claimNames: site.claimNames), record: nil, tokenExpiresAt: .max,
            keyGeneration: nil)
    }

    // MARK: What is looked up

    private mutating func look(up steps: [ContentResolver.Step], _ configuration: Configuration) {
        for step in steps {
            guard let origin = configuration.origins.first(where: { $0.name == step.place.origin }), origin.app == nil
            else { continue }
            let use =
                switch step.use {
                case .object: "the answer"
                case .redirect(let location): "if it is there, a redirect to \(location)"
                case .page(let status): "with status \(status)"
                }
            let clients = step.coding.map { ", for clients that take \($0.rawValue)" } ?? ""
            lookups.append(Lookup(origin: origin.name, name: origin.fullName(of: step.key), use: use + clients))
        }
    }

    // MARK: What is printed

    package var text: String {
        var text = ""
        func line(_ topic: String, _ words: String) {
            text += topic + String(repeating: " ", count: max(1, 10 - topic.count)) + words + "\n"
        }
        for (topic, words) in lines {
            if topic == "answer" { for (part, verdict) in verdicts { line("", "\(part): \(verdict.words)") } }
            line(topic, words)
        }
        for (index, lookup) in lookups.enumerated() {
            line(index == 0 ? "looks up" : "", "\(index + 1). \(lookup.name) (origin \(lookup.origin)): \(lookup.use)")
        }
        return text
    }

    package var json: String {
        var json = JSONText()
        json.object { json in
            for (topic, words) in lines { json.member(topic, words) }
            json.key("verdicts")
            json.array { json in
                for (part, verdict) in verdicts {
                    json.object {
                        $0.member("requires", "\(part)")
                        $0.member("verdict", verdict.words)
                    }
                }
            }
            if let isLetIn { json.member("let_in", isLetIn) }
            if let status { json.member("status", status) }
            json.key("looks_up")
            json.array { json in
                for lookup in lookups {
                    json.object {
                        $0.member("origin", lookup.origin)
                        $0.member("name", lookup.name)
                        $0.member("use", lookup.use)
                    }
                }
            }
        }
        return json.text + "\n"
    }
}

/// Why there is nothing to explain.
package enum ExplanationError: Error, CustomStringConvertible {
    case noURL(String)
    case noSite(String, hosts: [String])

    package var description: String {
        switch self {
        case .noURL(let text):
            "'\(text)' is no URL of a site: write it whole, https://docs.example.com/path; "
                + "a path alone will do where there is one site"
        case .noSite(let host, let hosts):
            "no site has the host \(host), and the answer would be 421; the hosts are \(hosts.joined(separator: ", "))"
        }
    }
}

/// A URL in its parts, as a request would bring them.
private struct Asked {
    let isSecure: Bool
    let authority: String
    let target: String

    init(_ url: String, _ configuration: Configuration) throws(ExplanationError) {
        let text = url.prefix { $0 != "#" }
        if text.hasPrefix("/"), configuration.sites.count == 1 {
            isSecure = true
            authority = configuration.sites[0].hosts[0].description
            target = String(text)
            return
        }
        let rest: Substring
        if text.hasPrefix("https://") {
            (isSecure, rest) = (true, text.dropFirst(8))
        } else if text.hasPrefix("http://") {
            (isSecure, rest) = (false, text.dropFirst(7))
        } else {
            throw .noURL(url)
        }
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        guard let parsed = Authority(String(rest[..<end])) else { throw .noURL(url) }
        let hasOwnPort = parsed.port == (isSecure ? 443 : 80)
        authority = hasOwnPort ? parsed.host : parsed.description
        target = rest[end...].hasPrefix("/") ? String(rest[end...]) : "/" + rest[end...]
    }
}

extension Requirement.Verdict {
    var words: String {
        switch self {
        case .met: "met"
        case .stepUp: "met after a new sign-in"
        case .refused: "not met"
        }
    }
}

extension Requirement {
    /// What has to be met, each of them.
    var parts: [Requirement] { if case .all(let parts) = self { parts } else { [self] } }
}

extension OriginSettings {
    /// What an object's key is called where it is.
    fileprivate func fullName(of key: String) -> String {
        switch kind {
        case .s3(let s3): "s3://\(s3.bucket)/\(s3.prefix)\(key)"
        case .directory(let path): path + (path.hasSuffix("/") ? "" : "/") + key
        case .http(let app): app.url.description + "/" + key
        }
    }

    fileprivate var app: AppSettings? { if case .http(let app) = kind { app } else { nil } }
}
