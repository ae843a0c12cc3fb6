import HTTP
import Origins
import Settings
import Telemetry
import Transport

/// The object, from the bucket: tries the resolver's steps in turn until one of them answers.
extension Worker {
    func fetchContent(_ context: RequestContext) -> StageOutcome {
        let site = context.site!
        guard let origin = origins[site.settings.origin] else {
            return .respond(page(.internalError(), .internalError, for: context))
        }
        let steps = site.resolver.steps(for: context.target, isNavigation: Navigation.isTopLevel(context.request))
        ContentFetch(worker: self, context: context, origin: origin, steps: steps).start()
        return .wait
    }
}

/// One request's way through the steps. The origin's call and the exchange hold it.
final class ContentFetch {
    private let worker: Worker
    private let context: RequestContext
    private let origin: any Origin
    private let steps: [ContentResolver.Step]
    private var position = 0
    private var call: (any OriginCall)?
    private var isAbandoned = false

    init(worker: Worker, context: RequestContext, origin: any Origin, steps: [ContentResolver.Step]) {
        self.worker = worker
        self.context = context
        self.origin = origin
        self.steps = steps
    }

    func start() {
        context.exchange.onAbandoned = { [self] in
            isAbandoned = true
            call?.cancel()
            call = nil
        }
        tryStep()
    }

    private func tryStep() {
        guard position < steps.count else {
            return answer(worker.page(.notFound(), .notFound, for: context))
        }
        var request: OriginRequest
        switch steps[position] {
        case .object(let key):
            request = OriginRequest(
                key: key, isHead: context.isHead, conditions: Conditions(context.request.fields, isHead: context.isHead)
            )
        case .redirect(let key, _):
            request = OriginRequest(key: key, isHead: true)
        case .page(let key, let status):
            // A page that stands in for another has no ranges; with 404 it is never "not modified" either.
            var conditions = Conditions(context.request.fields, isHead: context.isHead)
            conditions.range = nil
            conditions.ifRange = nil
            request = OriginRequest(
                key: key, isHead: context.isHead, conditions: status == 200 ? conditions : Conditions())
        }
        request.heldBytes = context.heldBytes
        var answered = false
        let call = origin.fetch(request) { [self] response in
            answered = true
            self.call = nil
            received(response)
        }
        if !answered { self.call = call }
    }

    private func received(_ response: OriginResponse) {
        guard !isAbandoned else {
            if case .object(let object) = response { object.body?.cancel() }
            return
        }
        switch response {
        case .object(let object):
            worker.originWatches[context.site!.settings.origin]?.served()
            serve(object)
        case .notFound:
            position += 1
            tryStep()
        case .denied(let refusal) where refusal.mayBeMissingObject:
            // A bucket that may not be listed says 403 where it means 404 (S3, GetObject).
            worker.originWatches[context.site!.settings.origin]?.denied()
            position += 1
            tryStep()
        case .denied(let refusal):
            fail(status: 502, .originDenied, refusal.sentence)
        case .failed(let failure):
            fail(status: failure.status, failure == .timedOut ? .originTimeout : .originFailed, failure.sentence)
        }
    }

    private func serve(_ object: OriginObject) {
        switch steps[position] {
        case .object:
            send(object, status: object.status)
        case .redirect(_, let location):
            object.body?.cancel()
            answer(worker.redirect(to: location, .redirected))
        case .page(_, let status):
            send(object, status: status == 200 ? object.status : status)
        }
    }

    private func send(_ object: OriginObject, status: Int) {
        var response = Response(status: status, fields: object.fields)
        response.fields.append(.xContentTypeOptions, "nosniff")
        if status == 404 {
            response.fields.set(.cacheControl, "no-store")
            response.fields.remove(.etag)
            response.fields.remove(.lastModified)
            response.fields.remove(.expires)
        } else if context.rule?.requirement.admitsStrangers != true || !context.cookiesToSet.isEmpty {
            // What sets a cookie is for one browser: a shared cache would hand it to others (RFC 9111 section 7.3).
            response.fields.set(.cacheControl, CacheControl.madePrivate(response.fields[.cacheControl]))
            response.fields.remove(.expires)
        }
        let outcome: Outcome =
            switch status {
            case 206: .partial
            case 304: .notModified
            case 404: .notFound
            case 412: .preconditionFailed
            case 416: .rangeNotSatisfiable
            default: .served
            }
        let body: ResponseBody =
            if let source = object.body {
                .source(source)
            } else if status == 412 || status == 416 {
                .empty
            } else {
                .omitted(length: object.length)
            }
        answer(Answer(response, body, outcome))
    }

    private func fail(status: Int, _ outcome: Outcome, _ sentence: String) {
        var answer = worker.page(.contentUnavailable(status: status), outcome, for: context)
        if status == 503 { answer.response.fields.append(.retryAfter, "5") }
        worker.note("an object could not be fetched", sentence, context)
        self.answer(answer)
    }

    private func answer(_ answer: Answer) {
        context.exchange.onAbandoned = nil
        worker.respond(answer, to: context)
    }
}

/// What `Cache-Control` says of content that is not for everybody (RFC 9111 section 5.2.2).
enum CacheControl {
    /// Without `public` and `s-maxage`, and with `private`. Where the bucket says nothing, browsers keep
    /// a copy and ask every time whether it still holds: a copy that nobody asks about would outlive a
    /// sign-out.
    static func madePrivate(_ value: String?) -> String {
        guard let value, !value.isEmpty else { return "private, no-cache" }
        var kept = ["private"]
        for directive in value.split(separator: ",") {
            let directive = directive.drop { $0 == " " || $0 == "\t" }
            switch directive.prefix(while: { $0 != "=" && $0 != " " }).lowercased() {
            case "no-store": return "no-store"
            case "", "public", "private", "s-maxage", "proxy-revalidate": break
            default: kept.append(String(directive))
            }
        }
        return kept.joined(separator: ", ")
    }
}
