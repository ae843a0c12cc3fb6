import HTTP
import Origins
import Settings
import Telemetry
import Transport

/// The object, from the bucket: tries the resolver's steps in turn until one of them answers.
extension Worker {
    func fetchContent(_ context: RequestContext) -> StageOutcome {
        ContentFetch(worker: self, context: context, steps: context.site.resolver.steps(for: context.target)).start()
        return .wait
    }

    /// The site's own page for somebody whom the rule does not let in, where it has one; else Postern's.
    func refuse(_ context: RequestContext, with answer: @escaping () -> Answer) -> StageOutcome {
        let purpose = Navigation.purpose(of: context.request)
        guard let page = context.site.resolver.refusal(for: context.target, purpose: purpose) else {
            return .respond(answer())
        }
        ContentFetch(worker: self, context: context, steps: [page], otherwise: answer).start()
        return .wait
    }
}

/// One request's way through the steps. The origin's call and the exchange hold it.
final class ContentFetch {
    private let worker: Worker
    private let context: RequestContext
    private let site: Site
    private var steps: [ContentResolver.Step]
    private var position = 0
    /// What ends the way where no step answers; nil while there are pages that may stand in.
    private var lastResort: (() -> Answer)?
    private var call: (any OriginCall)?
    private var isAbandoned = false

    /// - Parameter otherwise: the answer where no step answers. nil: a page that stands in, or a 404.
    init(worker: Worker, context: RequestContext, steps: [ContentResolver.Step], otherwise: (() -> Answer)? = nil) {
        self.worker = worker
        self.context = context
        self.steps = steps
        site = context.site
        lastResort = otherwise
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
        guard position < steps.count else { return exhausted() }
        let step = steps[position]
        guard let origin = worker.origins[step.place.origin] else {
            return answer(worker.page(.internalError(), .internalError, for: context))
        }
        var request = OriginRequest(key: step.place.key, isHead: context.isHead)
        switch step.use {
        case .object:
            request.conditions = Conditions(context.request.fields, isHead: context.isHead)
        case .redirect:
            request.isHead = true
        case .page(status: 200):
            // A page that stands in for another has no ranges.
            request.conditions = Conditions(context.request.fields, isHead: context.isHead)
            request.conditions.range = nil
            request.conditions.ifRange = nil
        case .page:
            // Nor is it ever "not modified" where it tells of an error.
            break
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

    /// Nothing that the path may mean is there.
    private func exhausted() {
        if let lastResort { return answer(lastResort()) }
        let purpose = Navigation.purpose(of: context.request)
        let takesPage = site.resolver.takesPage(context.target, purpose)
        lastResort = { [worker, context] in worker.notFound(takesPage: takesPage, for: context) }
        steps += site.resolver.standIns(
            for: context.target, isNavigation: Navigation.isTopLevel(context.request), purpose: purpose)
        tryStep()
    }

    private func tryNext() {
        position += 1
        tryStep()
    }

    private func received(_ response: OriginResponse) {
        guard !isAbandoned else {
            if case .object(let object) = response { object.body?.cancel() }
            return
        }
        switch response {
        case .object(let object):
            worker.originWatches[steps[position].place.origin]?.served()
            serve(object)
        case .notFound:
            tryNext()
        case .denied(let refusal) where refusal.mayBeMissingObject:
            // A bucket that may not be listed says 403 where it means 404 (S3, GetObject).
            worker.originWatches[steps[position].place.origin]?.denied()
            tryNext()
        case .denied(let refusal):
            fail(status: 502, .originDenied, refusal.sentence)
        case .failed(let failure):
            fail(status: failure.status, failure == .timedOut ? .originTimeout : .originFailed, failure.sentence)
        }
    }

    private func serve(_ object: OriginObject) {
        let step = steps[position]
        if case .redirect(let location) = step.use {
            object.body?.cancel()
            return answer(worker.redirect(to: location, .redirected))
        }
        if case .object = step.use, let value = object.redirect {
            if let location = location(value) {
                object.body?.cancel()
                return answer(worker.redirect(to: location, status: 301, .redirected))
            }
            worker.note("an object leads where the site does not", Self.excerpt(of: value), context)
        }
        send(object, step)
    }

    private func location(_ value: String) -> String? {
        ObjectRedirect.location(
            value, base: context.base.text, reservedPrefix: site.settings.authPath,
            origins: site.settings.content.redirectOrigins)
    }

    /// For the log: it is whoever wrote the object that chose it.
    private static func excerpt(of value: String) -> String { String(value.unicodeScalars.prefix(200)) }

    private func send(_ object: OriginObject, _ step: ContentResolver.Step) {
        var response = Response(status: object.status, fields: object.fields)
        let segments = context.target.segments
        if case .page(let status) = step.use, status != 200 {
            response.status = status
            site.contentFields.completeError(&response.fields, segments: segments)
        } else {
            // What sets a cookie is for one browser: a shared cache would hand it to others (RFC 9111 section 7.3).
            let isForAnyone = context.rule?.requirement.admitsStrangers == true && context.cookiesToSet.isEmpty
            site.contentFields.complete(
                &response.fields, key: step.place.key, segments: segments, isForAnyone: isForAnyone)
        }
        let body: ResponseBody =
            if let source = object.body {
                .source(source)
            } else if response.status == 412 || response.status == 416 {
                .empty
            } else {
                .omitted(length: object.length)
            }
        answer(Answer(response, body, Self.outcome(of: response.status)))
    }

    private static func outcome(of status: Int) -> Outcome {
        switch status {
        case 206: .partial
        case 304: .notModified
        case 403: .forbidden
        case 404: .notFound
        case 412: .preconditionFailed
        case 416: .rangeNotSatisfiable
        default: .served
        }
    }

    private func fail(status: Int, _ outcome: Outcome, _ sentence: String) {
        var answer: Answer
        if case .page(let told) = steps[position].use, told != 200, let lastResort {
            // That nothing is there, or not for this person, is known: only the page that says so is missing.
            answer = lastResort()
        } else {
            answer = worker.page(.contentUnavailable(status: status), outcome, for: context)
            if status == 503 { answer.response.fields.append(.retryAfter, "5") }
        }
        worker.note("an object could not be fetched", sentence, context)
        self.answer(answer)
    }

    private func answer(_ answer: Answer) {
        context.exchange.onAbandoned = nil
        worker.respond(answer, to: context)
    }
}
