import HTTP
import Sessions
import Settings
import Telemetry
import Tokens
import Transport

/// Who is it? The bearer token or the session cookie, verified against the provider's current keys.
extension Worker {
    /// What a request's credentials turned out to be.
    enum Identification {
        case visitor(Visitor)
        /// Somebody whose tokens are to be renewed first, or whose session is over if they are not.
        case renewalDue(SessionRenewal)
        /// No credentials, or a session's that is not ours, over, revoked, or signed by a key that was withdrawn.
        case nobody
        case badToken
        /// A token that holds, without the scopes that it takes.
        case insufficientScope([String])
        /// Signed with a key that is not in the provider's set: worth one more look.
        case unknownKey(KeyDoubt, provider: String)
        /// The provider's keys have not been loaded yet, so nothing can be verified.
        case noKeys

        /// Who it is as things stand.
        var visitor: Visitor? {
            switch self {
            case .visitor(let visitor): visitor
            case .renewalDue(let renewal) where !renewal.isOver: renewal.visitor
            default: nil
            }
        }
    }

    func establishSession(_ context: RequestContext) -> StageOutcome {
        if context.visitor != nil { return .next }
        switch identify(context) {
        case .visitor(let visitor):
            context.visitor = visitor
            context.exchange.record.subject = visitor.identity.subject
            return .next
        case .renewalDue(let renewal): return waitForRenewal(renewal, context)
        case .nobody:
            if !context.keepsSessionCookies, !context.refreshesElsewhere { clearSessionCookies(context) }
            return .next
        case .badToken: return .respond(invalidToken(context))
        case .insufficientScope(let scopes): return .respond(insufficientScope(scopes, context))
        case .unknownKey(let doubt, let provider): return waitForKeys(of: provider, doubt, context)
        case .noKeys: return .respond(unavailable(context, retry: context.target.escaped))
        }
    }

    /// Who it is, where that can be told at once and says nothing of whether the request is served: whoever cannot be
    /// told from a stranger is one.
    func recognize(_ context: RequestContext) {
        context.waitsForNoRenewal = true
        guard let visitor = identify(context).visitor else { return }
        context.visitor = visitor
        context.exchange.record.subject = visitor.identity.subject
    }

    /// Answers nothing, and waits for nothing.
    func identify(_ context: RequestContext) -> Identification {
        guard context.site.hasProvider else { return .nobody }
        if let key = bearerMemo.key(context.request.fields, site: context.site.index), let known = knownBearer(key) {
            return known
        }
        if let token = bearerToken(context) { return check(bearer: token, context) }
        if let key = cookieMemo.key(context.request.fields, site: context.site.index), let known = sessions[key] {
            let found = check(known, key, isNew: false, isNewestKey: true, context)
            if case .visitor = found { return found }
        }
        let cookies = sessionCookies(context)
        let presented = presentedSessions(cookies, context)
        for text in presented {
            let found = check(session: text, cookies, context)
            if case .nobody = found { continue }
            return found
        }
        // Who had a session here does not go on by what was there before it.
        guard context.site.acceptsCloudFrontCookies, !presented.contains(where: { cookies.open($0) != nil }) else {
            return .nobody
        }
        return identifyByCloudFrontCookies(context)
    }

    /// The sessions in the request's cookies, whether they hold or not: what a sign-out ends. One that is over here
    /// may be alive in a copy of the cookie that was used since.
    func openSessions(_ context: RequestContext) -> [SessionRecord] {
        let cookies = sessionCookies(context)
        return presentedSessions(cookies, context).compactMap { cookies.open($0)?.record }
    }

    /// Whether the session goes on, as far as can be told without its token.
    func goesOn(_ record: SessionRecord, _ context: RequestContext) -> Bool {
        guard case .valid = context.site.sessionPolicy.judge(record, now: loop.wallSeconds) else { return false }
        return !isEnded(Visitor(record), now: loop.wallSeconds)
    }

    private func presentedSessions(_ cookies: SessionCookies, _ context: RequestContext) -> [String] {
        switch cookies.present({ Cookies.values(named: $0, in: context.request.fields) }) {
        case .nothing, .ambiguous: []
        case .sealed(let texts): cookies.newestFirst(texts)
        }
    }

    // MARK: Sessions

