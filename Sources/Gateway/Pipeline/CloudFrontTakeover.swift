import Cryptography
import HTTP
import Sessions
import Settings
import Tokens
import Transport

/// Who was signed in by the cloudfront-authorization-at-edge sample stays so, and applications that read its cookies go
/// on to find them.
extension Worker {
    // MARK: Taking over

    /// Whoever comes with the sample's cookies, and has had no session here: verified as at a sign-in, but for the nonce.
    /// What cannot be verified is nobody's.
    func identifyByCloudFrontCookies(_ context: RequestContext) -> Identification {
        var answer = Identification.nobody
        for name in context.site.settings.providers {
            switch cloudFrontRecord(of: name, context) {
            case .none: continue
            case .noKeys: answer = .noKeys
            case .unknownKey: answer = .unknownKey(.stranger, provider: name)
            case .record(let record, let generation): return takeOver(record, keyGeneration: generation, context)
            }
        }
        return answer
    }

    private func takeOver(
        _ record: SessionRecord, keyGeneration: UInt64, _ context: RequestContext
    ) -> Identification {
        let now = loop.wallSeconds, settings = context.site.settings.cloudFront
        let isOver = now >= record.tokenExpiresAt
        let visitor = Visitor(
            record.identity, record: record, tokenExpiresAt: record.tokenExpiresAt,
            keyGeneration: isOver ? nil : keyGeneration)
        guard !isEnded(visitor, now: now), !isSignedOut(record) else { return .nobody }
        switch context.site.sessionPolicy.judge(record, now: now) {
        case .valid, .expired(.token): break
        case .expired: return .nobody
        }
        if isOver || (now >= visitor.renewalDueAt && !context.waitsForNoRenewal), context.renewal == nil,
            visitor.endings?.isGrantRefused != true,
            let request = RenewalRequest(record)
        {
            return .renewalDue(SessionRenewal(request: request, record: record, visitor: visitor, isOver: isOver))
        }
        guard isOver else { return .visitor(renewed(visitor, record, context)) }
        let isThere = context.site.ownPage(context.target.segments) == ["refresh"]
        context.refreshesElsewhere = settings.mode == .static && record.refreshToken == nil && !isThere
        return .nobody
    }

    private enum Presented {
        case none
        case noKeys
        case unknownKey
        /// An ID token that holds, or held in its last second; and the generation of the keys that say so.
        case record(SessionRecord, UInt64)
    }

    private func cloudFrontRecord(of name: String, _ context: RequestContext) -> Presented {
        guard let tokens = cloudFrontCookies(of: name, context)?.tokens(in: context.request.fields),
            let snapshot = providers[name]?.value
        else { return .none }
        guard let keys = snapshot.keys else { return .noKeys }
        do {
            let identity = try TokenVerifier.verifyPastIDToken(
                tokens.idToken, keys: keys, policy: snapshot.tokenPolicy, now: loop.wallSeconds)
            // Whatever the preset: an access token of Cognito's is none.
            if let use = identity.claims["token_use"], use != .string("id") { return .none }
            return .record(record(of: identity, tokens, provider: name, context), keys.generation)
        } catch {
            guard case .unknownKey = error, !context.keysWereRefreshed,
                snapshot.strangers.isOpen(now: Provider.milliseconds(loop.now))
            else { return .none }
            return .unknownKey
        }
    }

    /// The session that the cookies stand for. It began when the person signed in, so that it lives no longer for being
    /// taken over; and is the same one however often and wherever they are shown, also with the tokens that came later
    /// for the same sign-in.
    private func record(
        of identity: Identity, _ tokens: CloudFrontCookies.Tokens, provider: String, _ context: RequestContext
    ) -> SessionRecord {
        let now = loop.wallSeconds, issuedAt = identity.issuedAt ?? now
        let begunAt = identity.claims["auth_time"]?.seconds ?? issuedAt
        let parts = [
            context.site.name, provider, identity.issuer, identity.subject, "\(begunAt)",
            identity.claims["origin_jti"]?.string ?? "",
        ]
        let name = parts.map { "\($0.utf8.count):\($0)" }.joined()
        let digest = SHA256.digest(Array(("postern session of cookies " + name).utf8)).bytes
        return SessionRecord(
            id: SessionID(Array(digest.prefix(SessionID.byteCount)))!, site: context.site.name, provider: provider,
            idToken: tokens.idToken, refreshToken: tokens.refreshToken, providerSessionID: identity.sid,
            identity: SessionIdentity(identity, claimNames: context.site.claimNames), createdAt: begunAt,
            lastSeenAt: now, tokenExpiresAt: identity.expiresAt, grantObtainedAt: issuedAt)
    }

