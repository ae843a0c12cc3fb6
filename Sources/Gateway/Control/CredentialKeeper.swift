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
        var isFailing: Bool { problem != nil }
        /// Why it did.
        var problem: String?
        var hasTried = false
        var loaded = 0
        var failed = 0
    }

    nonisolated let executor: LoopExecutor
    nonisolated let search: CredentialSearch
    /// The names of the origins that they are for.
    var origins: [String]
    /// What is there without asking anybody, from the start.
    nonisolated let initial: Credentials?
    private(set) var status = Status()

    private let chain: CredentialChain
    private let loop: LoopBound<EventLoop>
    private let events: Logger
    private var schedule = RefreshSchedule()
    private var publish: @Sendable (Credentials?, _ succeeded: Bool) -> Void = { _, _ in }
    /// When to load next, and when that was last asked for out of turn; Unix seconds.
    private var due: Int64 = 0
    private var askedAt: Int64 = 0
    private var waiting: (timer: TimerToken, continuation: CheckedContinuation<Void, Never>)?
    private var isRunning = false
    private var isOver = false

    /// For so many seconds nobody else can have them loaded out of turn.
    static let cooldown: Int64 = 10

    init(
        _ search: CredentialSearch, _ chain: CredentialChain, origins: [String], loop: LoopBound<EventLoop>,
        events: Logger
    ) {
        self.search = search
        self.chain = chain
        self.origins = origins
        self.loop = loop
        self.events = events
        executor = loop.executor
        initial = chain.immediate
    }

    /// One for each search, by the names of all origins that have it.
    ///
    /// - Parameters:
    ///   - loop: the calling thread's.
    ///   - old: those that there are already, and go on.
    static func all(
        _ origins: [OriginSettings], environment: [String: String], loop: EventLoop, resolver: Resolver,
        events: Logger, continuing old: [String: CredentialKeeper]
    ) throws -> [String: CredentialKeeper] {
        var names: [CredentialSearch: [String]] = [:]
        for origin in origins {
            guard case .s3(let s3) = origin.kind, case .found(let search) = s3.credentials else { continue }
            names[CredentialSearch(search, region: s3.region), default: []].append(origin.name)
        }
        var keepers: [String: CredentialKeeper] = [:]
        for keeper in old.values {
            for name in names.removeValue(forKey: keeper.search) ?? [] { keepers[name] = keeper }
        }
        guard !names.isEmpty else { return keepers }
        var limits = ClientLimits()
        limits.idleConnections = 0
        let client = HTTPClient(loop: loop, resolver: resolver, tls: try TLSContexts.client(nil), limits: limits)
        let bound = LoopBound(client, to: loop.executor)
        for (search, names) in names {
            let keeper = CredentialKeeper(
                search, CredentialChain(search, environment: environment, client: bound), origins: names,
                loop: LoopBound(loop, to: loop.executor), events: events)
            for name in names { keepers[name] = keeper }
        }
        return keepers
    }

    /// Loads them now, and from then on before they end.
    ///
    /// - Parameter publish: called after each try, with new ones where it brought any.
    func run(_ publish: @escaping @Sendable (Credentials?, _ succeeded: Bool) -> Void) async {
        self.publish = publish
        isRunning = true
        while !isOver, let pause = await refresh() {
            due = loop.value.wallSeconds + pause
            while !isOver, loop.value.wallSeconds < due { await sleep() }
        }
        isRunning = false
    }

    /// The config was read again: so are they. The last good ones serve meanwhile.
    ///
    /// - Parameter origins: that they are for now.
    func lookAgain(for origins: [String]) async {
        self.origins = origins
        if isRunning { reload() } else { await run(publish) }
    }

    /// No origin has any more use for them.
    func stop() {
        isOver = true
        publish = { _, _ in }
        wake()
    }

    /// A bucket does not take them any more, whatever they say of their end: loads them at once, but not too often.
    func reload() {
        let now = loop.value.wallSeconds
        guard now - askedAt >= Self.cooldown else { return }
        askedAt = now
        due = now
        wake()
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
            status.problem = nil
            status.loaded += 1
            pause = schedule.succeeded(
                from: source, expiresAt: credentials.expiresAt, now: loop.value.wallSeconds, random: random)
        } catch {
            status.problem = "\(error)"
            status.failed += 1
            report(error)
            pause = schedule.failed(random: random)
        }
        status.hasTried = true
        publish(news, !status.isFailing)
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

    /// Until they are due, and a minute at most: the clock may be set meanwhile, or the machine sleep.
    private func sleep() async {
        let loop = loop.value
        await withCheckedContinuation { continuation in
            let timer = loop.schedule(after: Nanoseconds.seconds(min(due - loop.wallSeconds, 60))) {
                self.assumeIsolated { $0.wake() }
            }
            waiting = (timer, continuation)
        }
    }

    private func wake() {
        guard let (timer, continuation) = waiting else { return }
        waiting = nil
        loop.value.cancel(timer)
        continuation.resume()
    }
}
