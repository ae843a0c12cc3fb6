import Cryptography
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

    func makeAll() throws -> [String: any Origin] {
        var origins: [String: any Origin] = [:]
        for settings in configuration.origins { origins[settings.name] = try make(settings) }
        return origins
    }

    private func make(_ settings: OriginSettings) throws -> any Origin {
        switch settings.kind {
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
        case .directory: true
        }
    }
}

extension Credentials {
    fileprivate convenience init(_ keys: S3Keys) {
        self.init(
            accessKeyID: keys.accessKeyID.reveal(), secretAccessKey: SecretText(keys.secretAccessKey.reveal()),
            sessionToken: keys.sessionToken.map { SecretText($0.reveal()) })
    }
}
