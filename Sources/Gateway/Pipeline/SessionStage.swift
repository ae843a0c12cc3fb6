import HTTP
import Sessions
import Settings
import Telemetry
import Tokens
import Transport

/// Who is it? The bearer token or the session cookie, verified against the provider's current keys.
extension Worker {
    /// What a credential turned out to be.
    private enum Check {
        case visitor(Visitor)
        /// Nobody's: not ours, over, revoked, or signed by a key that the provider has withdrawn.
        case nobody
        /// Signed with a key that is not in the set: worth one more look at the provider's.
        case unknownKey
        /// The provider's keys have not been loaded yet, so nothing can be verified.
        case noKeys
    }

    func establishSession(_ context: RequestContext) -> StageOutcome {
        guard let provider = context.site.settings.provider else { return .next }
        if let token = bearerToken(context.request) {
            switch check(bearer: token, provider: provider, context) {
            case .visitor(let visitor): accept(visitor, context)
            case .unknownKey: return waitForKeys(provider, context)
            case .nobody: return .respond(invalidToken(context))
            case .noKeys: return .respond(unavailable(context, retry: context.request.target))
            }
            return .next
        }

        if let key = cookieMemo.key(context.request.fields, site: context.site.index), let visitor = sessions[key],
            visitor.record != nil
        {
            switch check(visitor, key, isNewestKey: true, context) {
            case .visitor(let visitor):
                accept(visitor, context)
                return .next
            case .unknownKey: return waitForKeys(provider, context)
            case .noKeys: return .respond(unavailable(context, retry: context.request.target))
            case .nobody: break
            }
        }
        let cookies = sessionCookies(context)
        let texts: [String]
        switch cookies.present({ Cookies.values(named: $0, in: context.request.fields) }) {
        case .nothing: return .next
        case .ambiguous: texts = []
        case .sealed(let sealed): texts = sealed
        }
        for text in texts {
            switch check(session: text, cookies, context) {
            case .visitor(let visitor):
                accept(visitor, context)
                return .next
            case .unknownKey: return waitForKeys(provider, context)
            case .noKeys: return .respond(unavailable(context, retry: context.request.target))
            case .nobody: break
            }
        }
        clearSessionCookies(context)
        return .next
    }

    private func accept(_ visitor: Visitor, _ context: RequestContext) {
        context.visitor = visitor
        context.exchange.record.subject = visitor.identity.subject
    }

    // MARK: Sessions

    private func check(session text: String, _ cookies: SessionCookies, _ context: RequestContext) -> Check {
        let site = context.site!
        let key = CredentialKey(site: site.index, credential: text)
        let checked: Check
        if let known = sessions[key] {
            checked = check(known, key, isNewestKey: true, context)
        } else {
            guard let opened = cookies.open(text), opened.record.provider == site.settings.provider else { return .nobody }
            checked = check(Visitor(opened.record), key, isNewestKey: opened.isNewestKey, context)
        }
        if case .visitor = checked { cookieMemo.remember(key, for: context.request.fields) }
        return checked
    }

    /// Whether the session of somebody who was known before, or has just been opened, still holds.
    private func check(_ known: Visitor, _ key: CredentialKey, isNewestKey: Bool, _ context: RequestContext) -> Check {
        let site = context.site!, now = loop.wallSeconds
        var visitor = known
        guard let record = visitor.record, !revocations.contains(record.id) else { return .nobody }
        guard case .valid(let isRenewalDue) = site.sessionPolicy.judge(record, now: now) else {
            sessions.remove(key)
            return .nobody
        }
        if now < record.tokenExpiresAt {
            guard let snapshot = providers[record.provider], let keys = snapshot.keys else { return .noKeys }
            if visitor.keyGeneration != keys.generation {
                do {
                    let identity = try TokenVerifier.verifyIDToken(
                        record.idToken, keys: keys, policy: snapshot.tokenPolicy, nonce: nil, now: now)
                    visitor = Visitor(identity, record: record, keyGeneration: keys.generation)
                    sessions.insert(visitor, for: key)
                } catch {
                    if case .unknownKey = error, !context.keysWereRefreshed { return .unknownKey }
                    // It must not come back to life when the token's time is over.
                    sessions.remove(key)
                    end(record, context)
                    return .nobody
                }
            }
        } else if visitor.keyGeneration != nil || sessions[key] == nil {
            visitor = Visitor(record)
            sessions.insert(visitor, for: key)
        }
        if isRenewalDue || !isNewestKey { renew(record, visitor, context) }
        return .visitor(visitor)
    }

    /// Sets the cookie again with the time of this use in it.
    private func renew(_ record: SessionRecord, _ visitor: Visitor, _ context: RequestContext) {
        var record = record
        record.lastSeenAt = loop.wallSeconds
        _ = setSessionCookies(record, context)
    }

    private func end(_ record: SessionRecord, _ context: RequestContext) {
        let end = context.site.sessionPolicy.lastPossibleEnd(of: record), now = loop.wallSeconds
        revocations = revocations.adding(record.id, until: end, now: now)
        let id = record.id
        signIn.assumeIsolated { $0.revoke(id, until: end, now: now) }
    }

    // MARK: Bearer tokens

    /// RFC 6750 section 2.1; the scheme's name in any case.
    private func bearerToken(_ request: Request) -> String? {
        guard let value = request.fields[.authorization] else { return nil }
        let scheme = value.prefix { $0 != " " }
        guard scheme.lowercased() == "bearer" else { return nil }
        return String(value.dropFirst(scheme.count).drop { $0 == " " })
    }

    private func check(bearer token: String, provider: String, _ context: RequestContext) -> Check {
        guard let snapshot = providers[provider], let keys = snapshot.keys else { return .noKeys }
        let key = CredentialKey(site: context.site.index, credential: token), now = loop.wallSeconds
        if let visitor = sessions[key], visitor.record == nil, visitor.keyGeneration == keys.generation,
            now < visitor.tokenExpiresAt
        {
            return .visitor(visitor)
        }
        do {
            let identity = try TokenVerifier.verifyBearer(token, keys: keys, policy: snapshot.tokenPolicy, now: now)
            let visitor = Visitor(identity, record: nil, keyGeneration: keys.generation)
            sessions.insert(visitor, for: key)
            return .visitor(visitor)
        } catch {
            if case .unknownKey = error, !context.keysWereRefreshed { return .unknownKey }
            return .nobody
        }
    }

    // MARK: Keys

    private func waitForKeys(_ provider: String, _ context: RequestContext) -> StageOutcome {
        let id = park(context)
        signIn.assumeIsolated { $0.refreshKeys(of: provider, for: id) }
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
        clear(cookies.namesToClear(presentIn: { Cookies.values(named: $0, in: context.request.fields) }, keeping: encoded), context)
        return true
    }

    func clearSessionCookies(_ context: RequestContext) {
        clear(sessionCookies(context).namesToClear { Cookies.values(named: $0, in: context.request.fields) }, context)
    }

    func set(_ name: String, _ value: String, maxAge: Int, _ context: RequestContext) {
        let cookie = SetCookie(
            name: name, value: value, path: "/", maxAge: maxAge, secure: context.base.isSecure, httpOnly: true, sameSite: .lax)
        context.cookiesToSet.append(cookie.description)
    }

    private func clear(_ names: [String], _ context: RequestContext) {
        for name in names { set(name, "", maxAge: 0, context) }
    }
}
