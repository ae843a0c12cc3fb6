import Cryptography
import HTTP
import Logging
import Posix
import Reactor
import Sessions
import Settings
import Telemetry
import Tokens
import Transport

/// What the workers know of a provider. Immutable, and swapped whole.
struct ProviderSnapshot: Sendable {
    let name: String
    let tokenPolicy: TokenPolicy
    var metadata: ProviderMetadata?
    /// The last good set. Its generation changes when its keys do.
    var keys: KeySet?
    /// When that set was last seen at the provider, in Unix seconds.
    var keysSeenAt: Int64 = 0
    /// Whether the last look at the provider succeeded.
    var isUpToDate = false
    var withdrawnKeys = WithdrawnKeys()
    /// When strangers' tokens may next cause a fetch: who would be told no need not ask.
    var strangers = UnknownKeyThrottle()

    /// The same under another policy.
    func with(_ policy: TokenPolicy) -> ProviderSnapshot {
        var snapshot = ProviderSnapshot(name: name, tokenPolicy: policy)
        snapshot.metadata = metadata
        (snapshot.keys, snapshot.keysSeenAt, snapshot.isUpToDate) = (keys, keysSeenAt, isUpToDate)
        (snapshot.withdrawnKeys, snapshot.strangers) = (withdrawnKeys, strangers)
        return snapshot
    }
}

/// What many hold at once: to take hold of it costs one reference counted, however much is in it.
final class Immutable<Value: Sendable>: Sendable {
    let value: Value

    init(_ value: Value) {
        self.value = value
    }
}

/// Whose token names a key that is not in the set, and so how often the set may be fetched again for it.
enum KeyDoubt: Hashable, Sendable {
    /// A token that the provider has just issued to this client: fetched each time, for it took a code to get here.
    case signIn
    /// A session that was sealed here, or by another instance.
    case session
    /// A bearer token, which anybody can make up.
    case stranger
}

/// What is counted of a provider.
enum ProviderIncident: Sendable {
    /// Its metadata and keys were fetched, or could not be.
    case keySetFetch(MetricResult)
    /// A request to it has ended, after this time.
    case request(MetricResult, Nanoseconds)
    /// An ID token that came with a renewal was checked.
    case tokenCheck(TokenCheck)
    /// What came of renewing a session.
    case renewal(RenewalOutcome)
}

/// Why a provider could not be used.
enum ProviderError: Error, Sendable, CustomStringConvertible {
    /// Its metadata has not been fetched yet: nobody can sign in.
    case notDiscovered
    /// It has no userinfo endpoint, or gave no access token to ask it with.
    case noUserInfo
    case unreachable(ClientError, url: String)
    case status(Int, url: String)
    /// What it answered does not hold.
    case malformed(String, url: String)

    var description: String {
        switch self {
        case .notDiscovered: "its metadata has not been fetched yet"
        case .noUserInfo: "it has no userinfo endpoint, or gave no access token"
        case .unreachable(let error, let url): "\(url): \(error)"
        case .status(let status, let url): "\(url) answered \(status)"
        case .malformed(let what, let url): "\(url): \(what)"
        }
    }
}

