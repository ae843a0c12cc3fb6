import HTTP
import Posix
import Telemetry
import Transport

/// The questions that every request is asked, in this order. Each stage is a method of `Worker`, in a
/// file of its name.
enum Stage: Int, CaseIterable {
    /// Which site is this host, and does the request come by the site's scheme?
    case site
    /// What path does the target spell?
    case target
    /// Does a browser ask whether another origin's script may ask?
    case preflight
    /// Is it one of Postern's own pages, below `/.auth/`?
    case ownPages
    /// May this method be used on content?
    case method
    /// Which rule decides? `anyone` and `nobody` decide here.
    case rule
    /// Who is it? The session cookie or the bearer token, verified against the provider's keys.
    case session
    /// Nobody: on to the provider, or 401.
    case signIn
    /// Does the rule let this account in?
    case authorization
    /// The object, from the bucket; or whatever an app says.
    case origin

    /// Under which name its time is measured: those that are quick alike share one.
    var measuredAs: RequestStage {
        switch self {
        case .site, .target, .preflight, .method, .rule: .route
        case .ownPages: .ownPages
        case .session: .session
        case .signIn: .signIn
        case .authorization: .authorization
        case .origin: .origin
        }
    }

    /// Whether the time up to here is a measurement, where the request goes on.
    var endsMeasurement: Bool {
        switch self {
        case .rule, .session, .authorization: true
        default: false
        }
    }
}

enum StageOutcome {
    /// On to the next stage.
    case next
    /// Past the stages up to this one, which have nothing to ask.
    case skip(to: Stage)
    /// The request is answered with this.
    case respond(Answer)
    /// Somebody else answers, or resumes, later.
    case wait
}

/// A response, and what the log says of it.
struct Answer {
    var response: Response
    var body: ResponseBody
    var outcome: Outcome

    init(_ response: Response, _ body: ResponseBody = .empty, _ outcome: Outcome) {
        self.response = response
        self.body = body
        self.outcome = outcome
    }
}

extension Worker {
    /// Runs the stages from `first` until one of them answers or waits.
    func run(_ context: RequestContext, from first: Stage = .site) {
        var index = first.rawValue
        while let stage = Stage(rawValue: index) {
            context.stage = stage
            switch perform(stage, context) {
            case .next:
                if stage.endsMeasurement { measure(context) }
                index += 1
            case .skip(let next):
                if stage.endsMeasurement { measure(context) }
                index = next.rawValue
            case .respond(let answer): return respond(answer, to: context)
            case .wait: return
            }
        }
    }

    /// Notes how long the request has been at its stage.
    private func measure(_ context: RequestContext) {
        let now = MonotonicTime.now()
        counters.observe(
            (now - context.measuredSince).microseconds, in: .stageDuration, context.stage.measuredAs.index)
        context.measuredSince = now
    }

    private func perform(_ stage: Stage, _ context: RequestContext) -> StageOutcome {
        switch stage {
        case .site: findSite(context)
        case .target: readTarget(context)
        case .preflight: answerPreflight(context)
        case .ownPages: serveOwnPage(context)
        case .method: checkMethod(context)
        case .rule: findRule(context)
        case .session: establishSession(context)
        case .signIn: requireSignIn(context)
        case .authorization: authorize(context)
        case .origin: fetchContent(context)
        }
    }

    /// The one way out: every answer to every request passes here.
    func respond(_ answer: Answer, to context: RequestContext) {
        measure(context)
        var response = answer.response
        for cookie in context.cookiesToSet { response.fields.append(.setCookie, cookie) }
        if context.isSecure, let site = context.site,
            let value = site.strictTransportSecurity(for: context.base.authority)
        {
            response.fields.set(.strictTransportSecurity, value)
        }
        if isReadableElsewhere(context) { context.site.crossOrigin.mark(&response.fields, for: context.request) }
        context.exchange.record.outcome = answer.outcome
        remember(answer, to: context)
        context.exchange.respond(response, body: answer.body)
    }
}
