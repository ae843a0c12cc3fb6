import Logging
import Sessions
import Transport

/// A session whose tokens are to be renewed, and a request's wait for it.
struct SessionRenewal {
    let request: RenewalRequest
    let record: SessionRecord
    /// The session as it is, which this worker remembers.
    let visitor: Visitor
    /// Without new tokens it has ended.
    let isOver: Bool
}

extension Worker {
    func waitForRenewal(_ renewal: SessionRenewal, _ context: RequestContext) -> StageOutcome {
        context.renewal = renewal
        let request = renewal.request, provider = renewal.record.provider, isUrgent = renewal.isOver
        let id = park(context)
        signIn.assumeIsolated { $0.renew(request, provider: provider, isUrgent: isUrgent, for: id) }
        return .wait
    }

    /// The actor's answer to `renew`: the request goes on where it stopped. Nil: it took too long.
    func resumeAfterRenewal(_ id: ExchangeID, _ result: RenewalResult?) {
        guard let context = unpark(id), let renewal = context.renewal else { return }
        let now = loop.wallSeconds
        switch result {
        case .renewed(let tokens): takeUp(tokens, renewal, context, now)
        case .refused:
            // It goes on to its ID token's end, where that is still to come, and no further.
            end([revocation(of: .grant(renewal.request.grant), renewal.record, context)])
        case .invalid: end(renewal.record, context)
        case .unavailable(let retryAt):
            renewal.visitor.renewalDueAt = retryAt
            // Where it is over meanwhile, it may still come back.
            context.keepsSessionCookies = true
        case nil: renewal.visitor.renewalDueAt = now + Provider.renewalPause
        }
        run(context, from: context.stage)
    }

    /// The session goes on with new tokens, in a new cookie.
    private func takeUp(_ tokens: Renewal, _ renewal: SessionRenewal, _ context: RequestContext, _ now: Int64) {
        guard !isEnded(Visitor(renewal.record), now: now) else { return }
        let site = context.site!
        let record = renewal.record.renewed(by: tokens, claimNames: site.claimNames, now: now)
        guard case .valid = site.sessionPolicy.judge(record, now: now) else {
            // It ends with its ID token, and no new one came.
            return clearSessionCookies(context)
        }
        guard setSessionCookies(record, context) else {
            renewal.visitor.renewalDueAt = now + Provider.renewalPause
            return note("a renewed session does not fit into cookies, and goes on as it was", "too_large", context)
        }
        let visitor = Visitor(
            record.identity, record: record, tokenExpiresAt: record.tokenExpiresAt, keyGeneration: nil)
        context.visitor = visitor
        context.exchange.record.subject = visitor.identity.subject
    }
}
