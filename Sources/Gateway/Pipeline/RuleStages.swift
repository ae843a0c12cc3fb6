import HTTP
import Settings
import Telemetry
import Tokens

/// What path is it, may this method be used, and which rule decides?
extension Worker {
    func readTarget(_ context: RequestContext) -> StageOutcome {
        // OPTIONS of the server as a whole has no path (RFC 9110 section 7.1), and is a method like any.
        if context.request.target == "*", context.request.method == .options { return .skip(to: .method) }
        // Content in a GET or HEAD has no meaning (RFC 9110 section 9.3.1), and what is read in two ways is refused.
        let framing = context.request.framing
        let hasContent = framing != .none && framing != .length(0)
        guard !(hasContent && (context.request.method == .get || context.isHead)),
            let target = try? RequestTarget(context.request.target)
        else {
            return .respond(page(.badRequest(), .badRequest, for: context))
        }
        context.target = target
        return .next
    }

    func checkMethod(_ context: RequestContext) -> StageOutcome {
        switch context.request.method {
        case .get, .head:
            return .next
        case let method where app(for: context) != nil && ContentMethod(rawValue: method.description) != nil:
            return .next
        default:
            var answer = page(.methodNotAllowed(), .methodNotAllowed, for: context)
            answer.response.fields.append(.allow, methods(for: context))
            return .respond(answer)
        }
    }

    /// What may be done with content, or with an app.
    func methods(for context: RequestContext) -> String {
        app(for: context) == nil ? "GET, HEAD" : ContentMethod.allCases.map(\.rawValue).joined(separator: ", ")
    }

    func findRule(_ context: RequestContext) -> StageOutcome {
        let rule = context.site.settings.rules.rule(
            for: context.target.segments, method: ContentMethod(rawValue: context.request.method.description) ?? .get)
        context.rule = rule
        if rule.requirement.admitsStrangers {
            recognize(context)
            return .skip(to: .origin)
        }
        guard rule.requirement.admitsSomebody else { return .respond(page(.closed(), .forbidden, for: context)) }
        return .next
    }

    func requireSignIn(_ context: RequestContext) -> StageOutcome {
        guard context.visitor == nil else { return .next }
        return askForSignIn(context, returningTo: context.target.escaped)
    }

    /// Nobody: on to the provider and back to `target`, or 401.
    func askForSignIn(_ context: RequestContext, returningTo target: String) -> StageOutcome {
        guard Navigation.isTopLevel(context.request) else { return .respond(signInRequired(context)) }
        if let browser = browserCookie(context), browser.isGoingInCircles(now: loop.wallSeconds) {
            return .respond(goingInCircles(context, retry: context.site.loginURL(returningTo: target)))
        }
        if context.refreshesElsewhere, let url = context.site.refreshURL(returningTo: target) {
            return .respond(redirect(to: url, .redirected))
        }
        return startSignIn(context, returningTo: target, selectAccount: false)
    }

    /// It has signed in again and again, and comes without a session: it would do so for ever.
    private func goingInCircles(_ context: RequestContext, retry: String) -> Answer {
        let answer = page(.signInLoop(retry: retry), .signInLoop, for: context)
        note("a browser signs in again and again", "it comes back without a session", context)
        return answer
    }

    func authorize(_ context: RequestContext) -> StageOutcome {
        let site = context.site!, target = context.target.escaped
        switch context.rule?.requirement.verdict(on: context.visitor, now: loop.wallSeconds) ?? .refused {
        case .met:
            return .next
        case .stepUp:
            guard let record = context.visitor?.record, Navigation.isTopLevel(context.request) else {
                return .respond(stepUpRequired(context))
            }
            return startSignIn(context, at: record.provider, returningTo: target, selectAccount: false)
        case .refused:
            let page = Page.forbidden(
                account: context.visitor?.account ?? "",
                switchAccount: site.loginURL(returningTo: target, switchingAccount: true),
                signOut: site.authPath("logout"))
            return refuse(context) { self.page(page, .forbidden, for: context) }
        }
    }
}
