import Cryptography
import HTTP
import Reactor
import Sessions
import Tokens
import Transport

enum SignInResult: Sendable {
    case signedIn(Identity, idToken: SecretText, refreshToken: SecretText?, accessToken: SecretText?)
    /// This callback has been here before.
    case alreadyUsed
    /// The provider does not take the code (RFC 6749 section 5.2).
    case refused(code: String)
    /// The provider cannot be asked now.
    case unavailable(reason: String)
    /// The ID token is larger than any session.
    case tooLarge
    /// What the provider sent does not hold.
    case invalid(reason: String)
}

/// What a worker's requests wait for: the slow half of a sign-in in the words of the specification, fresh
/// keys, the end of a session everywhere. An actor that runs on the worker's own loop, and answers with values.
actor SignIn: LoopActor {
    nonisolated let executor: LoopExecutor

    private let shared: Shared
    private let worker: LoopBound<WeakWorker>
    /// The requests that wait for a provider's keys: the first one's asking serves them all.
    private var waitingForKeys: [KeyQuestion: [ExchangeID]] = [:]

    /// The requests that wait for a renewal, each with the timer that ends its patience.
    private var waitingForRenewal: [UInt64: TimerToken?] = [:]
    private var renewals: UInt64 = 0

    private struct KeyQuestion: Hashable {
        let provider: String
        let doubt: KeyDoubt
    }

    init(shared: Shared, executor: LoopExecutor, worker: LoopBound<WeakWorker>) {
        self.shared = shared
        self.executor = executor
        self.worker = worker
    }

    /// Pushes an authorization request for the exchange that waits for its address.
    /// - Parameter retry: where the person can try again.
    func push(_ request: AuthorizationRequest, to provider: String, retry: String, for id: ExchangeID) {
        task {
            let url = await $0.shared.providers[provider]?.authorizationURL(for: request)
            $0.worker.value.worker?.finishPush(id, url, retry: retry)
        }
    }

    /// Completes a sign-in for the exchange that waits for it.
    func complete(_ flow: LoginFlow, code: String, redirectURI: String, for id: ExchangeID, now: Int64) {
        task {
            let result = await $0.complete(flow, code: code, redirectURI: redirectURI, now: now)
            $0.worker.value.worker?.finishSignIn(id, result)
        }
    }

    /// Has the provider's keys fetched again, and lets the exchange go on with whatever came of it.
    func refreshKeys(of provider: String, _ doubt: KeyDoubt, for id: ExchangeID) {
        let question = KeyQuestion(provider: provider, doubt: doubt)
        waitingForKeys[question, default: []].append(id)
        guard waitingForKeys[question]?.count == 1 else { return }
        task {
            if let snapshot = await $0.shared.providers[provider]?.snapshotAfterUnknownKey(doubt) {
                $0.worker.value.worker?.providers[provider] = Immutable(snapshot)
            }
            for id in $0.waitingForKeys.removeValue(forKey: question) ?? [] {
                $0.worker.value.worker?.resumeAfterKeyRefresh(id)
            }
        }
    }

    /// Has a session's tokens renewed, and lets the exchange go on with what came of it; or without, where that takes
    /// long and is not urgent: the renewal itself goes on, and a later request finds what it brought.
    func renew(_ request: RenewalRequest, provider: String, isUrgent: Bool, for id: ExchangeID) {
        renewals &+= 1
        let number = renewals
        var timer: TimerToken?
        if !isUrgent {
            timer = worker.value.worker?.loop.schedule(after: Provider.renewalPatience) { [self] in
                assumeIsolated { $0.finishRenewal(number, id, nil) }
            }
        }
        waitingForRenewal.updateValue(timer, forKey: number)
        task {
            let result = await $0.shared.providers[provider]?.renew(request, isUrgent: isUrgent)
            $0.finishRenewal(number, id, result)
        }
    }

    private func finishRenewal(_ number: UInt64, _ id: ExchangeID, _ result: RenewalResult?) {
        guard let timer = waitingForRenewal.removeValue(forKey: number) else { return }
        if let timer { worker.value.worker?.loop.cancel(timer) }
        worker.value.worker?.resumeAfterRenewal(id, result)
    }

    /// Ends sessions on all workers, then lets the exchange go on.
    func signOut(_ revocations: [Revocation], now: Int64, for id: ExchangeID) {
        task {
            await $0.shared.revocations.revoke(revocations, now: now)
            $0.worker.value.worker?.finishSignOut(id)
        }
    }

    /// Ends what a logout token is about, if it is the first time that it is seen.
    func signOut(_ revocations: [Revocation], by token: LogoutToken, now: Int64, for id: ExchangeID) {
        task {
            let used = Revocable.logoutToken(issuer: token.issuer, id: token.id)
            let isNew = await $0.shared.revocations.claim(
                used, since: token.issuedAt, until: token.expiresAt, now: now)
            guard isNew else { return $0.worker.value.worker?.refuseRepeatedLogout(id) }
            await $0.shared.revocations.revoke(revocations, now: now)
            $0.worker.value.worker?.finishSignOut(id)
        }
    }

    /// Tells the provider that a session's refresh token is not needed any more. Nobody waits for that.
    func giveBack(_ grant: RenewalRequest, to provider: String) {
        shared.providers[provider]?.start { await $0.giveBack(grant) }
    }

    /// Ends sessions on all workers.
    func revoke(_ revocations: [Revocation], now: Int64) {
        shared.revocations.start { await $0.revoke(revocations, now: now) }
    }

    /// OpenID Connect Core, section 3.1.3: exchange the code, verify the ID token.
    private func complete(_ flow: LoginFlow, code: String, redirectURI: String, now: Int64) async -> SignInResult {
        guard let provider = shared.providers[flow.provider] else { return .invalid(reason: "no such provider") }
        // A code is sent once (RFC 6749 section 4.1.2: the provider may revoke what it issued for it).
        let end = flow.issuedAt + shared.configuration.limits.loginStateLifetime.seconds + LoginState.clockSkew
        guard await shared.revocations.claim(.signIn(flow.id), since: flow.issuedAt, until: end, now: now)
        else { return .alreadyUsed }
        let tokens: TokenResponse
        do {
            tokens = try await provider.exchange(
                code: code, codeVerifier: flow.codeVerifier.reveal(), redirectURI: redirectURI)
        } catch TokenResponseError.refused(let refusal) {
            return .refused(code: refusal.code ?? "\(refusal.status)")
        } catch TokenResponseError.malformed(let member) {
            return .invalid(reason: "the token response's \(member) does not hold")
        } catch TokenResponseError.unavailable(let status) {
            return .unavailable(reason: "the token endpoint answered \(status)")
        } catch {
            return .unavailable(reason: "\(error)")
        }
        do {
            guard let idToken = tokens.idToken,
                let verified = try await verify(tokens, flow, by: provider, now: now)
            else { return .unavailable(reason: "the provider's keys are not loaded") }
            let identity = try await provider.completed(verified, accessToken: tokens.accessToken)
            return .signedIn(
                identity, idToken: idToken, refreshToken: tokens.refreshToken, accessToken: tokens.accessToken)
        } catch let error as TokenError {
            return error == .tooLarge ? .tooLarge : .invalid(reason: "ID token: \(error.code)")
        } catch let error as UserInfoError {
            guard case .status = error else { return .invalid(reason: "userinfo: \(error)") }
            return .unavailable(reason: "userinfo: \(error)")
        } catch {
            return .unavailable(reason: "\(error)")
        }
    }

    /// Nil where the provider's keys have never been loaded.
    private func verify(
        _ tokens: TokenResponse, _ flow: LoginFlow, by provider: Provider, now: Int64
    ) async throws(TokenError) -> Identity? {
        do {
            return try verify(tokens, flow, await provider.snapshot, now: now)
        } catch {
            guard case .unknownKey = error else { throw error }
            // The provider may have changed its keys a moment ago.
            return try verify(tokens, flow, await provider.snapshotAfterUnknownKey(.signIn), now: now)
        }
    }

    private func verify(
        _ tokens: TokenResponse, _ flow: LoginFlow, _ snapshot: ProviderSnapshot, now: Int64
    ) throws(TokenError) -> Identity? {
        guard let keys = snapshot.keys, let idToken = tokens.idToken else { return nil }
        do {
            let identity = try TokenVerifier.verifyIDToken(
                idToken.reveal(), keys: keys, policy: snapshot.tokenPolicy, nonce: flow.nonce,
                accessToken: tokens.accessToken?.reveal(), now: now)
            worker.value.worker?.count(.verified, at: flow.provider)
            return identity
        } catch {
            worker.value.worker?.count(.refused, at: flow.provider)
            throw error
        }
    }
}