    private func check(session text: String, _ cookies: SessionCookies, _ context: RequestContext) -> Identification {
        let site = context.site!
        let key = CredentialKey(site: site.index, credential: text)
        let found: Identification
        if let known = sessions[key] {
            found = check(known, key, isNew: false, isNewestKey: true, context)
        } else {
            guard let opened = cookies.open(text), site.settings.providers.contains(opened.record.provider) else {
                return .nobody
            }
            found = check(Visitor(opened.record), key, isNew: true, isNewestKey: opened.isNewestKey, context)
        }
        if case .visitor = found {
            cookieMemo.remember(key, for: context.request.fields)
            // It has come to a session: no circle.
            if let browser = browserCookie(context), browser.count > 0 { set(browser.settled, context) }
        }
        return found
    }

    /// Whether the session still holds.
    /// - Parameters:
    ///   - isNew: it has just been opened, and nothing of it is verified.
    ///   - isNewestKey: false where it is time to seal it with another key.
    private func check(
        _ known: Visitor, _ key: CredentialKey, isNew: Bool, isNewestKey: Bool, _ context: RequestContext
    ) -> Identification {
        let site = context.site!, now = loop.wallSeconds
        var visitor = known
        guard let record = visitor.record, !isEnded(visitor, now: now) else {
            // Where the provider refused to renew it, another instance may have done so: its cookie is not taken away.
            if visitor.endings?.isGrantRefused == true { context.keepsSessionCookies = true }
            return .nobody
        }
        let isRenewalDue: Bool
        // Over with its token, unless that is renewed.
        var isOver = false
        switch site.sessionPolicy.judge(record, now: now) {
        case .valid(let isDue): isRenewalDue = isDue
        case .expired(.token) where record.refreshToken != nil && context.renewal == nil:
            isRenewalDue = false
            isOver = true
        case .expired:
            sessions.remove(key)
            return .nobody
        }
        let snapshot = providers[record.provider]
        if now < record.tokenExpiresAt {
            guard let snapshot, let keys = snapshot.value.keys else { return .noKeys }
            if visitor.keyGeneration != keys.generation {
                do {
                    let identity = try TokenVerifier.verifyIDToken(
                        record.idToken, keys: keys, policy: snapshot.value.tokenPolicy, nonce: nil, now: now)
                    count(.verified, at: record.provider)
                    var known = record.identity(
                        by: identity, claimNames: site.claimNames, isRenewed: record.isRenewed)
                    // What userinfo said in the sign-in stands in no token.
                    let usesUserInfo = shared.providers[record.provider]?.settings.usesUserInfo ?? false
                    if usesUserInfo { known.fill(from: record.identity) }
                    visitor = Visitor(
                        known, record: record,
                        tokenExpiresAt: identity.expiresAt, keyGeneration: keys.generation)
                    sessions.insert(visitor, for: key)
                } catch {
                    count(.refused, at: record.provider)
                    sessions.remove(key)
                    return refused(record, error, snapshot.value, context)
                }
            }
        } else if visitor.keyGeneration != nil || isNew {
            // The token is over. Was its key still the provider's when its time came?
            if snapshot?.value.withdrawnKeys.ended(record.idToken, expiry: record.tokenExpiresAt) == true {
                sessions.remove(key)
                return .nobody
            }
            visitor = Visitor(record)
            sessions.insert(visitor, for: key)
        }
        if isOver || (now >= visitor.renewalDueAt && !context.waitsForNoRenewal), context.renewal == nil,
            visitor.endings?.isGrantRefused != true,
            let request = RenewalRequest(record)
        {
            return .renewalDue(SessionRenewal(request: request, record: record, visitor: visitor, isOver: isOver))
        }
        if isRenewalDue || !isNewestKey { visitor = renewed(visitor, record, context) }
        return .visitor(visitor)
    }

    /// A session's token that is not over and does not hold.
    private func refused(
        _ record: SessionRecord, _ error: TokenError, _ snapshot: ProviderSnapshot, _ context: RequestContext
    ) -> Identification {
        // Whoever sealed the session, here or in another instance, had seen the key: was that after we last looked?
        if case .unknownKey = error, snapshot.keysSeenAt <= record.lastSeenAt {
            guard context.keysWereRefreshed else { return .unknownKey(.session, provider: record.provider) }
            return snapshot.isUpToDate ? .nobody : .noKeys
        }
        // It must not come back to life when the token's time is over.
        if !snapshot.withdrawnKeys.ended(record.idToken, expiry: record.tokenExpiresAt) { end(record, context) }
        return .nobody
    }

