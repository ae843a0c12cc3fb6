import Cryptography
import HTTP
import Origins
import Posix
import Reactor
import Settings
import Transport

/// What can be known of an origin by reading from it.
extension Examination {
    func examine(_ settings: OriginSettings) async -> [Checkup.Finding] {
        var part = PartFindings("origins.\(settings.name)")
        switch settings.kind {
        case .s3(let s3): await examine(s3, of: settings.name, &part)
        case .directory(let path): await examine(directory: path, of: settings.name, &part)
        case .http(let app): await examine(app, &part)
        }
        return part.findings
    }

    /// The files for `/` of the sites, or of parts of them, that an origin has.
    private func indexes(of origin: String) -> [String] {
        let sites = configuration.sites.filter { site in
            site.origin == origin || site.mounts.entries.contains { $0.value == origin }
        }
        return Set(sites.compactMap(\.content.index)).sorted()
    }

    // MARK: Buckets

    private func examine(_ s3: S3Settings, of name: String, _ part: inout PartFindings) async {
        let client: HTTPClient
        let places: [S3Configuration]
        do {
            client = HTTPClient(
                loop: loop.value, resolver: resolver.value, tls: try TLSContexts.client(nil),
                limits: ClientLimits(origin: configuration.limits))
            places = try OriginFactory.configurations(s3)
        } catch {
            return part.failed(.bucket, "\(error)", "See postern check")
        }
        guard let credentials = await credentials(s3, client, &part) else { return }
        for place in places {
            guard await examine(place, credentials, client, &part) else { continue }
            let origin = S3Origin([place], loop: loop.value, client: client, credentials: { credentials })
            await examine(origin, of: name, s3.prefix, &part)
        }
    }

    private func credentials(
        _ s3: S3Settings, _ client: HTTPClient, _ part: inout PartFindings
    ) async -> Credentials? {
        switch s3.credentials {
        case .fixed(let keys):
            do throws(StartFailure) {
                let credentials = try Credentials.of(keys)
                part.ok(.credentials, "\(credentials.accessKeyID), named in the config")
                return credentials
            } catch {
                part.failed(.credentials, "\(error)", "Write the keys without spaces and line ends")
            }
        case .found(let search):
            let chain = CredentialChain(
                CredentialSearch(search, region: s3.region), environment: environment,
                client: LoopBound(client, to: executor))
            do throws(CredentialError) {
                let (credentials, source) = try await chain.load()
                let end = credentials.expiresAt.map { ", until \(HTTPDate.format(unixSeconds: $0))" } ?? ""
                part.ok(.credentials, "\(credentials.accessKeyID), from \(source.rawValue)\(end)")
                return credentials
            } catch {
                part.failed(
                    .credentials, "\(error.reason)",
                    "Give the process some, or name access_key_id and secret_access_key")
            }
        }
        return nil
    }

    /// HeadBucket, and what its answer says of the clocks. Whether there is any use in asking for objects.
    private func examine(
        _ place: S3Configuration, _ credentials: Credentials, _ client: HTTPClient, _ part: inout PartFindings
    ) async -> Bool {
        let endpoint = Endpoint(host: place.host, port: place.port, isSecure: place.isSecure)
        let path = place.bucketPath
        var signer = RequestSigner(region: place.region)
        let fields = signer.sign(
            SignableRequest(method: "HEAD", path: path, host: place.authority), with: credentials,
            at: loop.value.wallSeconds)
        let response: FetchedResponse
        do throws(ClientError) {
            response = try await client.fetch(
                ClientRequest(method: .head, target: path, host: place.authority, fields: fields), to: endpoint,
                maxBody: 65_536)
        } catch {
            part.failed(
                .bucket, "\(endpoint): \(error)", "See that endpoint is right, and that this machine can reach it")
            return false
        }
        if let seconds = response.clockDifference(now: loop.value.wallSeconds) {
            part.clock(seconds, tolerance: 300, whatFails: "services refuse signatures")
        }
        let name = "\(place.bucket) at \(endpoint)"
        switch response.status {
        case 200..<300: part.ok(.bucket, "\(name) is there")
        case 301, 302, 307, 308:
            let region = response.fields[FieldName("x-amz-bucket-region")].map { " (\($0.prefix(64)))" } ?? ""
            part.failed(
                .bucket, "\(name) is in another region\(region)", "Write the bucket's own region, and endpoint")
            return false
        case 404:
            part.failed(.bucket, "\(name) is not there", "See that bucket, endpoint and addressing are right")
            return false
        case 403:
            part.warning(
                .bucket, "\(name) does not let these credentials list it (s3:ListBucket)",
                "Grant it on the bucket itself, so that what is missing can be told from what is forbidden")
        default:
            part.failed(
                .bucket, "\(name) answered \(response.status)", "See that region, endpoint and addressing are right")
        }
        return true
    }

