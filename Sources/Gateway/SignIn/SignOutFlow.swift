import Bytes
import Cryptography
import HTTP
import Sessions
import Settings
import Telemetry
import Tokens
import Transport

/// The ends of sessions that somebody asks for: the person, or the provider in the browser or behind it.
extension Worker {
    // MARK: /.auth/logout

    func logout(_ context: RequestContext) -> StageOutcome {
        // A session that cannot be verified now can still be ended.
        let site = context.site!, sessions = openSessions(context) + cloudFrontSessions(context)
        let current = sessions.first { goesOn($0, context) }
        context.exchange.record.subject = current?.identity.subject ?? ""
        guard context.request.method == .post else { return .respond(signOutPage(current, context)) }
        guard isOurForm(context, sessions) else { return .respond(page(.badRequest(), .badRequest, for: context)) }
        clearSessionCookies(context)
        clearBrowserCookie(context)
        var answer = redirect(to: signOutURL(sessions.first, context), status: 303, .signedOut)
        let data = site.settings.session.clearSiteData
        // Whoever shows no session may have been made to post this by another site, in a browser that does not say so.
        if !data.isEmpty, !sessions.isEmpty {
            answer.response.fields.append(
                .clearSiteData, data.map { "\"\($0.rawValue)\"" }.joined(separator: ", "))
        }
        return end(sessions, atProvider: true, context, then: answer)
    }

    /// Ends sessions, then answers: no worker takes their cookies any more, and that is on the disk.
    private func end(
        _ sessions: [SessionRecord], atProvider: Bool, _ context: RequestContext, then answer: Answer
    ) -> StageOutcome {
        guard !sessions.isEmpty else { return .respond(answer) }
        let now = loop.wallSeconds
        let ended = sessions.flatMap {
            [revocation(of: .session($0.id), $0, context)] + cloudFrontRevocation(of: $0, context)
        }
        let grants = sessions.compactMap { record in RenewalRequest(record).map { (record.provider, $0) } }
        let id = park(context)
        context.answerAfterwards = answer
        signIn.assumeIsolated {
            $0.signOut(ended, now: now, for: id)
            if atProvider { for (provider, grant) in grants { $0.giveBack(grant, to: provider) } }
        }
        return .wait
    }

    /// The actor's answer to `signOut`.
    func finishSignOut(_ id: ExchangeID) {
        guard let context = unpark(id), let answer = context.answerAfterwards else { return }
        respond(answer, to: context)
    }

    private func signOutPage(_ current: SessionRecord?, _ context: RequestContext) -> Answer {
        let site = context.site!
        let token = current.map { FormToken(ring: shared.keyRing, site: site.name).make(for: $0.id) }
        var answer = page(
            .signOut(account: current?.identity.account, action: site.authPath("logout"), token: token ?? ""),
            .ownPage, for: context)
        // Browsers hold every redirect after a form to its page's policy, and a provider may have many.
        let next = current.flatMap { signOutRequest($0, context) }.map { " " + $0.endpoint.origin } ?? ""
        answer.response.fields.set(
            .contentSecurityPolicy, context.site.template.policy(formAction: "'self' https:" + next))
        return answer
    }

    /// Where a browser goes that has signed out here: to the provider, where it can be signed out at.
    private func signOutURL(_ record: SessionRecord?, _ context: RequestContext) -> String {
        record.flatMap { signOutRequest($0, context) }?.url ?? context.site.authPath("signed-out")
    }

    private func signOutRequest(_ record: SessionRecord, _ context: RequestContext) -> SignOutRequest? {
        let metadata = providers[record.provider]?.value.metadata
        guard let settings = shared.providers[record.provider]?.settings, let form = settings.signOutForm(metadata)
        else {
            return nil
        }
        let configured = settings.signOutURL.flatMap { ProviderURL($0.description) }
        guard let endpoint = configured ?? metadata.flatMap({ form.endpoint($0) }) else { return nil }
        return SignOutRequest(
            endpoint: endpoint, form: form, clientID: settings.clientID, idTokenHint: SecretText(record.idToken),
            returnURL: context.base.text + context.site.authPath("signed-out"))
    }

    /// Whether a post comes from a page of this site, so that nobody else can sign people out.
    ///
    /// A browser that says where a post comes from is believed. One that says `null` (which a page with `no-referrer`
    /// sends, and a sandboxed frame of anybody's) must show the token of the form. One that says nothing sends the cookie
    /// with its own site's posts alone, for the cookie is `SameSite=Lax`.
    private func isOurForm(_ context: RequestContext, _ sessions: [SessionRecord]) -> Bool {
        let fields = context.request.fields
        if let site = fields[.secFetchSite] { return site == "same-origin" || site == "none" }
        guard let origin = fields[.origin] else { return true }
        if origin != "null" { return origin == context.base.text }
        guard !sessions.isEmpty else { return true }
        guard let token = QueryParameters(context.form)?.only("token") else { return false }
        let tokens = FormToken(ring: shared.keyRing, site: context.site.name)
        return sessions.contains { tokens.holds(token, for: $0.id) }
    }

    // MARK: /.auth/frontchannel-logout

