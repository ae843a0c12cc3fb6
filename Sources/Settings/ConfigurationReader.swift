import Bytes

/// Makes the typed configuration of a checked tree, and finds what only shows across keys: what is
/// missing, what excludes each other, and names of nothing.
struct ConfigurationReader {
    let source: ContentSource
    var faults: FaultList

    /// Nil, or a configuration that may only be used where no fault is an error.
    mutating func read(_ root: SettingSection, file: String) -> Configuration? {
        let proxies = root.value(Options.trustedProxies).map(\.value)
        let listeners = listeners(in: root, hasTrustedProxies: !proxies.isEmpty)
        let admin = admin(in: root.section("admin"), listeners: listeners)
        let providers = providers(in: root.section("providers"))
        let origins = origins(in: root.section("origins"))
        let context = SiteContext(
            providers: root.section("providers").named.map(\.name), origins: root.section("origins").named.map(\.name),
            originsOfVersions: origins.filter(\.takesParameters).map(\.name),
            apps: origins.filter(\.isApp).map(\.name),
            hasTLSListener: root.section("listeners").named.contains { $0.section("tls").isPresent },
            hasTrustedProxies: !proxies.isEmpty)
        let sites = sites(in: root, context)
        let keys = sessionKeys(in: root)
        warnOfPlainListeners(listeners, sites, hasTrustedProxies: !proxies.isEmpty)
        return Configuration(
            file: file, listeners: listeners.map(\.value), admin: admin, workers: root.value(Options.workers),
            trustedProxies: proxies, sessionKeys: keys,
            stateDirectory: root.located(Options.stateDirectory).map(source.path), providers: providers,
            origins: origins,
            sites: sites, log: log(in: root.section("log")), traces: traces(in: root.section("traces")),
            limits: limits(in: root.section("limits")))
    }

    // MARK: Session keys

    private mutating func sessionKeys(in root: SettingSection) -> [Secret] {
        let option = Options.sessionKeys
        let needsKeys = root.section("sites").named.contains { $0.has(Options.siteProvider) }
        guard let references = root.located(option) else {
            if needsKeys, !root.has(option) {
                faults.error(
                    root.position, option.path, "the key is missing, and sites with a provider need it",
                    "Run `postern secret > session.key`, and add session_keys: [file:session.key]")
            }
            return []
        }
        if references.value.isEmpty, needsKeys {
            faults.error(
                references.position, option.path, "the list is empty, and sites with a provider need a key",
                "Run `postern secret > session.key`, and add file:session.key to it")
        }
        return references.value.compactMap { sessionKey($0) }
    }

    private mutating func sessionKey(_ reference: Located<ContentReference>) -> Secret? {
        let key = Options.sessionKeys.path
        guard let bytes = source.read(reference, key: key, isSecret: true, &faults) else { return nil }
        do {
            _ = try KeyText.decode(bytes)
            return Secret(bytes)
        } catch {
            faults.error(
                reference.position, key, "the key in \(reference.value) cannot be used: \(error.rawValue)",
                "Run `postern secret` for a good one")
            return nil
        }
    }

    // MARK: Log and limits

    private mutating func log(in section: SettingSection) -> LogSettings {
        var access = section.value(Options.logAccess)
        if case .file(let path) = access {
            let absolute = source.path(path, at: section.position(of: Options.logAccess))
            access = .file(absolute)
            let directory = PathText.directory(of: absolute)
            if source.files.status(directory)?.isDirectory != true {
                // A unit may make it at the start (LogsDirectory=).
                faults.warning(
                    section.position(of: Options.logAccess), section.key(of: Options.logAccess),
                    "the directory \(directory) does not exist", "Make it, or log to stdout")
            } else if source.files.status(absolute)?.isDirectory == true {
                faults.error(
                    section.position(of: Options.logAccess), section.key(of: Options.logAccess),
                    "\(absolute) is a directory", "Name a file in it")
            }
        }
        return LogSettings(
            level: section.value(Options.logLevel), format: section.value(Options.logFormat), access: access)
    }

    private func traces(in section: SettingSection) -> TraceSettings {
        TraceSettings(from: section.value(Options.tracesFrom), begin: section.value(Options.tracesBegin))
    }

    private func limits(in section: SettingSection) -> LimitSettings {
        LimitSettings(
            requestLine: section.value(Options.limitRequestLine),
            fieldsSize: section.value(Options.limitFieldsSize),
            fieldsCount: section.value(Options.limitFieldsCount),
            bodySize: section.value(Options.limitBodySize),
            connections: section.value(Options.limitConnections),
            connectionsPerAddress: section.value(Options.limitConnectionsPerAddress),
            requestsPerConnection: section.value(Options.limitRequestsPerConnection),
            streamsPerConnection: section.value(Options.limitStreamsPerConnection),
            http2Resets: section.value(Options.limitHTTP2Resets),
            http2Refusals: section.value(Options.limitHTTP2Refusals),
            http2IdleFrames: section.value(Options.limitHTTP2IdleFrames),
            http2Continuations: section.value(Options.limitHTTP2Continuations),
            tlsHandshakes: section.value(Options.limitTLSHandshakes),
            tlsHandshakeTimeout: section.value(Options.limitTLSHandshakeTimeout),
            headTimeout: section.value(Options.limitHeadTimeout),
            idleTimeout: section.value(Options.limitIdleTimeout),
            readTimeout: section.value(Options.limitReadTimeout),
            writeTimeout: section.value(Options.limitWriteTimeout),
            requestTimeout: section.value(Options.limitRequestTimeout),
            minReadRate: section.value(Options.limitMinReadRate),
            minWriteRate: section.value(Options.limitMinWriteRate),
            originConnections: section.value(Options.limitOriginConnections),
            originQueue: section.value(Options.limitOriginQueue),
            originConnectTimeout: section.value(Options.limitOriginConnectTimeout),
            originFirstByteTimeout: section.value(Options.limitOriginFirstByteTimeout),
            originIdleTimeout: section.value(Options.limitOriginIdleTimeout),
            originRetries: section.value(Options.limitOriginRetries),
            originRetriesPerSecond: section.value(Options.limitOriginRetriesPerSecond),
            fileReaders: section.value(Options.limitFileReaders),
            compressions: section.value(Options.limitCompressions),
            providerTimeout: section.value(Options.limitProviderTimeout),
            providerResponseSize: section.value(Options.limitProviderResponseSize),
            loginStateLifetime: section.value(Options.limitLoginStateLifetime),
            drainTimeout: section.value(Options.limitDrainTimeout),
            drainIdleTimeout: section.value(Options.limitDrainIdleTimeout),
            decisions: section.value(Options.limitDecisions))
    }
}
