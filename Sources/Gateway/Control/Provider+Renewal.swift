import Cryptography
import Posix
import Sessions
import Telemetry
import Tokens

/// What a provider remembers of the sessions that it has renewed.
struct Renewals {
    /// What was refused stands here too, so that a dead refresh token is not shown again and again.
    enum Known: Sendable {
        case renewed(Renewal)
        case refused
    }

    var known = Successors<Known>()
    /// Under way now: whoever asks for the same waits for it.
    var flights: [GrantID: Flight] = [:]
    var gate = RetryGate()
    /// Refresh tokens that are being given back.
    var returning = 0

    struct Flight {
        let task: Task<RenewalResult, Never>
        /// In milliseconds of the monotonic clock.
        let startedAt: Int64
    }
}

/// Sessions' tokens, renewed by their refresh tokens (RFC 6749 section 6, OpenID Connect Core 12).
extension Provider {
    /// Renews a session once, however many requests of however many workers ask at a time, and tells those who still
    /// hold the session as it was what has come of it.
    ///
    /// - Parameter isUrgent: the session is over without it; others are not kept waiting by a provider that is silent
    ///   already.
    func renew(_ asked: RenewalRequest, isUrgent: Bool) async -> RenewalResult {
        let (request, latest, isRefused) = succession(of: asked)
        if isRefused { return .refused }
        if let latest, loop.value.wallSeconds < latest.dueAt { return count(.remembered, .renewed(latest)) }
        let grant = request.grant
        if !isUrgent, isSilent { return .unavailable(retryAt: loop.value.wallSeconds + Self.renewalPause) }
        if let flight = renewals.flights[grant] { return succeed(latest, await flight.task.value) }
        guard renewals.gate.allowsAsking(now: now) else { return unavailable() }
        let answer = task { await $0.ask(request) }
        renewals.flights[grant] = Renewals.Flight(task: answer, startedAt: now)
        let result = await answer.value
        renewals.flights[grant] = nil
        return succeed(latest, result)
    }

    /// How long a request waits for the provider while its session could go on as it is.
    static let renewalPatience = Nanoseconds.seconds(3)
    /// After which time a request of that session asks again, in seconds.
    static let renewalPause: Int64 = 10

    /// Somebody has waited in vain for longer than that.
    private var isSilent: Bool {
        renewals.flights.values.contains { now - $0.startedAt >= Self.renewalPatience.milliseconds }
    }

    /// What has come of a session since, as far as it is known: what to renew it with now, and what it was renewed to.
    private func succession(of asked: RenewalRequest) -> (RenewalRequest, Renewal?, isRefused: Bool) {
        var request = asked
        var latest: Renewal?
        // As often as a session can have been renewed since; more would be a circle.
        for _ in 0..<1024 {
            let grant = request.grant
            switch renewals.known.value(of: grant, now: loop.value.wallSeconds) {
            case .refused: return (request, latest, true)
            case .renewed(let renewal):
                latest = renewal.after(latest)
                request = request.succeeded(by: renewal)
            case nil: return (request, latest, false)
            }
            if request.grant == grant { break }
        }
        return (request, latest, false)
    }

    private func succeed(_ earlier: Renewal?, _ result: RenewalResult) -> RenewalResult {
        guard case .renewed(let renewal) = result else { return result }
        return .renewed(renewal.after(earlier))
    }

    private func ask(_ request: RenewalRequest) async -> RenewalResult {
        let startedAt = now
        do {
            let tokens = try await refresh(request.refreshToken)
            let renewal = try await verify(tokens, request)
            renewals.gate.succeeded()
            remember(.renewed(renewal), size: renewal.size, request)
            return count(tokens.idToken == nil ? .withoutToken : .renewed, .renewed(renewal))
        } catch TokenResponseError.refused(let refusal) where refusal.endsGrant {
            renewals.gate.succeeded()
            remember(.refused, size: 256, request)
            note("a session was not renewed: the provider refused", refusal.code ?? "\(refusal.status)", request)
            return count(.refused, .refused)
        } catch let error as TokenError {
            renewals.gate.succeeded()
            remember(.refused, size: 256, request)
            note("a session was not renewed: the new ID token does not hold", error.code, request)
            return count(.invalid, .invalid)
        } catch {
            renewals.gate.failed(startedAt: startedAt, now: now, random: UInt64.random(in: 0 ... .max))
            note("a session could not be renewed, and goes on for now", "\(error)", request)
            return count(.unavailable, unavailable())
        }
    }

