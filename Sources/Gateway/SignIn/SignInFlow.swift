import Bytes
import Cryptography
import HTTP
import Sessions
import Settings
import Telemetry
import Tokens
import Transport

/// The quick half of a sign-in: to the provider, and what can be checked of the callback without asking it.
extension Worker {
    /// 302 to the provider. What the callback will need is sealed into `state`; PKCE's verifier and the nonce
    /// are derived from it, so that nothing has to be kept.
    ///
    /// - Parameters:
    ///   - provider: one of the site's; nil for the one that there is. Of several somebody has to choose first.
    ///   - target: a path on this site, or anything, which then counts as `/`.
    func startSignIn(
        _ context: RequestContext, at provider: String? = nil, returningTo target: String, selectAccount: Bool
    ) -> StageOutcome {
        let site = context.site!
        if provider == nil, site.settings.providers.count > 1 {
            let choice = site.loginURL(returningTo: target, switchingAccount: selectAccount)
            return .respond(redirect(to: choice, .signInStarted))
        }
        guard let name = provider ?? site.settings.providers.first, let provider = shared.providers[name],
            let metadata = providers[name]?.value.metadata
        else {
            return .respond(unavailable(context, retry: site.loginURL(returningTo: target)))
        }
        let target = site.returnTarget(target)
        let (flow, state) = loginState(site).start(
            provider: name, returnTarget: target, replacing: openSessions(context).map(\.id),
            binding: browserBinding(context), now: loop.wallSeconds)
        let request = AuthorizationRequest(
            endpoint: metadata.authorizationEndpoint, clientID: provider.settings.clientID,
            redirectURI: redirectURI(context, provider.settings), scopes: provider.settings.requestedScopes,
            state: state,
            nonce: flow.nonce,
            codeChallenge: PKCE.challenge(flow.codeVerifier.reveal()),
            parameters: Self.parameters(
                provider.settings, selectAccount: selectAccount, site.demand(for: target), metadata))
        count(.started, at: name)
        guard provider.settings.pushesAuthorization(metadata) else {
            return .respond(redirect(to: request.url, .signInStarted))
        }
        let id = park(context)
        signIn.assumeIsolated {
            $0.push(request, to: name, retry: site.loginURL(returningTo: target), for: id)
        }
        return .wait
    }

    /// The actor's answer to `push`.
    func finishPush(_ id: ExchangeID, _ url: String?, retry: String) {
        guard let context = unpark(id) else { return }
        respond(
            url.map { redirect(to: $0, .signInStarted) } ?? unavailable(context, retry: retry), to: context)
    }

    /// OpenID Connect Core section 3.1.2.1. `acr_values` is a wish; where a provider reads `claims` (section 5.5.1.1) it
    /// is told that nothing else will do.
    private static func parameters(
        _ provider: ProviderSettings, selectAccount: Bool, _ demand: AuthenticationDemand, _ metadata: ProviderMetadata
    ) -> [(name: String, value: String)] {
        var parameters: [(name: String, value: String)] = []
        if selectAccount { parameters.append(("prompt", "select_account")) }
        if !demand.acrValues.isEmpty {
            parameters.append(("acr_values", demand.acrValues.joined(separator: " ")))
            if metadata.supportsClaimsParameter {
                var claims = JSONText()
                claims.object {
                    $0.key("id_token")
                    $0.object {
                        $0.key("acr")
                        $0.object {
                            $0.member("essential", true)
                            $0.member("values", demand.acrValues)
                        }
                    }
                }
                parameters.append(("claims", claims.text))
            }
        }
        if let age = demand.maxAge { parameters.append(("max_age", "\(age.seconds)")) }
        // What this sign-in is for goes before what the config has for all.
        let configured = provider.requestParameters.filter { one in !parameters.contains { $0.name == one.name } }
        return configured.map { (name: $0.name, value: $0.value) } + parameters
    }

    private func redirectURI(_ context: RequestContext, _ provider: ProviderSettings) -> String {
        context.base.text + context.site.callbackPath(provider)
    }

    private func loginState(_ site: Site) -> LoginState {
        LoginState(
            ring: shared.keyRing, site: site.name, lifetime: shared.configuration.limits.loginStateLifetime.seconds)
    }

    /// The value of the cookie that ties sign-ins to this browser; a new one where it has none.
    private func browserBinding(_ context: RequestContext) -> String {
        if let cookie = browserCookie(context) { return cookie.binding }
        let cookie = BrowserCookie(binding: BrowserBinding.make())
        set(cookie, context)
        return cookie.binding
    }

    func browserCookie(_ context: RequestContext) -> BrowserCookie? {
        let values = Cookies.values(named: browserCookieName(context), in: context.request.fields)
        return values.count == 1 ? BrowserCookie(values[0]) : nil
    }

    func set(_ cookie: BrowserCookie, _ context: RequestContext) {
        set(browserCookieName(context), cookie.text, maxAge: Self.browserCookieLifetime, context)
    }

