import Bytes
import Cryptography
import Logging
import Reactor
import Sessions
import Settings
import Telemetry
import Tokens
import Transport

/// What all workers share: nothing in it changes.
final class Shared: Sendable {
    let configuration: Configuration
    let sites: SiteTable
    let template = PageTemplate()
    let keyRing: KeyRing
    /// Listeners that answer every request with a redirect to HTTPS, by name.
    let redirectingListeners: Set<String>
    let logs: LogOutputs
    let events = Logger(label: "postern")
    let metricLayout: MetricLayout
    /// By name: actors on the control loop.
    let providers: [String: Provider]
    /// By origin: actors on the control loop. Origins that look for the same credentials have the same one.
    let credentialKeepers: [String: CredentialKeeper]
    let revocations: Revocations
    let census: ConnectionCensus

    /// - Parameters:
    ///   - descriptors: how many the process may have open.
    ///   - environment: the process's variables.
    ///   - loop: the control loop, which is the calling thread's.
    ///   - revoked: what was ended before this process began.
    init(
        _ configuration: Configuration, descriptors: Int, environment: [String: String], logs: LogOutputs,
        loop: EventLoop, revoked: RevocationList
    ) throws {
        self.configuration = configuration
        census = ConnectionCensus(configuration, descriptors: descriptors)
        self.logs = logs
        sites = SiteTable(configuration.sites)
        // Where nobody can sign in nothing is sealed, and the config needs no keys.
        let keys = configuration.sessionKeys.map { SecretBytes($0.bytes) }
        keyRing = try KeyRing(keys.isEmpty ? [SecretBytes(SecureRandom.bytes(32))] : keys)
        redirectingListeners = Set(configuration.listeners.filter(\.redirectToHTTPS).map(\.name))
        metricLayout = MetricLayout(
            names: MetricNames(
                sites: configuration.sites.map(\.name), listeners: configuration.listeners.map(\.name),
                providers: configuration.providers.map(\.name), origins: configuration.origins.map(\.name)))
        revocations = Revocations(loop: LoopBound(loop, to: loop.executor), list: revoked)
        let resolver = Resolver(loop: loop)
        var providers: [String: Provider] = [:]
        for settings in configuration.providers {
            let tls = try TLSContexts.client(settings.authorities)
            let client = HTTPClient(loop: loop, resolver: resolver, tls: tls, limits: ClientLimits())
            providers[settings.name] = try Provider(
                settings, limits: configuration.limits, loop: LoopBound(loop, to: loop.executor),
                client: LoopBound(client, to: loop.executor), events: events)
        }
        self.providers = providers
        credentialKeepers = try CredentialKeeper.all(
            configuration.origins, environment: environment, loop: loop, resolver: resolver, events: events)
    }
}
