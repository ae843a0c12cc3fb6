import HTTP
import Origins
import Posix
import Sessions
import Settings
import Telemetry
import Transport

/// An app beside the content: it gets the request as it was asked for, and its answer goes back as it is.
extension Worker {
    /// The app that has a path, and the path as it knows it.
    struct App {
        let name: String
        let upstream: HTTPUpstream
        let segments: ArraySlice<String>
    }

    /// Nil where the path is content.
    func app(for context: RequestContext) -> App? {
        guard !apps.isEmpty, let target = context.target else { return nil }
        let (name, segments) = context.site.resolver.origin(of: target.segments)
        return apps[name].map { App(name: name, upstream: $0, segments: segments) }
    }

    func forward(_ context: RequestContext, to app: App) -> StageOutcome {
        if app.segments.isEmpty, !context.target.isDirectory {
            // The path of a mount without its slash: what the app's pages name would be looked for beside it.
            let query = context.target.query.map { "?" + $0 } ?? ""
            return .respond(redirect(to: context.target.path + "/" + query, status: 308, .redirected))
        }
        // Whoever brings a token of its own making has no cookie that another page could lend it.
        if context.visitor?.record != nil,
            !context.site.crossOrigin.admitsEffect(of: context.request, on: context.base.authority)
        {
            return .respond(page(.crossSite(), .forbidden, for: context))
        }
        let request = context.request
        var content: RequestBody?
        if request.framing != .none, request.framing != .length(0) {
            if case .length(let length) = request.framing, length > app.upstream.configuration.uploadSize {
                return .respond(page(.formTooLarge(), .badRequest, for: context))
            }
            content = context.exchange.openBody(limit: app.upstream.configuration.uploadSize)
        }
        AppFetch(worker: self, context: context, watch: originWatches[app.name]).start(app, content)
        return .wait
    }

    fileprivate func identity(_ context: RequestContext, for app: App) -> UpstreamIdentity? {
        guard let visitor = context.visitor else { return nil }
        let issuer = context.base.text, now = loop.wallSeconds
        let assertion: IdentityAssertion
        if let known = visitor.assertion, known.holds(issuer: issuer, audience: app.name, now: now) {
            assertion = known
        } else {
            assertion = IdentityAssertion(
                of: visitor, issuer: issuer, audience: app.name, key: shared.keyRing.assertionKeys[0], now: now)
            visitor.assertion = assertion
        }
        return UpstreamIdentity(
            user: visitor.identity.subject, email: visitor.isEmailVerified == false ? nil : visitor.email,
            groups: visitor.groups, assertion: assertion.text)
    }
}

/// One request at an app. The call and the exchange hold it.
private final class AppFetch {
    private let worker: Worker
    private let context: RequestContext
    private let watch: OriginWatch?
    private let began = MonotonicTime.now()
    private var call: (any OriginCall)?

    init(worker: Worker, context: RequestContext, watch: OriginWatch?) {
        self.worker = worker
        self.watch = watch
        self.context = context
    }

    func start(_ app: Worker.App, _ content: RequestBody?) {
        context.exchange.onAbandoned = { [self] in
            call?.cancel()
            call = nil
        }
        let target = context.target!
        var request = UpstreamRequest(
            method: context.request.method,
            target: UpstreamTarget.text(app.segments, isDirectory: target.isDirectory, query: target.query),
            fields: context.request.fields, authority: context.base.authority, isSecure: context.base.isSecure,
            client: client, identity: worker.identity(context, for: app), isOwnCookie: context.site.isOwnCookie)
        request.heldBytes = context.heldBytes
        request.trace = worker.upstreamTrace(context)
        let mount = target.segments.dropLast(app.segments.count)
        if !mount.isEmpty { request.mount = UpstreamTarget.text(mount, isDirectory: false, query: nil) }
        call = app.upstream.send(request, content: content) { [self] response in
            call = nil
            received(response)
        }
    }

    /// A Unix socket's peer has no address.
    private var client: String? {
        let peer = context.exchange.record.peer
        return peer == "unix" || peer.isEmpty ? nil : peer
    }

    private func received(_ response: UpstreamResponse) {
        if let answer = OriginAnswer(response) { watch?.note(answer, after: MonotonicTime.now() - began) }
        switch response {
        case .head(let head, let body): pass(head, body)
        case .failed(let failure):
            answer(worker.failure(failure, "an app did not answer", for: context))
        case .contentFailed(.tooLarge): answer(worker.page(.formTooLarge(), .badRequest, for: context))
        case .contentFailed(.timedOut): answer(worker.page(.formTimedOut(), .requestTimeout, for: context))
        case .contentFailed(.malformed): answer(worker.page(.badRequest(), .badRequest, for: context))
        // Nobody is there to be told.
        case .contentFailed(.disconnected): break
        }
    }

    private func pass(_ head: ResponseHead, _ body: any BodySource) {
        let site = context.site!
        var response = Response(
            status: head.status,
            fields: UpstreamFields.response(
                head.fields, isShared: !site.crossOrigin.isEmpty, isOwnCookie: site.isOwnCookie))
        if context.rule?.requirement.admitsStrangers != true || context.visitor != nil || !context.cookiesToSet.isEmpty
        {
            let said = response.fields.values(of: .cacheControl).joined(separator: ",")
            response.fields.set(.cacheControl, CacheControl.madePrivate(said))
            response.fields.remove(.expires)
        }
        let isBare = context.isHead || head.status == 204 || head.status == 304
        if isBare { body.cancel() }
        answer(
            Answer(
                response, isBare ? .omitted(length: head.length) : .source(body), Self.outcome(head.status)))
    }

    private static func outcome(_ status: Int) -> Outcome {
        switch status {
        case 206: .partial
        case 304: .notModified
        case 300..<400: .redirected
        case 404: .notFound
        case 412: .preconditionFailed
        case 416: .rangeNotSatisfiable
        case 500...: .originFailed
        default: .served
        }
    }

    private func answer(_ answer: Answer) {
        context.exchange.onAbandoned = nil
        worker.respond(answer, to: context)
    }
}

extension OriginAnswer {
    /// Nil where it is the client that failed.
    fileprivate init?(_ response: UpstreamResponse) {
        switch response {
        case .head(let head, _) where head.status == 404: self = .notFound
        case .head(let head, _): self = head.status >= 500 ? .failed : .found
        case .failed(.timedOut): self = .timeout
        case .failed: self = .failed
        case .contentFailed: return nil
        }
    }
}
