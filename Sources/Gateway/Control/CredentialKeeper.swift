import Logging
import Origins
import Posix
import Reactor
import Settings
import Transport

/// Keeps the credentials of one search fresh: loads them, and again well before they end. Where that fails the last good
/// ones serve on until they end themselves.
///
/// It lives on the control loop. Workers get what it loads as a message; nobody waits for it.
actor CredentialKeeper: LoopActor {
    /// What is known of them now.
    struct Status: Sendable {
        var latest: Credentials?
        /// Whether the last try failed.
        var isFailing = false
        var hasTried = false
        var loaded = 0
        var failed = 0
    }

    nonisolated let executor: LoopExecutor
    /// The names of the origins that they are for.
    nonisolated let origins: [String]
    /// What is there without asking anybody, from the start.
    nonisolated let initial: Credentials?
    private(set) var status = Status()

    private let chain: CredentialChain
    private let loop: LoopBound<EventLoop>
    private let events: Logger
    private var schedule = RefreshSchedule()
    private var publish: @Sendable (Credentials?) -> Void = { _ in }

    init(_ chain: CredentialChain, origins: [String], loop: LoopBound<EventLoop>, events: Logger) {
        self.chain = chain
        self.origins = origins
        self.loop = loop
        self.events = events
        executor = loop.executor
        initial = chain.immediate
    }

    /// One for each search, by the names of all origins that have it.
    ///
    /// - Parameter loop: the calling thread's.
    static func all(
        _ origins: [OriginSettings], environment: [String: String], loop: EventLoop, resolver: Resolver, events: Logger
    ) throws -> [String: CredentialKeeper] {
        var names: [CredentialSearch: [String]] = [:]
        for origin in origins {
            guard case .s3(let s3) = origin.kind, case .found(let search) = s3.credentials else { continue }
            names[CredentialSearch(search, region: s3.region), default: []].append(origin.name)
        }
        guard !names.isEmpty else { return [:] }
        var limits = ClientLimits()
        limits.idleConnections = 0
        let client = HTTPClient(loop: loop, resolver: resolver, tls: try TLSContexts.client(nil), limits: limits)
        let bound = LoopBound(client, to: loop.executor)
        var keepers: [String: CredentialKeeper] = [:]
        for (search, names) in names {
            let keeper = CredentialKeeper(
                CredentialChain(search, environment: environment, client: bound), origins: names,
                loop: LoopBound(loop, to: loop.executor), events: events)
            for name in names { keepers[name] = keeper }
        }
        return keepers
    }

    /// Loads them now, and from then on before they end.
    ///
    /// - Parameter publish: called with new ones, and with nil after a try that brought none.
    func run(_ publish: @escaping @Sendable (Credentials?) -> Void) async {
        self.publish = publish
        while let pause = await refresh() { await sleep(until: loop.value.wallSeconds + pause) }
    }

    /// The seconds to the next try; nil where there is nothing to load again.
    private func refresh() async -> Int64? {
        let random = UInt64.random(in: 0 ... .max)
        let pause: Int64?
        var news: Credentials?
        do {
            let (credentials, source) = try await chain.load()
            let isNew = status.latest?.isSame(as: credentials) != true
            if isNew || status.isFailing { report(credentials, from: source) }
            if isNew {
                status.latest = credentials
                news = credentials
            }
            status.isFailing = false
            status.loaded += 1
            pause = schedule.succeeded(
                from: source, expiresAt: credentials.expiresAt, now: loop.value.wallSeconds, random: random)
        } catch {
            status.isFailing = true
            status.failed += 1
            report(error)
            pause = schedule.failed(random: random)
        }
        status.hasTried = true
        publish(news)
        return pause
    }

    private func report(_ credentials: Credentials, from source: CredentialSource) {
        var metadata: Logger.Metadata = ["origins": names, "source": "\(source.rawValue)"]
        if let end = credentials.expiresAt {
            metadata["valid_for_minutes"] = "\((end - loop.value.wallSeconds) / 60)"
        }
        events.info("credentials are loaded", metadata: metadata)
    }

    private func report(_ error: CredentialError) {
        let now = loop.value.wallSeconds
        var metadata: Logger.Metadata = ["origins": names, "reason": "\(error)"]
        guard let latest = status.latest, latest.holds(at: now) else {
            return events.error("there are no credentials, and requests are answered with 503", metadata: metadata)
        }
        if let end = latest.expiresAt { metadata["valid_for_minutes"] = "\((end - now) / 60)" }
        events.warning("credentials could not be renewed, and the last ones serve on", metadata: metadata)
    }

    private var names: Logger.MetadataValue { "\(origins.joined(separator: ","))" }

    /// The clock may be set meanwhile, or the machine have slept: it is looked at every minute.
    private func sleep(until end: Int64) async {
        let loop = loop.value
        while loop.wallSeconds < end {
            let pause = min(end - loop.wallSeconds, 60)
            await withCheckedContinuation { continuation in
                loop.schedule(after: Nanoseconds.seconds(pause)) { continuation.resume() }
            }
        }
    }
}