    /// Sets the cookie again with the time of this use in it.
    func renewed(_ visitor: Visitor, _ record: SessionRecord, _ context: RequestContext) -> Visitor {
        var record = record
        record.lastSeenAt = loop.wallSeconds
        guard setSessionCookies(record, context) else { return visitor }
        return Visitor(
            visitor.identity, record: record, tokenExpiresAt: visitor.tokenExpiresAt,
            keyGeneration: visitor.keyGeneration)
    }

    /// Ends a session in every copy, here at once and elsewhere in a moment.
    func end(_ record: SessionRecord, _ context: RequestContext) {
        end([revocation(of: .session(record.id), record, context)])
    }

    func end(_ new: [Revocation]) {
        thread.revoke(new)
        let now = loop.wallSeconds
        signIn.assumeIsolated { $0.revoke(new, now: now) }
    }

    /// An entry about a session, or a part of it.
    func revocation(of what: Revocable, _ record: SessionRecord, _ context: RequestContext) -> Revocation {
        let until = context.site.sessionPolicy.lastPossibleEnd(of: record)
        return Revocation(what, before: record.createdAt, until: until)
    }

    /// Whether the visitor's session was ended before its time: looked up once for each change of the list.
    func isEnded(_ visitor: Visitor, now: Int64) -> Bool {
        guard let record = visitor.record else { return false }
        if visitor.endings?.version != revocationsVersion {
            let isListed = { [revocations] (what: Revocable) in revocations.ends(what.key, since: record.createdAt) }
            visitor.endings = Visitor.Endings(
                version: revocationsVersion,
                isOver: (waysToEnd(record) + sweeps(visitor, record)).contains(where: isListed),
                isGrantRefused: record.grant.map { isListed(.grant($0)) } ?? false)
        }
        guard let endings = visitor.endings else { return false }
        return endings.isOver || endings.isGrantRefused && now >= record.tokenExpiresAt
    }

    /// Under which names a session may have been ended.
    private func waysToEnd(_ record: SessionRecord) -> [Revocable] {
        var ways: [Revocable] = [.session(record.id)]
        guard let settings = shared.providers[record.provider]?.settings else { return ways }
        let issuer = settings.issuer, client = settings.clientID
        let subject = record.identity.subject
        ways.append(.account(issuer: issuer, client: client, subject: subject))
        ways.append(
            record.providerSessionID.map { .providerSession(issuer: issuer, client: client, id: $0) }
                ?? .accountWithoutSession(issuer: issuer, client: client, subject: subject))
        return ways
    }

    /// What an operator may have ended that a session is part of. Most of the time nobody has ended anything.
    private func sweeps(_ visitor: Visitor, _ record: SessionRecord) -> [Revocable] {
        guard !revocations.isEmpty(.sweeps) else { return [] }
        let names = [visitor.identity.subject, visitor.identity.email].compactMap { $0 }
        return [.site(record.site)] + names.map { .user($0) } + visitor.groups.map { .group($0) }
    }

    // MARK: Bearer tokens

    /// RFC 6750 section 2.1; the scheme's name in any case.
    private func bearerToken(_ context: RequestContext) -> String? {
        guard let value = context.request.fields[.authorization] else { return nil }
        let scheme = value.prefix { $0 != " " }
        guard scheme.lowercased() == "bearer" else { return nil }
        return String(value.dropFirst(scheme.count).drop { $0 == " " })
    }

