import Bytes
import HTTP
import Telemetry
import Transport

/// Is it one of Postern's own pages? Everything below the site's auth path is, and none of it is ever
/// looked up in the bucket.
extension Worker {
    func serveOwnPage(_ context: RequestContext) -> StageOutcome {
        let site = context.site!
        guard let own = site.ownPage(context.target.segments) else { return .next }
        let isCallbackOfOne = own.count == 2 && own.first == "callback"
        guard own.count == 1 || isCallbackOfOne else {
            return .respond(page(.notFound(), .notFound, for: context))
        }
        switch own.first {
        case "login" where !site.hasProvider, "callback" where !site.hasProvider:
            return .respond(page(.notFound(), .notFound, for: context))
        case "callback" where isCallbackOfOne && !hasOwnCallback(own.last, site):
            return .respond(page(.notFound(), .notFound, for: context))
        case "refresh" where site.settings.cloudFront.refreshPath != nil:
            return only([.get, .head], context) { refresh(context) }
        case "login": return only([.get, .head], context) { login(context) }
        case "callback":
            return only([.get], context) {
                callback(context, of: isCallbackOfOne ? own.last : nil)
            }
        case "backchannel-logout" where !site.hasProvider,
            "frontchannel-logout" where !site.hasProvider:
            return .respond(page(.notFound(), .notFound, for: context))
        case "backchannel-logout": return only([.post], context) { receiveForm(context) { backChannelLogout(context) } }
        case "frontchannel-logout": return only([.get], context) { frontChannelLogout(context) }
        case "logout": return only([.get, .head, .post], context) { receiveForm(context) { logout(context) } }
        case "signed-out": return only([.get, .head], context) { .respond(signedOut(context)) }
        case "me": return only([.get, .head], context) { me(context) }
        case "keys": return only([.get, .head], context) { .respond(assertionKeys()) }
        default: return .respond(page(.notFound(), .notFound, for: context))
        }
    }

    // MARK: Other origins

    /// Whether scripts of the origins that the site lists may read the answer: its content, and who is signed in. Other
    /// pages of Postern's own are for people.
    func isReadableElsewhere(_ context: RequestContext) -> Bool {
        guard let site = context.site, !site.crossOrigin.isEmpty, context.target != nil else { return false }
        return site.ownPage(context.target.segments).map { $0 == ["me"] } ?? true
    }

    func answerPreflight(_ context: RequestContext) -> StageOutcome {
        guard isReadableElsewhere(context),
            let response = context.site.crossOrigin.preflight(context.request, methods: methods(for: context))
        else { return .next }
        return .respond(Answer(response, .empty, .preflight))
    }

    private func only(_ methods: [Method], _ context: RequestContext, _ serve: () -> StageOutcome) -> StageOutcome {
        guard !methods.contains(context.request.method) else { return serve() }
        var answer = page(.methodNotAllowed(), .methodNotAllowed, for: context)
        answer.response.fields.append(.allow, methods.map(\.description).joined(separator: ", "))
        return .respond(answer)
    }

    /// Reads the form that comes with a post.
    private func receiveForm(_ context: RequestContext, _ serve: () -> StageOutcome) -> StageOutcome {
        guard context.request.method == .post, !context.formWasRead else { return serve() }
        context.exchange.readBody(limit: shared.configuration.limits.bodySize) { [self] result in
            switch result {
            case .success(let form):
                context.form = form
                context.formWasRead = true
                run(context, from: .ownPages)
            case .failure(.tooLarge): respond(page(.formTooLarge(), .badRequest, for: context), to: context)
            case .failure(.timedOut): respond(page(.formTimedOut(), .requestTimeout, for: context), to: context)
            case .failure(.malformed): respond(page(.badRequest(), .badRequest, for: context), to: context)
            case .failure(.disconnected): break
            }
        }
        return .wait
    }

    /// Whether the site has a provider of that name with a redirect URI of its own.
    private func hasOwnCallback(_ provider: String?, _ site: Site) -> Bool {
        site.settings.providers.contains { $0 == provider && shared.providers[$0]?.settings.ownCallback == true }
    }

    // MARK: /.auth/login

    private func login(_ context: RequestContext) -> StageOutcome {
        let query = context.target.query.flatMap { QueryParameters($0) }
        let target = query?.first("return_to").map { context.site.returnTarget($0) } ?? "/"
        let switchingAccount = query?.first("prompt") == "select_account"
        let providers = context.site.settings.providers
        if let provider = query?.first("provider").flatMap({ providers.contains($0) ? $0 : nil }) {
            return startSignIn(context, at: provider, returningTo: target, selectAccount: switchingAccount)
        }
        guard providers.count > 1 else {
            return startSignIn(context, returningTo: target, selectAccount: switchingAccount)
        }
        let choices = providers.map { name in
            (
                name: shared.providers[name]?.settings.displayName ?? name,
                href: context.site.loginURL(returningTo: target, provider: name, switchingAccount: switchingAccount)
            )
        }
        return .respond(page(.chooseProvider(choices), .ownPage, for: context))
    }

    // MARK: /.auth/me

    private func me(_ context: RequestContext) -> StageOutcome {
        switch establishSession(context) {
        case .next: break
        case let other: return other
        }
        guard let visitor = context.visitor else { return .respond(signInRequired(context)) }
        let expiresAt = visitor.record.map { context.site.sessionPolicy.end(of: $0) } ?? visitor.tokenExpiresAt
        return .respond(
            json(status: 200, .ownPage) {
                $0.member("sub", visitor.identity.subject)
                $0.member("name", visitor.identity.name)
                $0.member("email", visitor.identity.email)
                $0.member("groups", visitor.identity.groups)
                $0.member("expires_at", expiresAt)
            })
    }

    // MARK: /.auth/keys

    /// What assertions are verified with (RFC 7517).
    private func assertionKeys() -> Answer {
        let keys = shared.keyRing.assertionKeys.map { key in
            var text = JSONText()
            text.object {
                $0.member("kty", "OKP")
                $0.member("crv", "Ed25519")
                $0.member("x", key.x)
                $0.member("kid", key.id)
                $0.member("alg", "EdDSA")
                $0.member("use", "sig")
            }
            return String(decoding: text.bytes, as: UTF8.self)
        }
        let set = "{\"keys\":[\(keys.joined(separator: ","))]}"
        return Answer(ownResponse(200, type: "application/jwk-set+json"), .bytes(Array(set.utf8)), .ownPage)
    }

    // MARK: /.auth/signed-out

    private func signedOut(_ context: RequestContext) -> Answer {
        page(.signedOut(signIn: "/"), .ownPage, for: context)
    }
}
