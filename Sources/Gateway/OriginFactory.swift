import Cryptography
import HTTP
import Origins
import Posix
import Reactor
import Settings
import TLS
import Telemetry
import Transport

/// Makes a worker's origins of what the config says. Each has its own client, and so its own pool.
struct OriginFactory {
    private let configuration: Configuration
    private let loop: EventLoop
    private let resolver: Resolver
    private let old: Worker?
    private(set) var watches: [String: OriginWatch] = [:]
    /// Of the buckets, by the origins' names.
    private(set) var credentials: [String: CurrentCredentials] = [:]
    private(set) var clients: [String: HTTPClient] = [:]

    private let keepers: [String: CredentialKeeper]
    private let authorities: [String: TLSClientContext]

    /// - Parameter old: where origins are taken over from whose settings are the same, with their connections.
    init(_ shared: Shared, thread: WorkerThread, counters: Counters, continuing old: Worker?) {
        configuration = shared.configuration
        keepers = shared.credentialKeepers
        authorities = shared.originAuthorities
        loop = thread.loop
        self.old = old
        resolver = thread.resolver
        for (index, name) in shared.metricLayout.names.origins.enumerated() {
            watches[name] =
                old?.originWatches[name]
                ?? OriginWatch(name, index: index, counters: counters, events: shared.events, loop: loop)
        }
    }

    mutating func makeAll() throws -> (content: [String: any Origin], apps: [String: HTTPUpstream]) {
        var origins: [String: any Origin] = [:]
        var apps: [String: HTTPUpstream] = [:]
        for settings in configuration.origins {
            let name = settings.name
            if let old, isSame(settings, in: old) {
                origins[name] = old.origins[name]
                apps[name] = old.apps[name]
                credentials[name] = old.credentials[name]
                clients[name] = old.clients[name]
            } else if case .http(let app) = settings.kind {
                apps[name] = make(app, name)
            } else {
                origins[name] = try make(settings)
            }
        }
        return (origins, apps)
    }

    /// Whether an origin can go on as it is. A directory is opened anew: its path may lead elsewhere by now.
    private func isSame(_ settings: OriginSettings, in old: Worker) -> Bool {
        if case .directory = settings.kind { return false }
        let before = old.shared
        return before.configuration.origins.contains(settings)
            && before.credentialKeepers[settings.name] === keepers[settings.name]
            && before.configuration.limits.areSameForOrigins(as: configuration.limits)
    }

    private mutating func client(_ name: String, _ limits: ClientLimits) -> HTTPClient {
        let client = HTTPClient(loop: loop, resolver: resolver, tls: authorities[name], limits: limits)
        clients[name] = client
        return client
    }

    private mutating func make(_ app: AppSettings, _ name: String) -> HTTPUpstream {
        var limits = ClientLimits(origin: configuration.limits)
        limits.takesUntilClose = true
        return HTTPUpstream(UpstreamConfiguration(app), client: client(name, limits))
    }

    private mutating func make(_ settings: OriginSettings) throws -> any Origin {
        switch settings.kind {
        case .http: preconditionFailure("an app is no content")
        case .directory(let path):
            do {
                return try DirectoryOrigin(
                    path: path, loop: loop, readers: configuration.limits.fileReaders,
                    timeout: Nanoseconds(configuration.limits.originIdleTimeout))
            } catch {
                throw StartFailure("origins.\(settings.name).directory: \(path): \(error.reason)")
            }
        case .s3(let s3):
            let client = client(settings.name, ClientLimits(origin: configuration.limits))
            let current = CurrentCredentials()
            current.value = try s3.credentials.keys.map(Credentials.of) ?? keepers[settings.name]?.initial
            credentials[settings.name] = current
            let watch = watches[settings.name]!
            return S3Origin(
                try Self.configurations(s3), loop: loop, client: client, budget: RetryBudget(configuration.limits),
                credentials: { current.value }, observer: { watch.note($0) })
        }
    }

    /// The bucket at each of its endpoints.
    static func configurations(_ settings: S3Settings) throws -> [S3Configuration] {
        do {
            return try settings.endpoints.map { endpoint in
                try S3Configuration(
                    bucket: settings.bucket, region: settings.region, endpoint: endpoint.description,
                    addressing: settings.addressing == .path ? .path : .virtual, prefix: settings.prefix,
                    queryParameters: Set(settings.queryParameters.map(\.rawValue)))
            }
        } catch {
            throw StartFailure("the \(error) does not hold")
        }
    }
}

/// What a worker signs a bucket's requests with now: its own, and so read without a lock.
final class CurrentCredentials {
    var value: Credentials?
}

extension UpstreamConfiguration {
    init(_ app: AppSettings) {
        let url = app.url
        let name = url.host.hasPrefix("[") ? String(url.host.dropFirst().dropLast()) : url.host
        self.init(
            endpoint: Endpoint(
                host: app.socket.map { "unix:" + $0 } ?? name, port: Int(url.port), isSecure: url.isSecure,
                serverName: name
            ), authority: url.authority, basePath: url.path)
        passesHost = app.passesHost
        sendsForwarded = app.sendsForwarded
        uploadSize = app.uploadSize
        func field(_ name: String) -> FieldName? { name.isEmpty ? nil : FieldName(name) }
        names.user = field(app.identity.user)
        names.email = field(app.identity.email)
        names.groups = field(app.identity.groups)
        names.assertion = field(app.identity.assertion)
    }
}

extension Credentials {
    static func of(_ keys: S3Keys) throws(StartFailure) -> Credentials {
        guard
            let credentials = Credentials(
                checking: keys.accessKeyID.reveal(), secretAccessKey: keys.secretAccessKey.reveal(),
                sessionToken: keys.sessionToken?.reveal())
        else { throw StartFailure("the keys hold what cannot be signed with, such as a space or a line's end") }
        return credentials
    }
}

extension CredentialSearch {
    init(_ search: S3CredentialSearch, region: String) {
        self.init(
            source: CredentialSource(search.source), profile: search.profile,
            stsEndpoint: search.stsEndpoint?.description, region: region)
    }
}

extension CredentialSource {
    fileprivate init?(_ source: S3CredentialSource) {
        switch source {
        case .auto: return nil
        case .environment: self = .environment
        case .profile: self = .profile
        case .webIdentity: self = .webIdentity
        case .container: self = .container
        case .instance: self = .instance
        }
    }
}