    private func check(bearer token: String, _ context: RequestContext) -> Identification {
        let site = context.site!, key = CredentialKey(site: site.index, credential: token), now = loop.wallSeconds
        if let known = knownBearer(key) { return known }
        // The token's own word for its issuer says whose keys to try; several clients may be known to one issuer.
        let issuer = site.settings.providers.count > 1 ? TokenVerifier.claimedIssuer(of: token) : nil
        var refusal = Identification.badToken
        for name in site.settings.providers {
            guard let snapshot = providers[name]?.value, let accepted = snapshot.tokenPolicy.bearer,
                issuer.map(snapshot.tokenPolicy.mayBeIssuer) ?? true
            else { continue }
            guard let keys = snapshot.keys else {
                refusal = .noKeys
                continue
            }
            do {
                let identity = try TokenVerifier.verifyBearer(token, keys: keys, policy: snapshot.tokenPolicy, now: now)
                count(.verified, at: name)
                let bearer = Visitor.Bearer(provider: name, hasScopes: identity.hasScopes(accepted.scopes))
                let visitor = Visitor(
                    SessionIdentity(identity, claimNames: site.claimNames), record: nil, bearer: bearer,
                    tokenExpiresAt: identity.expiresAt, keyGeneration: keys.generation)
                sessions.insert(visitor, for: key)
                bearerMemo.remember(key, for: context.request.fields)
                return identification(visitor, bearer)
            } catch {
                count(.refused, at: name)
                guard case .unknownKey = error, !context.keysWereRefreshed,
                    snapshot.strangers.isOpen(now: Provider.milliseconds(loop.now))
                else { continue }
                refusal = .unknownKey(.stranger, provider: name)
            }
        }
        return refusal
    }

    /// A token that was verified by the keys that its provider has now, and is not over.
    private func knownBearer(_ key: CredentialKey) -> Identification? {
        guard let visitor = sessions[key], let bearer = visitor.bearer, loop.wallSeconds < visitor.tokenExpiresAt,
            visitor.keyGeneration == providers[bearer.provider]?.value.keys?.generation
        else { return nil }
        return identification(visitor, bearer)
    }

    private func identification(_ visitor: Visitor, _ bearer: Visitor.Bearer) -> Identification {
        guard !bearer.hasScopes else { return .visitor(visitor) }
        return .insufficientScope(providers[bearer.provider]?.value.tokenPolicy.bearer?.scopes ?? [])
    }

    // MARK: Keys

    func waitForKeys(of provider: String, _ doubt: KeyDoubt, _ context: RequestContext) -> StageOutcome {
        let id = park(context)
        signIn.assumeIsolated { $0.refreshKeys(of: provider, doubt, for: id) }
        return .wait
    }

    /// The actor's answer to `refreshKeys`: the request goes on where it stopped.
    func resumeAfterKeyRefresh(_ id: ExchangeID) {
        guard let context = unpark(id) else { return }
        context.keysWereRefreshed = true
        run(context, from: context.stage)
    }

    // MARK: Cookies

    func sessionCookies(_ context: RequestContext) -> SessionCookies {
        let names = context.site.cookieNames(isSecure: context.base.isSecure)
        return SessionCookies(name: names.session, site: context.site.name, ring: shared.keyRing)
    }

    /// Sets the cookies of a session, and removes parts of an earlier one.
    /// - Returns: false where the session is larger than what browsers keep.
    func setSessionCookies(_ record: SessionRecord, _ context: RequestContext) -> Bool {
        let cookies = sessionCookies(context)
        guard let encoded = try? cookies.encode(record) else { return false }
        let lifetime = Int(context.site.sessionPolicy.lastPossibleEnd(of: record) - loop.wallSeconds)
        for cookie in encoded { set(cookie.name, cookie.value, maxAge: lifetime, context) }
        clear(
            cookies.namesToClear(
                presentIn: { Cookies.values(named: $0, in: context.request.fields) }, keeping: encoded), context)
        if context.site.settings.cloudFront.cookies == .accept { clearCloudFrontCookies(context) }
        return true
    }

    func clearSessionCookies(_ context: RequestContext) {
        clear(sessionCookies(context).namesToClear { Cookies.values(named: $0, in: context.request.fields) }, context)
        clearCloudFrontCookies(context)
    }

    func set(_ name: String, _ value: String, maxAge: Int, _ context: RequestContext) {
        let cookie = SetCookie(
            name: name, value: value, path: "/", maxAge: maxAge, secure: context.base.isSecure, httpOnly: true,
            sameSite: .lax)
        context.cookiesToSet.append(cookie.description)
    }

    private func clear(_ names: [String], _ context: RequestContext) {
        for name in names { set(name, "", maxAge: 0, context) }
    }
}