    private func examine(
        _ origin: S3Origin, of name: String, _ prefix: String, _ part: inout PartFindings
    ) async {
        let grant = "Grant s3:GetObject on the bucket's objects (BUCKET/\(prefix)*) to these credentials"
        let missing = await answer(of: origin, to: "postern-doctor-" + hex(SecureRandom.bytes(8)))
        for key in indexes(of: name) {
            switch await answer(of: origin, to: key) {
            case .found: part.ok(.object, "\(prefix)\(key) can be read")
            case .missing:
                part.warning(
                    .object, "there is no \(prefix)\(key)", "Upload one, or name another in the site's content.index")
            case .denied(let refusal):
                let isTold = if case .missing = missing { true } else { false }
                part.failed(
                    .object, "\(prefix)\(key): \(refusal.sentence)",
                    refusal.mayBeMissingObject
                        ? (isTold ? grant : grant + ", and s3:ListBucket on the bucket; or upload it")
                        : "See that the keys are right, and that no proxy before the bucket changes requests")
            case .failed(let failure):
                part.failed(.object, "\(prefix)\(key): \(failure.sentence)", "See the bucket's own log")
            }
        }
        switch missing {
        case .found: part.warning(.missingObject, "the bucket has whatever is asked for", "See what answers there")
        case .missing: part.ok(.missingObject, "the bucket says of an object that it is not there")
        case .denied(let refusal) where refusal.mayBeMissingObject:
            part.warning(
                .missingObject, "the bucket answers 403 for what is not there",
                "Grant s3:ListBucket on the bucket, so that a mistake of rights is not taken for a missing page")
        case .denied(let refusal): part.failed(.missingObject, refusal.sentence, "See that the keys are right")
        case .failed(let failure): part.failed(.missingObject, failure.sentence, "See the bucket's own log")
        }
    }

    private func hex(_ bytes: [UInt8]) -> String {
        bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    private enum Answer: Sendable {
        case found, missing
        case denied(OriginRefusal)
        case failed(OriginFailure)
    }

    /// What comes of a GET, without the content.
    private func answer(of origin: any Origin, to key: String) async -> Answer {
        await withCheckedContinuation { continuation in
            _ = origin.fetch(OriginRequest(key: key)) { response in
                switch response {
                case .object(let object):
                    object.body?.cancel()
                    continuation.resume(returning: .found)
                case .notFound: continuation.resume(returning: .missing)
                case .denied(let refusal): continuation.resume(returning: .denied(refusal))
                case .failed(let failure): continuation.resume(returning: .failed(failure))
                }
            }
        }
    }

    // MARK: Directories and apps

    private func examine(directory path: String, of name: String, _ part: inout PartFindings) async {
        let origin: DirectoryOrigin
        do throws(SystemError) {
            origin = try DirectoryOrigin(
                path: path, loop: loop.value, readers: 1, timeout: Nanoseconds(configuration.limits.originIdleTimeout))
        } catch {
            return part.failed(
                .directory, "\(path): \(error.reason)", "Let the user that Postern runs as read the directory")
        }
        part.ok(.directory, "\(path) can be opened")
        for key in indexes(of: name) {
            switch await answer(of: origin, to: key) {
            case .found: part.ok(.object, "\(key) can be read")
            case .missing:
                part.warning(
                    .object, "there is no \(key)", "Put one there, or name another in the site's content.index")
            case .denied(let refusal):
                part.failed(.object, "\(key): \(refusal.sentence)", "Let the user that Postern runs as read the files")
            case .failed(let failure):
                part.failed(.object, "\(key): \(failure.sentence)", "Let the user that Postern runs as read the files")
            }
        }
    }

    private func examine(_ app: AppSettings, _ part: inout PartFindings) async {
        let upstream = UpstreamConfiguration(app)
        do {
            let client = HTTPClient(
                loop: loop.value, resolver: resolver.value,
                tls: app.url.isSecure ? try TLSContexts.client(app.authorities) : nil,
                limits: ClientLimits(origin: configuration.limits))
            let request = ClientRequest(
                method: .head, target: app.url.path.isEmpty ? "/" : app.url.path, host: app.url.authority)
            let response = try await client.fetch(request, to: upstream.endpoint, maxBody: 65_536)
            if response.status >= 500 {
                part.warning(.connection, "\(app.url) answered \(response.status)", "See the app's log")
            } else {
                part.ok(.connection, "\(app.url) answers")
            }
        } catch {
            part.failed(
                .connection, "\(app.socket ?? app.url.description): \(error)",
                "Start the app, and see that this machine can reach it")
        }
    }
}