    // MARK: Sign-out

    /// The sessions that the sample's cookies in a request stand for, whether they go on or not: what a sign-out ends.
    func cloudFrontSessions(_ context: RequestContext) -> [SessionRecord] {
        context.site.settings.providers.compactMap {
            guard case .record(let record, _) = cloudFrontRecord(of: $0, context) else { return nil }
            return record
        }
    }

    /// What a sign-out ends besides: all copies of the sample's cookies of that account, by whatever token of it.
    func cloudFrontRevocation(of record: SessionRecord, _ context: RequestContext) -> [Revocation] {
        guard context.site.acceptsCloudFrontCookies, let what = foreignCookies(record) else { return [] }
        // The provider's clock may be ahead.
        let now = loop.wallSeconds + (providers[record.provider]?.value.tokenPolicy.clockSkew ?? 0)
        return [Revocation(what, before: now, until: now + context.site.sessionPolicy.lifetime)]
    }

    private func isSignedOut(_ record: SessionRecord) -> Bool {
        foreignCookies(record).map { revocations.ends($0.key, since: record.createdAt) } ?? true
    }

    private func foreignCookies(_ record: SessionRecord) -> Revocable? {
        shared.providers[record.provider].map {
            .foreignCookies(
                issuer: $0.settings.issuer, client: $0.settings.clientID, subject: record.identity.subject)
        }
    }

    // MARK: /refreshauth

    /// Where the sample's refresh token is sent to: takes the session over, and leads back to the page.
    func refresh(_ context: RequestContext) -> StageOutcome {
        let query = context.target.query.flatMap { QueryParameters($0) }
        let target = query?.first("requestedUri").map { context.site.returnTarget($0) } ?? "/"
        switch establishSession(context) {
        case .next: break
        case let other: return other
        }
        guard context.visitor == nil else { return .respond(redirect(to: target, .redirected)) }
        return askForSignIn(context, returningTo: target)
    }

    // MARK: Cookies

    private func cloudFrontCookies(of provider: String, _ context: RequestContext) -> CloudFrontCookies? {
        let settings = context.site.settings.cloudFront
        guard settings.cookies != .off, let provider = shared.providers[provider] else { return nil }
        return CloudFrontCookies(
            mode: settings.mode, clientID: provider.settings.clientID, refreshPath: settings.refreshPath ?? "/",
            isSecure: context.base.isSecure)
    }

    func clearCloudFrontCookies(_ context: RequestContext) {
        for name in context.site.settings.providers {
            guard let cookies = cloudFrontCookies(of: name, context) else { continue }
            for cookie in cookies.removals(for: context.request.fields) { set(cookie, context) }
        }
    }

    /// Sets the sample's cookies for a session whose tokens are new, where the site's applications want them.
    func issueCloudFrontCookies(_ record: SessionRecord, accessToken: SecretText?, _ context: RequestContext) {
        guard context.site.settings.cloudFront.cookies == .issue,
            let cookies = cloudFrontCookies(of: record.provider, context),
            let claims = try? JWS.parse(record.idToken, algorithms: JWSAlgorithm.allCases).claims()
        else { return }
        let grant = CloudFrontCookies.Grant(
            userName: claims["cognito:username"]?.string ?? record.identity.subject, subject: record.identity.subject,
            email: record.identity.email, idToken: record.idToken, accessToken: accessToken,
            refreshToken: record.refreshToken,
            scopes: shared.providers[record.provider]?.settings.requestedScopes ?? [])
        guard let made = cookies.cookies(for: grant) else {
            return note("tokens do not fit into the sample's cookies, which were not set", "too_large", context)
        }
        for cookie in made { set(cookie, context) }
    }

    /// Once, however many providers of the site share the name.
    private func set(_ cookie: SetCookie, _ context: RequestContext) {
        let text = cookie.description
        if !context.cookiesToSet.contains(text) { context.cookiesToSet.append(text) }
    }
}
