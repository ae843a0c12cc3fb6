import Cryptography
import Foundation
import HTTP
import Origins
import Posix
import Reactor
import Testing
import Transport

/// A real S3 server that holds the suite's objects, started once for all tests of the process.
///
/// `POSTERN_TEST_S3` names one that runs already (`ENDPOINT ACCESS_KEY SECRET_KEY BUCKET`), or
/// `POSTERN_TEST_WEED` the executable of SeaweedFS, which is then started and ended here.
struct S3Server: Sendable {
    let endpoint: String
    let port: Int
    let bucket: String
    let credentials: Credentials
    static let region = "us-east-1"
    static let prefix = "suite/"

    private static var environment: [String: String] { ProcessInfo.processInfo.environment }

    /// Where neither is named the tests are disabled, but on CI they fail for want of it.
    static var isWanted: Bool {
        environment["POSTERN_TEST_S3"] != nil || environment["POSTERN_TEST_WEED"] != nil || environment["CI"] == "true"
    }

    struct Missing: Error, CustomStringConvertible {
        let description: String
    }

    /// The server with its objects, or why there is none.
    static let shared: Result<S3Server, any Error> = Result {
        let server = try start()
        try server.upload()
        return server
    }

    private static func start() throws -> S3Server {
        if let named = environment["POSTERN_TEST_S3"] {
            let parts = named.split(separator: " ").map(String.init)
            guard parts.count == 4, let port = parts[0].split(separator: ":").last.flatMap({ Int($0) }) else {
                throw Missing(description: "POSTERN_TEST_S3 is not ENDPOINT ACCESS_KEY SECRET_KEY BUCKET")
            }
            return S3Server(
                endpoint: parts[0], port: port, bucket: parts[3],
                credentials: Credentials(accessKeyID: parts[1], secretAccessKey: SecretText(parts[2])))
        }
        guard let weed = environment["POSTERN_TEST_WEED"] else {
            throw Missing(description: "POSTERN_TEST_WEED does not name the executable of SeaweedFS")
        }
        guard let script = Bundle.module.url(forResource: "run_weed", withExtension: "py", subdirectory: "Vectors")
        else {
            throw Missing(description: "run_weed.py is not among the resources")
        }
        let secret = "suiteSecretKey/with+signs=0123456789ABCD"
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", script.path, weed, "AKIDSUITE00000000001", secret]
        let output = Pipe()
        // Ends with this process, which ends the server.
        process.standardInput = Pipe()
        process.standardOutput = output
        try process.run()
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        guard let port = Int(line.trimmingCharacters(in: .whitespacesAndNewlines)) else {
            throw Missing(description: "SeaweedFS did not start")
        }
        return S3Server(
            endpoint: "http://127.0.0.1:\(port)", port: port, bucket: "site",
            credentials: Credentials(accessKeyID: "AKIDSUITE00000000001", secretAccessKey: SecretText(secret)))
    }

    /// An origin with its own loop on the calling thread.
    func rig(
        bucket: String? = nil, endpoint: String? = nil, prefix: String = S3Server.prefix,
        credentials: Credentials? = nil
    ) throws -> OriginRig {
        let loop = try EventLoop()
        let configuration = try S3Configuration(
            bucket: bucket ?? self.bucket, region: Self.region, endpoint: endpoint ?? self.endpoint, prefix: prefix)
        let credentials = credentials ?? self.credentials
        let origin = S3Origin(
            [configuration], loop: loop, client: try makeTestClient(loop),
            address: Endpoint(host: "127.0.0.1", port: port, isSecure: false),
            credentials: { credentials })
        return OriginRig(loop: loop, origin: origin)
    }

    private func upload() throws {
        let loop = try EventLoop()
        let client = try makeTestClient(loop)
        let configuration = try S3Configuration(
            bucket: bucket, region: Self.region, endpoint: endpoint, prefix: Self.prefix)
        // A bucket that has just been made may refuse for a moment.
        let deadline = MonotonicTime.now() + Nanoseconds.seconds(30)
        for (key, content) in OriginSuite.objects {
            while true {
                let status = try put(key, content, configuration, loop, client)
                if status == 200 { break }
                guard MonotonicTime.now() < deadline else { throw Missing(description: "PUT \(key): \(status)") }
                loop.turn(waitAtMost: .milliseconds(100))
            }
        }
    }

    private func put(
        _ key: String, _ content: [UInt8], _ configuration: S3Configuration, _ loop: EventLoop, _ client: HTTPClient
    ) throws -> Int {
        guard let path = configuration.path(forKey: key) else { throw Missing(description: "\(key) is no key") }
        var signer = RequestSigner(region: Self.region)
        let fields = signer.sign(
            SignableRequest(
                method: "PUT", path: path, host: configuration.authority,
                headers: [SignedHeader(.contentType, MediaType.forPath(key))], payloadHash: SHA256.digest(content).hex),
            with: credentials, at: loop.wallSeconds)
        return putTestObject(client, loop, path, configuration.authority, fields, content, port: port)
    }
}
