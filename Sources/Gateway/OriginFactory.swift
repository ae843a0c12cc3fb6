import Cryptography
import HTTP
import Origins
import Posix
import Reactor
import Settings
import Transport

/// Makes a worker's origins of what the config says. Each has its own client, and so its own pool.
struct OriginFactory {
    private let configuration: Configuration
    private let loop: EventLoop
    private let resolver: Resolver

    init(_ configuration: Configuration, loop: EventLoop) {
        self.configuration = configuration
        self.loop = loop
        resolver = Resolver(loop: loop)
    }

    func makeAll() throws -> (content: [String: any Origin], apps: [String: HTTPUpstream]) {
        var origins: [String: any Origin] = [:]
        var apps: [String: HTTPUpstream] = [:]
        for settings in configuration.origins {
            if case .http(let app) = settings.kind {
                apps[settings.name] = try make(app)
            } else {
                origins[settings.name] = try make(settings)
            }
        }
        return (origins, apps)
    }

    private func make(_ app: AppSettings) throws -> HTTPUpstream {
        var limits = ClientLimits(origin: configuration.limits)
        limits.takesUntilClose = true
        let tls = app.url.isSecure ? try TLSContexts.client(app.authorities) : nil
        return HTTPUpstream(
            UpstreamConfiguration(app), client: HTTPClient(loop: loop, resolver: resolver, tls: tls, limits: limits))
    }

    private func make(_ settings: OriginSettings) throws -> any Origin {
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
            let tls = try TLSContexts.client(nil)
            let client = HTTPClient(
                loop: loop, resolver: resolver, tls: tls, limits: ClientLimits(origin: configuration.limits))
            let credentials = s3.credentials.keys.map(Credentials.init)
            return S3Origin(
                try Self.configuration(s3), loop: loop, client: client, credentials: { credentials })
        }
    }

    static func configuration(_ settings: S3Settings) throws -> S3Configuration {
        do {
            return try S3Configuration(
                bucket: settings.bucket, region: settings.region, endpoint: settings.endpoint.description,
                addressing: settings.addressing == .path ? .path : .virtual, prefix: settings.prefix)
        } catch {
            throw StartFailure("the \(error) does not hold")
        }
    }
}

extension OriginSettings {
    /// Whether it has what it takes to be asked.
    var isReady: Bool {
        switch kind {
        case .s3(let s3): s3.credentials.keys != nil
        case .directory, .http: true
        }
    }
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
    fileprivate convenience init(_ keys: S3Keys) {
        self.init(
            accessKeyID: keys.accessKeyID.reveal(), secretAccessKey: SecretText(keys.secretAccessKey.reveal()),
            sessionToken: keys.sessionToken.map { SecretText($0.reveal()) })
    }
}