    /// Gives back what a session that was signed out would be renewed with (RFC 7009), where the provider takes it. One
    /// try.
    func giveBack(_ asked: RenewalRequest) async {
        _ = await renewals.flights[asked.grant]?.task.value
        let (request, _, isRefused) = succession(of: asked)
        guard !isRefused, let endpoint = snapshot.metadata?.revocationEndpoint else { return }
        for grant in [asked.grant, request.grant] {
            renewals.known.insert(.refused, size: 256, for: grant, now: loop.value.wallSeconds)
        }
        guard renewals.returning < Self.mostReturning else { return }
        renewals.returning += 1
        defer { renewals.returning -= 1 }
        let form = TokenRequest.revocation(request.refreshToken.reveal(), credentials: clientCredentials)
        do {
            let response = try await send(form.fields, form.body, to: endpoint)
            guard response.status != 200 else { return }
            note("a refresh token could not be given back", "\(response.status)", request)
        } catch {
            note("a refresh token could not be given back", "\(error)", request)
        }
    }

    /// Refresh tokens on their way back at a time; more are kept, for the provider to forget them by itself.
    private static let mostReturning = 32

    private func refresh(_ refreshToken: SecretText) async throws -> TokenResponse {
        guard let metadata = snapshot.metadata else { throw ProviderError.notDiscovered }
        let form = TokenRequest.refresh(refreshToken.reveal(), credentials: clientCredentials)
        let response = try await send(form.fields, form.body, to: metadata.tokenEndpoint)
        return try TokenResponse.parse(status: response.status, body: response.body, requiresIDToken: false)
    }

    private func verify(_ tokens: TokenResponse, _ request: RenewalRequest) async throws -> Renewal {
        let obtainedAt = loop.value.wallSeconds
        guard let idToken = tokens.idToken else {
            return Renewal(
                token: nil, isComplete: true, refreshToken: tokens.refreshToken,
                accessToken: tokens.accessToken, obtainedAt: obtainedAt,
                expiresAt: GrantSchedule.end(obtainedAt: obtainedAt, expiresIn: tokens.expiresIn))
        }
        let identity: Identity
        do { identity = try verify(idToken, tokens, request) } catch TokenError.unknownKey {
            // The provider may have changed its keys a moment ago.
            _ = await snapshotAfterUnknownKey(.signIn)
            identity = try verify(idToken, tokens, request)
        }
        let completed = try? await completed(identity, accessToken: tokens.accessToken)
        return Renewal(
            token: (idToken, completed ?? identity), isComplete: completed != nil, refreshToken: tokens.refreshToken,
            accessToken: tokens.accessToken, obtainedAt: obtainedAt,
            expiresAt: identity.expiresAt)
    }

    private func verify(
        _ idToken: SecretText, _ tokens: TokenResponse, _ request: RenewalRequest
    ) throws -> Identity {
        guard let keys = snapshot.keys else { throw ProviderError.notDiscovered }
        do {
            let identity = try TokenVerifier.verifyRefreshed(
                idToken.reveal(), after: request.idToken, keys: keys, policy: snapshot.tokenPolicy,
                accessToken: tokens.accessToken?.reveal(), now: loop.value.wallSeconds)
            count(.tokenCheck(.verified))
            return identity
        } catch {
            count(.tokenCheck(.refused))
            throw error
        }
    }

    private func remember(_ known: Renewals.Known, size: Int, _ request: RenewalRequest) {
        renewals.known.insert(known, size: size, for: request.grant, now: loop.value.wallSeconds)
    }

    private func unavailable() -> RenewalResult {
        let wait = max(0, (renewals.gate.retryAt ?? now) - now)
        return .unavailable(retryAt: loop.value.wallSeconds + wait / 1000 + 1)
    }

    private func count(_ outcome: RenewalOutcome, _ result: RenewalResult) -> RenewalResult {
        count(.renewal(outcome))
        return result
    }

    private func note(_ message: String, _ reason: String, _ request: RenewalRequest) {
        events.warning(
            "\(message)",
            metadata: ["provider": "\(settings.name)", "session": "\(request.session)", "reason": "\(reason)"])
    }
}
