import Bytes
import HTTP
import Logging
import Settings
import Telemetry

/// Answers that Postern makes itself. All of them are `no-store`; pages and errors carry a reference.
extension Worker {
    /// A page; for a client that wants JSON and no page, the same as JSON.
    func page(_ page: Page, _ outcome: Outcome, for context: RequestContext) -> Answer {
        let reference = reference(for: context)
        if prefersJSON(context.request) {
            var answer = json(status: page.status, outcome) {
                $0.member("error", outcome.rawValue)
                $0.member("message", PageTexts.english[page.title] ?? "")
                $0.member("reference", reference)
            }
            answer.response.fields.append(.vary, Self.pageVaries)
            return answer
        }
        let template = context.site?.template ?? shared.template
        let language = PageTexts.language(for: context.request.fields)
        var response = ownResponse(page.status, type: "text/html; charset=utf-8")
        response.fields.append(.contentLanguage, language.rawValue)
        response.fields.append(.vary, Self.pageVaries)
        response.fields.append(.contentSecurityPolicy, template.contentSecurityPolicy)
        return Answer(
            response, .bytes(template.render(page, language, reference: reference, outcome: outcome)), outcome)
    }

    /// 404 where the site has no page for it, or where a page could not take the place of what was asked for.
    func notFound(takesPage: Bool, for context: RequestContext) -> Answer {
        guard !takesPage, !prefersJSON(context.request) else { return page(.notFound(), .notFound, for: context) }
        let response = ownResponse(404, type: "text/plain; charset=utf-8")
        return Answer(response, .bytes(Array("Not found. \(reference(for: context))\n".utf8)), .notFound)
    }

    /// A redirect that no cache keeps.
    func redirect(to location: String, status: Int = 302, _ outcome: Outcome) -> Answer {
        var response = ownResponse(status)
        response.fields.append(.location, location)
        return Answer(response, .empty, outcome)
    }

    /// 401 to whatever cannot follow a redirect to a sign-in page.
    func signInRequired(_ context: RequestContext) -> Answer {
        let reference = reference(for: context)
        var answer = json(status: 401, .signInRequired) {
            $0.member("error", "sign_in_required")
            $0.member("login_url", context.site.loginURL(returningTo: context.target.escaped))
            $0.member("reference", reference)
        }
        // A 401 names a challenge (RFC 9110 section 15.5.2); this one opens no browser's dialogue.
        answer.response.fields.append(.wwwAuthenticate, "Bearer")
        return answer
    }

    /// 401 to a session or a token whose sign-in is not what the rule demands, where a redirect would lead nowhere:
    /// the challenge of RFC 9470 section 3.
    func stepUpRequired(_ context: RequestContext) -> Answer {
        let reference = reference(for: context), code = "insufficient_user_authentication"
        let demand = context.rule?.requirement.authentication ?? AuthenticationDemand()
        var challenge = "Bearer error=\"\(code)\""
        if !demand.acrValues.isEmpty { challenge += ", acr_values=\"\(demand.acrValues.joined(separator: " "))\"" }
        if let age = demand.maxAge { challenge += ", max_age=\"\(age.seconds)\"" }
        var answer = json(status: 401, .stepUpRequired) {
            $0.member("error", code)
            $0.member("outcome", Outcome.stepUpRequired.rawValue)
            if context.visitor?.record != nil {
                $0.member("login_url", context.site.loginURL(returningTo: context.target.escaped))
            }
            $0.member("reference", reference)
        }
        answer.response.fields.append(.wwwAuthenticate, challenge)
        return answer
    }

    /// RFC 6750 section 3.1.
    func invalidToken(_ context: RequestContext) -> Answer {
        let reference = reference(for: context)
        var answer = json(status: 401, .badToken) {
            $0.member("error", "invalid_token")
            $0.member("outcome", Outcome.badToken.rawValue)
            $0.member("reference", reference)
        }
        answer.response.fields.append(.wwwAuthenticate, "Bearer error=\"invalid_token\"")
        return answer
    }

    /// RFC 6750 section 3.1: the token is good, and for something else.
    func insufficientScope(_ scopes: [String], _ context: RequestContext) -> Answer {
        let reference = reference(for: context)
        var answer = json(status: 403, .forbidden) {
            $0.member("error", "insufficient_scope")
            $0.member("outcome", Outcome.forbidden.rawValue)
            $0.member("reference", reference)
        }
        let scope = scopes.joined(separator: " ")
        answer.response.fields.append(.wwwAuthenticate, "Bearer error=\"insufficient_scope\", scope=\"\(scope)\"")
        return answer
    }

    func json(status: Int, _ outcome: Outcome, _ members: (inout JSONText) -> Void) -> Answer {
        var text = JSONText()
        text.object(members)
        return Answer(ownResponse(status, type: "application/json"), .bytes(text.bytes), outcome)
    }

    func ownResponse(_ status: Int, type: String? = nil) -> Response {
        var response = Response(status: status)
        if let type { response.fields.append(.contentType, type) }
        response.fields.append(.cacheControl, "no-store")
        response.fields.append(.xContentTypeOptions, "nosniff")
        response.fields.append(.referrerPolicy, "no-referrer")
        return response
    }

    /// What leads from an error page to its line in the log.
    func reference(for context: RequestContext) -> String {
        let record = context.exchange.record
        if !record.reference.isEmpty { return record.reference }
        let reference = Reference.make()
        context.exchange.record.reference = reference
        return reference
    }

    /// What a page depends on.
    private static let pageVaries = "Accept, Accept-Language"

    /// A script that does not say that it wants HTML, and whoever says that JSON will do and does not name HTML.
    func prefersJSON(_ request: Request) -> Bool {
        let accept = request.fields[.accept]?.lowercased() ?? ""
        guard !accept.contains("text/html") else { return false }
        return accept.contains("application/json") || request.fields[.secFetchDest] == "empty"
            || request.fields.contains(.xRequestedWith)
    }

    /// An event for the operator, found by the reference that the client was shown.
    func note(_ message: String, _ reason: String, _ context: RequestContext) {
        context.detail = "\(message): \(reason)"
        shared.events.warning(
            "\(message)",
            metadata: [
                "site": "\(context.site?.name ?? "")", "reason": "\(reason)",
                "reference": "\(context.exchange.record.reference)",
            ])
    }
}
