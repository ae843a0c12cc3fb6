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
    private let watches: [String: OriginWatch]

    init(_ configuration: Configuration, loop: EventLoop, watches: [String: OriginWatch]) {
        self.configuration = configuration
        self.loop = loop
        self.watches = watches
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
            do { return try DirectoryOrigin(path: path) } catch {
                throw StartFailure("origins.\(settings.name).directory: \(path): \(error.reason)")
            }
        case .s3(let s3):
            let tls = try TLSContexts.client(nil)
            let client = HTTPClient(
                loop: loop, resolver: resolver, tls: tls, limits: ClientLimits(origin: configuration.limits))
            let credentials = s3.credentials.keys.map(Credentials.init)
            let watch = watches[settings.name]!
            return S3Origin(
                try Self.configurations(s3), loop: loop, client: client, budget: RetryBudget(configuration.limits),
                credentials: { credentials }, observer: { watch.note($0) })
        }
    }

    /// The bucket at each of its endpoints.
    static func configurations(_ settings: S3Settings) throws -> [S3Configuration] {
        do {
            return try settings.endpoints.map { endpoint in
                try S3Configuration(
                    bucket: settings.bucket, region: settings.region, endpoint: endpoint.description,
                    addressing: settings.addressing == .path ? .path : .virtual, prefix: settings.prefix)
            }
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