    /// Nothing of the browser's is left here.
    func clearBrowserCookie(_ context: RequestContext) {
        let name = browserCookieName(context)
        if !Cookies.values(named: name, in: context.request.fields).isEmpty { set(name, "", maxAge: 0, context) }
    }

    private func browserCookieName(_ context: RequestContext) -> String {
        context.site.cookieNames(isSecure: context.base.isSecure).browser
    }

    /// 400 days: the longest that browsers keep a cookie (RFC 6265bis, section 5.5).
    private static let browserCookieLifetime = 400 * 86_400

    // MARK: /.auth/callback

    /// - Parameter name: the provider whose own redirect URI this is; nil for that of the others.
    func callback(_ context: RequestContext, of name: String?) -> StageOutcome {
        let site = context.site!, start = site.loginURL(returningTo: "/"), browser = browserCookie(context)
        let parameters: CallbackParameters
        do { parameters = try CallbackParameters.parse(context.target.query) } catch {
            return failed(
                context, .callbackIncomplete,
                "callback: \(error)", retry: start)
        }
        let flow: LoginFlow
        switch loginState(site).open(parameters.state, binding: browser?.binding, now: loop.wallSeconds) {
        case .flow(let opened):
            flow = opened
            context.login = flow
        case .expired(let expired):
            let retry = site.loginURL(returningTo: expired.returnTarget)
            // It does not go on by itself: where two machines' clocks differ, that would never end.
            return goOn(context, to: expired.returnTarget) {
                failed(context, .callbackExpired, "the state has expired", retry: retry)
            }
        case .otherBrowser(let returnTarget):
            let retry = site.loginURL(returningTo: returnTarget)
            return goOn(context, to: returnTarget) {
                guard let browser else { return cookiesMissing(context, retry: retry) }
                set(browser.counted(now: loop.wallSeconds), context)
                return failed(
                    context, .callbackOtherBrowser, "another browser's state", retry: retry,
                    continues: !browser.isGoingInCircles(now: loop.wallSeconds))
            }
        case .invalid:
            return failed(context, .callbackUnknown, "the state is not ours", retry: start)
        }

        let retry = site.loginURL(returningTo: flow.returnTarget)
        guard site.settings.providers.contains(flow.provider), let provider = shared.providers[flow.provider] else {
            return failed(
                context, .callbackUnknown, "the state names another provider", retry: start)
        }
        // A provider's answer must come to where it was asked to come (RFC 9700 section 4.4.2).
        guard name == (provider.settings.ownCallback ? flow.provider : nil) else {
            return failed(
                context, .callbackIssuer,
                "callback: another provider's redirect URI", retry: retry)
        }
        do {
            try parameters.checkIssuer(
                provider.settings.issuer,
                isAnnounced: providers[flow.provider]?.value.metadata?.sendsIssuerInResponse ?? false)
        } catch {
            return failed(
                context, .callbackIssuer, "callback: \(error)",
                retry: retry)
        }
        switch parameters.answer {
        case .error(let code, _):
            return denied(context, code, retry: retry)
        case .code(let code):
            let id = park(context), now = loop.wallSeconds, redirectURI = redirectURI(context, provider.settings)
            signIn.assumeIsolated { $0.complete(flow, code: code, redirectURI: redirectURI, for: id, now: now) }
            return .wait
        }
    }

    /// The actor's answer to `complete`.
    func finishSignIn(_ id: ExchangeID, _ result: SignInResult) {
        guard let context = unpark(id), let flow = context.login else { return }
        let retry = context.site.loginURL(returningTo: flow.returnTarget)
        let outcome: StageOutcome
        switch result {
        case .signedIn(let identity, let idToken, let refreshToken, let accessToken):
            let answer = openSession(
                context, flow, identity, idToken: idToken, refreshToken: refreshToken, accessToken: accessToken)
            count(answer.outcome == .signedIn ? .completed : .failed, at: flow.provider)
            outcome = .respond(answer)
        case .alreadyUsed:
            outcome = goOn(context, to: flow.returnTarget) {
                failed(context, .callbackUsed, "a repeated callback", retry: retry)
            }
        case .refused(let code):
            outcome = goOn(context, to: flow.returnTarget) {
                failed(
                    context, .callbackRefused,
                    "the token endpoint answered \(code)", retry: retry)
            }
        case .unavailable(let reason):
            let answer = unavailable(context, retry: retry)
            note("a sign-in could not be completed", reason, context)
            count(.failed, at: flow.provider)
            outcome = .respond(answer)
        case .tooLarge:
            count(.failed, at: flow.provider)
            outcome = .respond(page(.sessionTooLarge(retry: retry), .sessionTooLarge, for: context))
        case .invalid(let reason):
            outcome = failed(context, .callbackInvalid, reason, retry: retry)
        }
        if case .respond(let answer) = outcome { respond(answer, to: context) }
    }