/// One OpenID provider: its metadata and keys, kept fresh, and the calls that are made to it.
///
/// It lives on the control loop. Whatever a worker needs in a hurry is in the snapshot that it publishes; the
/// rest is asked with `await`.
actor Provider: LoopActor {
    nonisolated let executor: LoopExecutor
    nonisolated let settings: ProviderSettings

    let loop: LoopBound<EventLoop>
    private let client: LoopBound<HTTPClient>
    private let limits: LimitSettings
    let events: Logger
    private var publish: @Sendable (ProviderSnapshot) -> Void = { _ in }
    /// Hears of what is counted.
    var count: @Sendable (ProviderIncident) -> Void = { _ in }

    private(set) var snapshot: ProviderSnapshot
    /// Why it could not be looked at, the last time; nil where it could.
    private(set) var problem: String?
    /// The last good set, also once it has become too old to be believed.
    private var latestKeys: KeySet?
    private var schedule: KeySetSchedule
    private var sessions = UnknownKeyThrottle()
    private var fetching: Task<Void, Never>?
    private var sleeping: (timer: TimerToken, continuation: CheckedContinuation<Void, Never>)?
    private var isOver = false
    /// Whether its keys have been looked for, with or without success, here or before.
    private(set) var hasTried = false
    /// What the client proves itself with, where it has a key.
    let clientKey: ClientKey?
    /// Pushed requests that are under way, and when the next may be, on the monotonic clock in milliseconds.
    var pushes = 0
    var nextPush: Int64 = 0
    /// What comes of renewing sessions, and is remembered of it.
    var renewals = Renewals()

    /// - Parameter old: the provider of that name before a reload. What it knew of the same issuer is known here.
    init(
        _ settings: ProviderSettings, limits: LimitSettings, loop: LoopBound<EventLoop>, client: LoopBound<HTTPClient>,
        events: Logger, continuing old: Provider? = nil
    ) throws(SigningKeyError) {
        self.settings = settings
        clientKey = try settings.clientKey()
        self.limits = limits
        self.loop = loop
        self.client = client
        self.events = events
        executor = loop.executor
        schedule = KeySetSchedule(now: 0)
        let policy = settings.tokenPolicy
        snapshot = ProviderSnapshot(name: settings.name, tokenPolicy: policy)
        guard let old else { return }
        let before = old.settings
        guard settings.issuer == before.issuer, settings.metadataIssuer == before.metadataIssuer,
            policy.algorithms == before.tokenPolicy.algorithms
        else { return }
        if settings.clientID == before.clientID { renewals.known = old.assumeIsolated { $0.renewals.known } }
        (snapshot, latestKeys, schedule, hasTried) = old.assumeIsolated {
            ($0.snapshot.with(policy), $0.latestKeys, $0.schedule, $0.hasTried)
        }
    }

    /// Whether it would be no other by these settings.
    nonisolated func isSame(_ settings: ProviderSettings, limits: LimitSettings) -> Bool {
        self.settings == settings && self.limits.providerTimeout == limits.providerTimeout
            && self.limits.providerResponseSize == limits.providerResponseSize
    }

    /// Fetches metadata and keys now, and from then on before they expire.
    func start(
        publish: @escaping @Sendable (ProviderSnapshot) -> Void, count: @escaping @Sendable (ProviderIncident) -> Void
    ) {
        self.publish = publish
        self.count = count
        task { await $0.keepFresh() }
    }

    /// It is in the config no more: nothing is fetched any more but what somebody waits for.
    func stop() {
        isOver = true
        publish = { _ in }
        client.value.retire()
        wake()
    }

    // MARK: Keys

    private func keepFresh() async {
        while !isOver {
            await refresh()
            if !isOver { await sleep(milliseconds: max(100, schedule.nextFetch - now)) }
        }
    }

    /// A token names a key that is not in the set: fetches it again, once for everybody who asks at the time, and
    /// for strangers and for sessions not more often than their throttles allow.
    func snapshotAfterUnknownKey(_ doubt: KeyDoubt) async -> ProviderSnapshot {
        // A fetch that is under way may have begun before the provider changed its keys.
        if doubt == .signIn, let fetching { _ = await fetching.value }
        if fetching != nil || allowsFetch(doubt) { await refresh() }
        return snapshot
    }

    private func allowsFetch(_ doubt: KeyDoubt) -> Bool {
        switch doubt {
        case .signIn: true
        case .session: sessions.allowsFetch(now: now)
        case .stranger: snapshot.strangers.allowsFetch(now: now)
        }
    }

    /// One fetch at a time, whoever asks.
    private func refresh() async {
        if let fetching { return await fetching.value }
        let fetch = task {
            await $0.fetch()
            $0.fetching = nil
        }
        fetching = fetch
        await fetch.value
    }

    private func fetch() async {
        do {
            let metadata = try await fetchMetadata().value
            let askedAt = loop.value.wallSeconds
            var (keys, response) = try await fetchKeys(metadata)
            let cacheControl = response.fields.values(of: .cacheControl).joined(separator: ",")
            schedule.succeeded(now: now, cacheControl: cacheControl)
            keys.generation = latestKeys?.generation ?? 0
            if keys.fingerprint != latestKeys?.fingerprint {
                keys.generation += 1
                snapshot.withdrawnKeys.note(keys, after: latestKeys, now: askedAt)
                events.info(
                    "the provider's keys are loaded",
                    metadata: ["provider": "\(settings.name)", "keys": "\(keys.keys.count)"])
            }
            problem = nil
            snapshot.metadata = metadata
            latestKeys = keys
            snapshot.keys = keys
            snapshot.keysSeenAt = askedAt
            snapshot.isUpToDate = true
            hasTried = true
            count(.keySetFetch(.ok))
            publish(snapshot)
        } catch {
            schedule.failed(now: now, random: UInt64.random(in: 0 ... .max))
            if !schedule.isUsable(now: now) { snapshot.keys = nil }
            snapshot.isUpToDate = false
            hasTried = true
            count(.keySetFetch(.failed))
            publish(snapshot)
            events.warning(
                "the provider's keys could not be fetched",
                metadata: ["provider": "\(settings.name)", "reason": "\(error)"])
            problem = "\(error)"
        }
    }

    /// OpenID Connect Discovery 1.0, section 4.
    func fetchMetadata() async throws(ProviderError) -> (value: ProviderMetadata, response: FetchedResponse) {
        let issuer = settings.issuer
        guard let url = ProviderMetadata.url(issuer: issuer) else {
            throw .malformed("is no address to fetch metadata from", url: issuer)
        }
        let response = try await get(url)
        do {
            return (try ProviderMetadata.parse(response.body, expectedIssuer: settings.metadataIssuer), response)
        } catch {
            throw .malformed("is not this provider's metadata (\(error))", url: url.text)
        }
    }

    /// The keys that can be used, one at least (RFC 7517 section 5).
    func fetchKeys(_ metadata: ProviderMetadata) async throws(ProviderError) -> (
        value: KeySet, response: FetchedResponse
    ) {
        let response = try await get(metadata.keySetURL)
        let keys: KeySet
        let algorithms = settings.tokenPolicy.algorithms
        do { keys = try KeySet.parse(json: response.body, algorithms: algorithms) } catch {
            throw ProviderError.malformed("is no key set (\(error))", url: metadata.keySetURL.text)
        }
        guard !keys.isEmpty else {
            let names = algorithms.map(\.rawValue).joined(separator: ", ")
            throw ProviderError.malformed("holds no key for \(names)", url: metadata.keySetURL.text)
        }
        return (keys, response)
    }

    private func get(_ url: ProviderURL) async throws(ProviderError) -> FetchedResponse {
        let response = try await send([.accept: "application/json"], to: url)
        guard response.status == 200 else { throw .status(response.status, url: url.text) }
        return response
    }

    /// GET, or POST where there is a body.
    func send(
        _ fields: Fields, _ body: [UInt8]? = nil, to url: ProviderURL
    ) async throws(ProviderError) -> FetchedResponse {
        var request = ClientRequest(
            method: body == nil ? .get : .post, target: Array(url.target.utf8), host: url.authority.description,
            fields: fields, body: body ?? [])
        // A code is good for one try, and must not be lost with a connection that the provider has just ended.
        request.needsNewConnection = body != nil
        let began = MonotonicTime.now()
        do {
            let response = try await client.value.fetch(
                request, to: Endpoint(host: url.host, port: url.port, isSecure: url.isSecure),
                maxBody: limits.providerResponseSize, timeout: Nanoseconds(limits.providerTimeout))
            count(.request(response.status < 500 ? .ok : .failed, MonotonicTime.now() - began))
            return response
        } catch {
            count(.request(.failed, MonotonicTime.now() - began))
            throw .unreachable(error, url: url.text)
        }
    }

    var now: Int64 { Self.milliseconds(loop.value.now) }

    /// The monotonic clock, as schedule and throttles count.
    nonisolated static func milliseconds(_ time: MonotonicTime) -> Int64 { Int64(time.nanoseconds / 1_000_000) }

    private func sleep(milliseconds: Int64) async {
        let loop = loop.value
        await withCheckedContinuation { continuation in
            let timer = loop.schedule(after: Nanoseconds.milliseconds(milliseconds)) {
                self.assumeIsolated { $0.wake() }
            }
            sleeping = (timer, continuation)
        }
    }

    private func wake() {
        guard let (timer, continuation) = sleeping else { return }
        sleeping = nil
        loop.value.cancel(timer)
        continuation.resume()
    }

    // MARK: Code exchange

    /// Exchanges an authorization code (RFC 6749 section 4.1.3, RFC 7636 section 4.5). Never repeated:
    /// a code is good for one try.
    func exchange(code: String, codeVerifier: String, redirectURI: String) async throws -> TokenResponse {
        guard let metadata = snapshot.metadata else { throw ProviderError.notDiscovered }
        let form = TokenRequest.code(
            code, redirectURI: redirectURI, verifier: codeVerifier, credentials: clientCredentials)
        let response = try await send(form.fields, form.body, to: metadata.tokenEndpoint)
        return try TokenResponse.parse(status: response.status, body: response.body, requiresIDToken: true)
    }
}
