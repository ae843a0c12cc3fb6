import Bytes
import Cryptography
import Logging
import Origins
import Reactor
import Sessions
import Settings
import TLS
import Telemetry
import Tokens
import Transport

/// What all workers share: nothing in it changes. A reload makes another, which goes on with what the new config leaves as
/// it was.
final class Shared: Sendable {
    let configuration: Configuration
    let sites: SiteTable
    let template = PageTemplate()
    let keyRing: KeyRing
    /// What the listeners have to begin with, by name.
    let contexts: [String: TLSServerContext]
    /// Listeners that answer every request with a redirect to HTTPS, by name.
    let redirectingListeners: Set<String>
    let logs: LogOutputs
    let events = Logger(label: "postern")
    let metricLayout: MetricLayout
    /// By name: actors on the control loop.
    let providers: [String: Provider]
    /// By origin: actors on the control loop. Origins that look for the same credentials have the same one.
    let credentialKeepers: [String: CredentialKeeper]
    /// Whom origins trust that are asked over TLS, by name. Reading the system's authorities takes a while: the workers
    /// share what is read once.
    let originAuthorities: [String: TLSClientContext]
    let revocations: Revocations
    let census: ConnectionCensus
    /// Of the control loop.
    let resolver: LoopBound<Resolver>

    /// - Parameters:
    ///   - descriptors: how many the process may have open.
    ///   - environment: the process's variables.
    ///   - loop: the control loop, which is the calling thread's.
    ///   - revoked: what was ended before this process began.
    ///   - old: what it takes the place of; `revoked` is known there already.
    init(
        _ configuration: Configuration, contexts: [String: TLSServerContext], descriptors: Int,
        environment: [String: String], logs: LogOutputs, loop: EventLoop, revoked: RevocationList = RevocationList(),
        continuing old: Shared? = nil
    ) throws {
        self.configuration = configuration
        self.contexts = contexts
        census = ConnectionCensus(configuration, descriptors: descriptors, continuing: old?.census)
        self.logs = logs
        sites = SiteTable(configuration.sites)
        // Where nobody can sign in nothing is sealed, and the config needs no keys.
        let keys = configuration.sessionKeys.map { SecretBytes($0.bytes) }
        keyRing = try KeyRing(keys.isEmpty ? [SecretBytes(SecureRandom.bytes(32))] : keys)
        redirectingListeners = Set(configuration.listeners.filter(\.redirectToHTTPS).map(\.name))
        metricLayout = MetricLayout(
            names: MetricNames(
                sites: configuration.sites.map(\.name), listeners: configuration.listeners.map(\.name),
                providers: configuration.providers.map(\.name), origins: configuration.origins.map(\.name),
                continuing: old?.metricLayout.names))
        revocations = old?.revocations ?? Revocations(loop: LoopBound(loop, to: loop.executor), list: revoked)
        resolver = old?.resolver ?? LoopBound(Resolver(loop: loop), to: loop.executor)
        var authorities = Authorities()
        originAuthorities = try configuration.origins.reduce(into: [:]) { contexts, settings in
            let isSame = old?.configuration.origins.contains(settings) == true
            contexts[settings.name] =
                isSame ? old?.originAuthorities[settings.name] : try authorities.context(of: settings)
        }
        var providers: [String: Provider] = [:]
        for settings in configuration.providers {
            let before = old?.providers[settings.name]
            if let before, before.isSame(settings, limits: configuration.limits) {
                providers[settings.name] = before
                continue
            }
            let tls = try authorities.context(settings.authorities)
            let client = HTTPClient(loop: loop, resolver: resolver.value, tls: tls, limits: ClientLimits())
            providers[settings.name] = try Provider(
                settings, limits: configuration.limits, loop: LoopBound(loop, to: loop.executor),
                client: LoopBound(client, to: loop.executor), events: events, continuing: before)
        }
        self.providers = providers
        credentialKeepers = try CredentialKeeper.all(
            configuration.origins, environment: environment, loop: loop, resolver: resolver.value, events: events,
            continuing: old?.credentialKeepers ?? [:])
    }

    /// Tells what the machine does not give that the config asks for.
    ///
    /// - Parameter descriptors: how many the process may have open.
    func warn(descriptors: Int) {
        if logs.lacksJournal {
            events.warning("log.access is journald, and there is no journal here: it goes to standard output")
        }
        guard census.limit < configuration.limits.connections else { return }
        events.warning(
            "limits.connections is higher than the process's limit of file descriptors allows",
            metadata: ["connections": "\(census.limit)", "descriptors": "\(descriptors)"])
    }

    /// Each once.
    var keepers: [CredentialKeeper] {
        Dictionary(credentialKeepers.values.map { (ObjectIdentifier($0), $0) }) { first, _ in first }.map(\.value)
    }

    /// What origins that look for credentials have found so far; on the control loop.
    var latestCredentials: [(origin: String, Credentials)] {
        credentialKeepers.compactMap { origin, keeper in
            keeper.assumeIsolated { $0.status.latest }.map { (origin, $0) }
        }
    }
}