    /// OpenID Connect Front-Channel Logout 1.0: the provider's page has this one in a frame, and the browser's cookie says
    /// which session it is about. Without the cookie, which most browsers keep from frames of other sites, nothing ends:
    /// anybody could ask for that.
    func frontChannelLogout(_ context: RequestContext) -> StageOutcome {
        let query = QueryParameters(context.target.query ?? "")
        guard let query, query.count(of: "iss") <= 1, query.count(of: "sid") <= 1,
            query.count(of: "iss") == query.count(of: "sid")
        else { return refuse("front-channel logout: the parameters do not hold", context) }
        let destination = context.request.fields[.secFetchDest]
        guard destination == nil || ["iframe", "frame", "image", "empty"].contains(destination) else {
            return refuse("front-channel logout: not in a frame", context)
        }
        let sessions = openSessions(context).filter { record in
            guard let issuer = shared.providers[record.provider]?.settings.issuer else { return false }
            guard let named = query.first("iss"), let id = query.first("sid") else {
                // A page that a link leads to is no frame: an old browser does not say which it is.
                return destination != nil && record.providerSessionID == nil
            }
            return named.hasSameBytes(as: issuer) && record.providerSessionID?.hasSameBytes(as: id) == true
        }
        var answer = page(.signedOut(signIn: "/"), sessions.isEmpty ? .ownPage : .signedOut, for: context)
        let frames = siteProviders(context).compactMap { shared.providers[$0]?.settings.issuerURL.origin }
        answer.response.fields.set(
            .contentSecurityPolicy, context.site.template.policy(frameAncestors: frames.joined(separator: " ")))
        if !sessions.isEmpty { clearSessionCookies(context) }
        return end(sessions, atProvider: false, context, then: answer)
    }

    // MARK: /.auth/backchannel-logout

    /// OpenID Connect Back-Channel Logout 1.0, section 2.5 to 2.8.
    func backChannelLogout(_ context: RequestContext) -> StageOutcome {
        let type = context.request.fields[.contentType]?.prefix { $0 != ";" && $0 != " " }.lowercased()
        guard type == "application/x-www-form-urlencoded",
            let text = QueryParameters(context.form)?.only("logout_token")
        else { return refuse("back-channel logout: no form with one logout_token", context) }
        var reason = "issuer"
        // The token's own word for its issuer says whose keys to try: another provider that is down has no part in it.
        let issuer = siteProviders(context).count > 1 ? TokenVerifier.claimedIssuer(of: text) : nil
        for name in siteProviders(context) {
            guard let provider = shared.providers[name],
                issuer.map(provider.settings.tokenPolicy.mayBeIssuer) ?? true
            else { continue }
            guard let snapshot = providers[name]?.value, let keys = snapshot.keys else {
                return .respond(unavailable(context, retry: "/"))
            }
            do {
                let token = try TokenVerifier.verifyLogoutToken(
                    text, keys: keys, policy: snapshot.tokenPolicy, now: loop.wallSeconds)
                return end(by: token, provider.settings, context)
            } catch {
                reason = error.code
                guard case .unknownKey = error, !context.keysWereRefreshed,
                    snapshot.strangers.isOpen(now: Provider.milliseconds(loop.now))
                else { continue }
                return waitForKeys(of: name, .stranger, context)
            }
        }
        return refuse("back-channel logout: " + reason, context)
    }

    private func end(by token: LogoutToken, _ provider: ProviderSettings, _ context: RequestContext) -> StageOutcome {
        let now = loop.wallSeconds
        let longest = shared.configuration.sites.map(\.session.lifetime.seconds).max() ?? 0
        let until = now + longest + SessionPolicy.clockSkew
        let ended = Revocable.ended(by: token, client: provider.clientID).map {
            Revocation($0, before: now, until: until)
        }
        let id = park(context)
        context.exchange.record.subject = token.subject ?? ""
        context.answerAfterwards = Answer(ownResponse(200), .empty, .signedOut)
        signIn.assumeIsolated { $0.signOut(ended, by: token, now: now, for: id) }
        return .wait
    }

    /// The actor's answer where a logout token has been here before.
    func refuseRepeatedLogout(_ id: ExchangeID) {
        guard let context = unpark(id) else { return }
        if case .respond(let answer) = refuse("back-channel logout: a repeated jti", context) {
            respond(answer, to: context)
        }
    }

    private func refuse(_ reason: String, _ context: RequestContext) -> StageOutcome {
        let answer = json(status: 400, .badRequest) {
            $0.member("error", "invalid_request")
            $0.member("error_description", reason)
            $0.member("outcome", Outcome.badRequest.rawValue)
            $0.member("reference", reference(for: context))
        }
        note("a sign-out by the provider was refused", reason, context)
        return .respond(answer)
    }

    private func siteProviders(_ context: RequestContext) -> [String] {
        context.site.settings.providers
    }
}

extension Revocable {
    /// What a logout token ends: the session of its `sid`; without one, all of its `sub`. A session that the provider gave
    /// no `sid` can only be found by its `sub`.
    fileprivate static func ended(by token: LogoutToken, client: String) -> [Revocable] {
        let issuer = token.issuer
        var ended: [Revocable] = []
        if let id = token.sessionID { ended.append(.providerSession(issuer: issuer, client: client, id: id)) }
        if let subject = token.subject {
            ended.append(
                token.sessionID == nil
                    ? .account(issuer: issuer, client: client, subject: subject)
                    : .accountWithoutSession(issuer: issuer, client: client, subject: subject))
        }
        return ended
    }
}
