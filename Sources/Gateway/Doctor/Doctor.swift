import HTTP
import Logging
import Origins
import Posix
import Reactor
import Settings
import TLS
import Transport

/// Checks a config against the world: the providers, buckets, directories and apps that it names, and this machine. It
/// asks by the clients, signatures and readers that `serve` asks by, all at once, and changes nothing.
package enum Doctor {
    /// For so long all of it may go on.
    package static let patience = Duration.seconds(60)

    /// - Throws: where the loop or a TLS context cannot be made.
    package static func examine(
        _ configuration: Configuration, environment: [String: String], patience: Duration = patience
    ) throws -> Checkup {
        Signal.ignoreBrokenPipes()
        let loop = try EventLoop()
        let examination = try Examination(
            configuration, environment: environment, loop: LoopBound(loop, to: loop.executor))
        examination.assumeIsolated { $0.begin() }
        loop.schedule(after: patience) { loop.stop() }
        loop.run()
        return examination.assumeIsolated { $0.checkup(after: patience) }
    }
}

/// One look at everything, part by part, on a loop of its own.
actor Examination: LoopActor {
    nonisolated let executor: LoopExecutor
    nonisolated let configuration: Configuration
    nonisolated let environment: [String: String]
    let loop: LoopBound<EventLoop>
    let resolver: LoopBound<Resolver>
    private let providers: [Provider]
    /// By parts' names, in the order in which they are told; nil until all of one is known.
    private var parts: [(name: String, findings: [Checkup.Finding]?)] = []

    init(_ configuration: Configuration, environment: [String: String], loop: LoopBound<EventLoop>) throws {
        self.configuration = configuration
        self.environment = environment
        executor = loop.executor
        let resolver = Resolver(loop: loop.value)
        self.loop = loop
        self.resolver = LoopBound(resolver, to: loop.executor)
        // What they would log is what is found.
        let events = Logger(label: "postern", factory: { _ in SwiftLogNoOpLogHandler() })
        providers = try configuration.providers.map { settings in
            let client = HTTPClient(
                loop: loop.value, resolver: resolver, tls: try TLSContexts.client(settings.authorities),
                limits: ClientLimits())
            return try Provider(
                settings, limits: configuration.limits, loop: loop, client: LoopBound(client, to: loop.executor),
                events: events)
        }
    }

    func begin() {
        for (settings, provider) in zip(configuration.providers, providers) {
            let addresses = configuration.redirectURIs(of: settings)
            look(at: "providers.\(settings.name)") { _ in await provider.examine(redirectURIs: addresses) }
        }
        for settings in configuration.origins {
            look(at: "origins.\(settings.name)") { await $0.examine(settings) }
        }
        for listener in configuration.listeners {
            guard let tls = listener.tls else { continue }
            look(at: "listeners.\(listener.name)") { $0.examine(listener, tls) }
        }
        look(at: "machine") { $0.examineMachine() }
    }

    private func look(
        at part: String, _ work: @escaping @Sendable (isolated Examination) async -> [Checkup.Finding]
    ) {
        let place = parts.count
        parts.append((part, nil))
        task {
            let found = await work($0)
            $0.parts[place].findings = found
            if $0.parts.allSatisfy({ $0.findings != nil }) { $0.loop.value.stop() }
        }
    }

    func checkup(after patience: Duration) -> Checkup {
        var checkup = Checkup()
        for part in parts {
            var late = PartFindings(part.name)
            if part.findings == nil {
                late.failed(
                    .time, "it was not done after \(patience.components.seconds) s", "See whether it answers at all")
            }
            checkup.findings += part.findings ?? late.findings
        }
        return checkup
    }

    // MARK: Listeners

    /// Certificates that end sooner are worth a warning, in seconds: those of Let's Encrypt are renewed a month before.
    static let soon: Int64 = 14 * 86_400

    private func examine(_ listener: ListenerSettings, _ tls: TLSSettings) -> [Checkup.Finding] {
        var part = PartFindings("listeners.\(listener.name)")
        let certificates: [TLSCertificateSummary]
        do { certificates = try TLSContexts.server(tls).certificates } catch {
            part.failed(.certificate, "\(error)", "Name a certificate and its key")
            return part.findings
        }
        let now = loop.value.wallSeconds
        for (settings, certificate) in zip(tls.certificates, certificates) {
            let end = HTTPDate.format(unixSeconds: certificate.notAfter)
            let name = "\(settings.chain.source) (\(certificate.names.prefix(5).joined(separator: ", ")))"
            if certificate.notAfter <= now {
                part.failed(.certificate, "\(name) ended on \(end)", "Renew it")
            } else if certificate.notBefore > now {
                let start = HTTPDate.format(unixSeconds: certificate.notBefore)
                part.failed(.certificate, "\(name) begins on \(start)", "Set this machine's clock, or wait")
            } else if certificate.notAfter - now < Self.soon {
                part.warning(.certificate, "\(name) ends on \(end)", "Renew it")
            } else {
                part.ok(.certificate, "\(name) has its key, and ends on \(end)")
            }
        }
        let hosts = configuration.sites.flatMap(\.hosts).map(\.name).filter { host in
            !SiteHost.isLoopback(host) && !host.hasPrefix("[") && IPAddress(host) == nil
        }
        let bare = hosts.filter { host in !certificates.contains { $0.isFor(host) } }
        if !bare.isEmpty {
            part.warning(
                .names, "no certificate here is for \(bare.prefix(10).joined(separator: ", "))",
                "Add one that is, unless browsers come to these hosts by another listener or a proxy")
        } else if !hosts.isEmpty {
            part.ok(.names, "the certificates are for the sites' hosts")
        }
        return part.findings
    }

    // MARK: The machine

    private func examineMachine() -> [Checkup.Finding] {
        var part = PartFindings("machine")
        if !configuration.sessionKeys.isEmpty {
            let count = configuration.sessionKeys.count
            part.ok(.sessionKeys, count == 1 ? "there is one" : "there are \(count), of which the first seals")
        }
        let candidates = StateDirectory.candidates(
            configured: configuration.stateDirectory, environment: environment)
        let tried = candidates.map { (path: $0, problem: Self.problem(ofWritingTo: $0)) }
        if let good = tried.first(where: { $0.problem == nil }) {
            part.ok(.stateDirectory, "\(good.path) can be written to")
        } else {
            part.failed(
                .stateDirectory,
                tried.map { "\($0.path): \($0.problem ?? "")" }.joined(separator: "; ")
                    + "; what was ended would begin again with a restart",
                "Make it, for the user that Postern runs as, or name another in state_directory")
        }
        let descriptors = ProcessLimits.raiseOpenFiles()
        let most = ConnectionCensus.most(descriptors: descriptors)
        if most < configuration.limits.connections {
            part.warning(
                .openFiles, "\(descriptors) files may be open, and so \(most) connections",
                "Raise the limit (LimitNOFILE=), or lower limits.connections, which is \(configuration.limits.connections)"
            )
        } else {
            part.ok(.openFiles, "\(descriptors) files may be open")
        }
        return part.findings
    }

    /// Why nothing can be kept in a directory. One that is not there is made by `serve`, and not here: it would be
    /// another user's.
    private static func problem(ofWritingTo path: String) -> String? {
        var place = path
        while place != "/", (try? FileStatus.of(path: place)) == nil {
            place = place.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 }
            if place.isEmpty { place = "/" }
        }
        do throws(SystemError) {
            try File.probeWriting(directory: place)
            return nil
        } catch {
            return error.reason
        }
    }
}

extension TLSCertificateSummary {
    /// RFC 6125 section 6.4.3.
    fileprivate func isFor(_ host: String) -> Bool {
        let parent = host.firstIndex(of: ".").map { host[host.index(after: $0)...] }
        return names.contains { name in
            name == host || name.hasPrefix("*.") && parent.map { name.dropFirst(2) == $0 } == true
        }
    }
}
