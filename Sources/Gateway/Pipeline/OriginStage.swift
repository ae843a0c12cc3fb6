import HTTP
import Origins
import Settings
import Telemetry
import Transport

/// The object, from the bucket.
extension Worker {
    func fetchContent(_ context: RequestContext) -> StageOutcome {
        if let app = app(for: context) { return forward(context, to: app) }
        let site = context.site!
        let steps = site.encodings.steps(site.resolver.steps(for: context.target), for: context.request.fields)
        ContentFetch(worker: self, context: context, steps: steps).start()
        return .wait
    }

    /// The site's own page for somebody whom the rule does not let in, where it has one; else Postern's.
    func refuse(_ context: RequestContext, with answer: @escaping () -> Answer) -> StageOutcome {
        let purpose = Navigation.purpose(of: context.request)
        guard !prefersJSON(context.request),
            let page = context.site.resolver.refusal(for: context.target, purpose: purpose)
        else { return .respond(answer()) }
        ContentFetch(worker: self, context: context, steps: [page], otherwise: answer).start()
        return .wait
    }
}

extension Worker {
    /// The page for an origin that gives no answer.
    func failure(_ failure: OriginFailure, _ event: String, for context: RequestContext) -> Answer {
        let outcome: Outcome = failure == .timedOut ? .originTimeout : .originFailed
        return unavailable(status: failure.status, outcome, failure.sentence, event, for: context)
    }

    func unavailable(
        status: Int, _ outcome: Outcome, _ sentence: String, _ event: String, for context: RequestContext
    ) -> Answer {
        var answer = page(.contentUnavailable(status: status), outcome, for: context)
        if status == 503 { answer.response.fields.append(.retryAfter, "5") }
        note(event, sentence, context)
        return answer
    }
}

/// One request for content: where its path leads, and what is answered there. The walk and the exchange hold it.
final class ContentFetch {
    private let worker: Worker
    private let context: RequestContext
    private let site: Site
    private let steps: [ContentResolver.Step]
    /// What ends the way where nothing is found; nil while there are pages that may stand in.
    private var lastResort: (() -> Answer)?
    private var walk: ContentWalk?

    /// - Parameter otherwise: the answer where nothing is found. nil: a page that stands in, or a 404.
    init(worker: Worker, context: RequestContext, steps: [ContentResolver.Step], otherwise: (() -> Answer)? = nil) {
        self.worker = worker
        self.context = context
        self.steps = steps
        site = context.site
        lastResort = otherwise
    }

    func start() {
        context.exchange.onAbandoned = { [self] in
            walk?.cancel()
            walk = nil
        }
        look(for: steps)
    }

    private func look(for steps: [ContentResolver.Step]) {
        let question = ContentWalk.Question(
            isHead: context.isHead, query: context.target.query, fields: context.request.fields,
            heldBytes: context.heldBytes)
        let walk = ContentWalk(steps, origins: worker.origins, question: question) { [worker] report, step in
            worker.originWatches[step.place.origin]?.note(report)
        } receiver: { [self] end in
            self.walk = nil
            ended(end)
        }
        self.walk = walk
        walk.start()
    }

    private func ended(_ end: ContentWalk.End) {
        switch end {
        case .object(let object, let step):
            serve(object, step)
        case .nothing:
            nothingFound()
        case .denied(let refusal, let step):
            if refusal.concernsCredentials {
                worker.shared.credentialKeepers[step.place.origin]?.start { $0.reload() }
            }
            fail(step, status: 502, .originDenied, refusal.sentence)
        case .failed(let failure, let step):
            let outcome: Outcome = failure == .timedOut ? .originTimeout : .originFailed
            fail(step, status: failure.status, outcome, failure.sentence)
        }
    }

    private func nothingFound() {
        if let lastResort { return answer(lastResort()) }
        let purpose = Navigation.purpose(of: context.request)
        let takesPage = site.resolver.takesPage(context.target, purpose)
        lastResort = { [worker, context] in worker.notFound(takesPage: takesPage, for: context) }
        let standIns = site.resolver.standIns(
            for: context.target, isNavigation: Navigation.isTopLevel(context.request), purpose: purpose)
        look(for: site.encodings.steps(standIns, for: context.request.fields))
    }

    private func serve(_ object: OriginObject, _ step: ContentResolver.Step) {
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
        let segments = context.target.segments, key = step.place.key
        if let coding = step.coding, object.status == 200 || object.status == 206 {
            site.encodings.describe(&response.fields, key: key, coding: coding)
        }
        if case .page(let status) = step.use, status != 200 {
            response.status = status
            site.contentFields.completeError(&response.fields, segments: segments)
        } else {
            // What sets a cookie is for one browser: a shared cache would hand it to others (RFC 9111 section 7.3).
            let isForAnyone = context.rule?.requirement.admitsStrangers == true && context.cookiesToSet.isEmpty
            site.contentFields.complete(&response.fields, key: key, segments: segments, isForAnyone: isForAnyone)
        }
        site.encodings.vary(&response.fields, key: key)
        let body = encode(object, step, &response)
        answer(Answer(response, body, Self.outcome(of: response.status)))
    }

    /// The body as it goes out, compressed where the client takes that and it is worth it.
    private func encode(
        _ object: OriginObject, _ step: ContentResolver.Step, _ response: inout Response
    ) -> ResponseBody {
        let asked = context.request.fields
        switch object.status {
        case 200 where site.encodings.compresses(response.fields, length: object.length, for: asked):
            guard let source = object.body else {
                site.encodings.describeCompressed(&response.fields)
                return .omitted(length: nil)
            }
            guard worker.compressions.take() else { return .source(source) }
            site.encodings.describeCompressed(&response.fields)
            return .source(CompressedBody(source, loop: worker.loop, budget: worker.compressions))
        case 304 where step.coding == nil:
            site.encodings.describeUnmodified(
                &response.fields, key: step.key, conditions: Conditions(asked, isHead: context.isHead), for: asked)
            return .omitted(length: nil)
        case 412, 416:
            return .empty
        default:
            return object.body.map { .source($0) } ?? .omitted(length: object.length)
        }
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

    private func fail(_ step: ContentResolver.Step, status: Int, _ outcome: Outcome, _ sentence: String) {
        let event = "an object could not be fetched"
        guard case .page(let told) = step.use, told != 200, let lastResort else {
            return answer(worker.unavailable(status: status, outcome, sentence, event, for: context))
        }
        // That nothing is there, or not for this person, is known: only the page that says so is missing.
        let resort = lastResort()
        worker.note(event, sentence, context)
        answer(resort)
    }

    private func answer(_ answer: Answer) {
        context.exchange.onAbandoned = nil
        worker.respond(answer, to: context)
    }
}