    private func openSession(
        _ context: RequestContext, _ flow: LoginFlow, _ identity: Identity, idToken: SecretText,
        refreshToken: SecretText?, accessToken: SecretText?
    ) -> Answer {
        let site = context.site!, present = openSessions(context)
        let target = site.returnTarget(flow.returnTarget)
        context.exchange.record.subject = identity.subject
        if identity.leavesOutGroups {
            note("an ID token leaves out the groups, for there are too many", flow.provider, context)
        }
        // Another tab has signed the same account in since this sign-in began: its session is the browser's.
        let isHere = present.contains { other in
            !flow.replaced.contains(other.id) && other.provider == flow.provider
                && other.identity.subject.hasSameBytes(as: identity.subject) && goesOn(other, context)
        }
        if isHere, site.demand(for: target).isEmpty { return redirect(to: target, .signedIn) }

        func begun(at time: Int64) -> SessionRecord {
            SessionRecord(
                site: site.name, provider: flow.provider, idToken: idToken.reveal(), refreshToken: refreshToken,
                providerSessionID: identity.sid, identity: SessionIdentity(identity, claimNames: site.claimNames),
                createdAt: time, tokenExpiresAt: identity.expiresAt)
        }
        let now = loop.wallSeconds
        var record = begun(at: now)
        // Who was signed out everywhere in this very second has signed in since.
        if isEnded(Visitor(record), now: now) { record = begun(at: max(now, revocations.latest(in: .sweeps)) + 1) }
        guard setSessionCookies(record, context) else {
            return page(.sessionTooLarge(retry: site.loginURL(returningTo: "/")), .sessionTooLarge, for: context)
        }
        issueCloudFrontCookies(record, accessToken: accessToken, context)
        if let browser = browserCookie(context) { set(browser.counted(now: loop.wallSeconds), context) }
        // The browser has a new session: copies of those before it open nothing any more.
        end(present.map { revocation(of: .session($0.id), $0, context) })
        // A provider that was asked for more, and has not done it, would not do it the next time either.
        if site.rule(for: target)?.requirement.verdict(on: Visitor(record), now: now) == .stepUp {
            return stepUpFailed(context, record, to: target)
        }
        return redirect(to: target, .signedIn)
    }

    // MARK: Endings

    private func stepUpFailed(_ context: RequestContext, _ record: SessionRecord, to target: String) -> Answer {
        let site = context.site!, demand = site.demand(for: target)
        let answer = page(
            .stepUpFailed(
                account: record.identity.account, retry: site.loginURL(returningTo: target),
                switchAccount: site.loginURL(returningTo: target, switchingAccount: true)),
            .stepUpFailed, for: context)
        let claims = record.identity.claims
        func value(_ name: String) -> String { claims.first { $0.name == name }?.values.first ?? "none" }
        var reasons: [String] = []
        if !demand.acrValues.isEmpty {
            reasons.append("acr is \(value("acr")), not \(demand.acrValues.joined(separator: " or "))")
        }
        if let age = demand.maxAge { reasons.append("auth_time is \(value("auth_time")), max_age \(age.seconds)") }
        note("a sign-in was not what the rule demands", reasons.joined(separator: "; "), context)
        return answer
    }

    /// A callback that cannot be used, in a browser that has a session all the same (another tab was faster, the
    /// page was reloaded): on to the page. Without a session, what `otherwise` says.
    private func goOn(_ context: RequestContext, to target: String, _ otherwise: () -> StageOutcome) -> StageOutcome {
        guard let visitor = identify(context).visitor else { return otherwise() }
        context.exchange.record.subject = visitor.identity.subject
        return .respond(redirect(to: context.site.returnTarget(target), .signedIn))
    }

    private func failed(
        _ context: RequestContext, _ explanation: PageText, _ reason: String, retry: String, continues: Bool = false
    ) -> StageOutcome {
        failed(context, .signInFailed(.text(explanation), retry: retry, continues: continues), reason)
    }

    private func failed(_ context: RequestContext, _ page: Page, _ reason: String) -> StageOutcome {
        let answer = self.page(page, .signInFailed, for: context)
        note("a sign-in failed", reason, context)
        count(.failed, at: context.login?.provider)
        return .respond(answer)
    }

    private func cookiesMissing(_ context: RequestContext, retry: String) -> StageOutcome {
        failed(context, .cookiesMissing(retry: retry), "no browser cookie")
    }

    private func denied(_ context: RequestContext, _ code: String, retry: String) -> StageOutcome {
        let explanation: Page.Phrase =
            code == "access_denied" ? .text(.signInDenied) : .text(.signInError, ["code": code])
        let answer = page(.signInFailed(status: 403, explanation, retry: retry), .signInDenied, for: context)
        note("the provider ended a sign-in", code, context)
        count(.denied, at: context.login?.provider)
        return .respond(answer)
    }

    func unavailable(_ context: RequestContext, retry: String) -> Answer {
        var answer = page(.providerUnavailable(retry: retry), .providerFailed, for: context)
        answer.response.fields.append(.retryAfter, "10")
        return answer
    }
}
