import HTTP
import Logging
import Posix
import Reactor
import Sessions
import Settings
import Tokens
import Transport

/// What the workers know of a provider. Immutable, and swapped whole.
struct ProviderSnapshot: Sendable {
    let name: String
    let tokenPolicy: TokenPolicy
    var metadata: ProviderMetadata?
    /// The last good set. Its generation changes when its keys do.
    var keys: KeySet?
}

/// Why a provider could not be used.
enum ProviderError: Error, Sendable, CustomStringConvertible {
    /// Its metadata has not been fetched yet: nobody can sign in.
    case notDiscovered
    case unreachable(ClientError, url: String)
    case status(Int, url: String)
    /// What it answered does not hold.
    case malformed(String, url: String)

    var description: String {
        switch self {
        case .notDiscovered: "its metadata has not been fetched yet"
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

    private let loop: LoopBound<EventLoop>
    private let client: LoopBound<HTTPClient>
    private let limits: LimitSettings
    private let events: Logger
    private var publish: @Sendable (ProviderSnapshot) -> Void = { _ in }

    private(set) var snapshot: ProviderSnapshot
    private var schedule = KeySetSchedule()
    private var throttle = UnknownKeyThrottle()
    private var fetching: Task<Bool, Never>?
    private var usedFlows: RecentFlows

    init(
        _ settings: ProviderSettings, limits: LimitSettings, loop: LoopBound<EventLoop>, client: LoopBound<HTTPClient>,
        events: Logger
    ) {
        self.settings = settings
        self.limits = limits
        self.loop = loop
        self.client = client
        self.events = events
        executor = loop.executor
        snapshot = ProviderSnapshot(
            name: settings.name, tokenPolicy: TokenPolicy(issuer: settings.issuer, audiences: [settings.clientID]))
        usedFlows = RecentFlows(lifetime: limits.loginStateLifetime.seconds)
    }

    /// Fetches metadata and keys now, and from then on before they expire.
    func start(publish: @escaping @Sendable (ProviderSnapshot) -> Void) {
        self.publish = publish
        Task { await keepFresh() }
    }

    // MARK: Keys

    private func keepFresh() async {
        while true {
            await refresh()
            await sleep(seconds: max(1, schedule.nextFetch - loop.value.wallSeconds))
        }
    }

    /// A token names a key that is not in the set: fetches it again, once for everybody who asks, and
    /// not more often than the throttle allows.
    func snapshotAfterUnknownKey() async -> ProviderSnapshot {
        if fetching != nil || throttle.allows(now: loop.value.wallSeconds) { await refresh() }
        return snapshot
    }

    /// One fetch at a time, whoever asks.
    private func refresh() async {
        if let fetching { return _ = await fetching.value }
        let task = Task { await fetch() }
        fetching = task
        _ = await task.value
        fetching = nil
    }

    private func fetch() async -> Bool {
        do {
            let metadata = try await fetchMetadata()
            let response = try await get(metadata.jwksURI)
            let url = metadata.jwksURI
            var keys: KeySet
            do { keys = try KeySet.parse(json: response.body) } catch {
                throw ProviderError.malformed("is no key set (\(error))", url: url)
            }
            schedule.succeeded(cacheControl: response.fields[.cacheControl], now: loop.value.wallSeconds)
            keys.generation = (snapshot.keys?.generation ?? 0) + (keys.fingerprint == snapshot.keys?.fingerprint ? 0 : 1)
            if snapshot.keys == nil { events.info("the provider's keys are loaded", metadata: ["provider": "\(settings.name)"]) }
            snapshot.metadata = metadata
            snapshot.keys = keys
            publish(snapshot)
            return true
        } catch {
            schedule.failed(now: loop.value.wallSeconds, random: Double.random(in: 0..<1))
            events.warning(
                "the provider's keys could not be fetched", metadata: ["provider": "\(settings.name)", "reason": "\(error)"])
            return false
        }
    }

    /// OpenID Connect Discovery 1.0, section 4.
    private func fetchMetadata() async throws(ProviderError) -> ProviderMetadata {
        let issuer = settings.issuer
        let url = (issuer.hasSuffix("/") ? String(issuer.dropLast()) : issuer) + "/.well-known/openid-configuration"
        let response = try await get(url)
        do { return try ProviderMetadata.parse(json: response.body, expectedIssuer: issuer) } catch {
            throw .malformed("\(error)", url: url)
        }
    }

    private func get(_ url: String) async throws(ProviderError) -> FetchedResponse {
        let response = try await send([.accept: "application/json"], to: url)
        guard response.status == 200 else { throw .status(response.status, url: url) }
        return response
    }

    /// GET, or POST where there is a body.
    private func send(_ fields: Fields, _ body: [UInt8]? = nil, to url: String) async throws(ProviderError) -> FetchedResponse {
        guard let parsed = ServiceURL(url) else { throw .malformed("is no http or https address", url: url) }
        let request = ClientRequest(
            method: body == nil ? .get : .post, target: parsed.target, host: parsed.authority, fields: fields, body: body ?? [])
        do {
            return try await client.value.fetch(
                request, to: parsed.endpoint, maxBody: limits.providerResponseSize,
                timeout: Nanoseconds(limits.providerTimeout.nanoseconds))
        } catch {
            throw .unreachable(error, url: url)
        }
    }

    private func sleep(seconds: Int64) async {
        let loop = loop.value
        await withCheckedContinuation { continuation in
            loop.schedule(after: .seconds(seconds)) { continuation.resume() }
        }
    }

    // MARK: Code exchange

    /// True the first time that it is asked for this flow: a callback that a browser repeats must not
    /// send its code again (RFC 6749 section 4.1.2: the provider may revoke what it issued for it).
    func claim(_ flow: SessionID) -> Bool {
        usedFlows.insert(flow, now: loop.value.wallSeconds)
    }

    /// Exchanges an authorization code (RFC 6749 section 4.1.3, RFC 7636 section 4.5). Never repeated:
    /// a code is good for one try.
    func exchange(code: String, codeVerifier: String, redirectURI: String) async throws(ProviderError) -> TokenResponse {
        guard let metadata = snapshot.metadata else { throw .notDiscovered }
        let form = TokenRequest.authorizationCode(
            code: code, redirectURI: redirectURI, codeVerifier: codeVerifier, client: settings.clientCredentials)
        let response = try await send(form.fields, form.body, to: metadata.tokenEndpoint)
        do { return try TokenResponse.parse(status: response.status, json: response.body) } catch {
            throw .malformed("\(error)", url: metadata.tokenEndpoint)
        }
    }
}

extension ProviderSettings {
    fileprivate var clientCredentials: Int { 0 }
}
