import Foundation
import Origins
import Posix
import Reactor
import Synchronization
import Testing
import Transport

/// A chain of credentials before a server that answers as a test has written down, and a folder for its files.
final class CredentialRig {
    let loop: EventLoop
    let server: ScriptedServer
    let folder: String
    var environment: [String: String] = [:]

    /// - Parameter answers: one for each request, in turn.
    init(_ answers: [[ScriptedServer.Step]] = []) throws {
        loop = try EventLoop()
        server = try ScriptedServer(loop: loop, answers)
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("postern-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        environment["HOME"] = folder
    }

    deinit {
        server.stop()
        try? FileManager.default.removeItem(atPath: folder)
    }

    var url: String { "http://127.0.0.1:\(server.port)" }

    /// Writes a file of the folder; its path.
    @discardableResult
    func write(_ name: String, _ text: String) throws -> String {
        let path = folder + "/" + name
        try FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        return path
    }

    /// What a chain finds, or why it finds nothing.
    func load(
        _ source: CredentialSource? = nil, profile: String? = nil, sts: String? = nil, region: String = "eu-west-1"
    ) throws -> Result<(Credentials, CredentialSource), CredentialError> {
        var limits = ClientLimits()
        limits.idleConnections = 0
        let client = HTTPClient(loop: loop, resolver: Resolver(loop: loop), limits: limits)
        let chain = CredentialChain(
            CredentialSearch(source: source, profile: profile, stsEndpoint: sts, region: region),
            environment: environment, client: LoopBound(client, to: loop.executor))
        let outcome = Outcome()
        Loader(loop.executor).start { await $0.load(chain, outcome) }
        let deadline = MonotonicTime.now() + .seconds(20)
        while outcome.value.withLock({ $0 == nil }), MonotonicTime.now() < deadline {
            loop.turn(waitAtMost: .milliseconds(20))
        }
        return try #require(outcome.value.withLock { $0 })
    }

    /// The reason of a failure, or a recorded issue.
    func failure(
        _ source: CredentialSource? = nil, profile: String? = nil, sts: String? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> String {
        switch try load(source, profile: profile, sts: sts) {
        case .success(let found):
            Issue.record("found \(found.1)", sourceLocation: sourceLocation)
            return ""
        case .failure(let error): return error.reason
        }
    }

    private final class Outcome: Sendable {
        let value = Mutex<Result<(Credentials, CredentialSource), CredentialError>?>(nil)
    }

    private actor Loader: LoopActor {
        nonisolated let executor: LoopExecutor
        init(_ executor: LoopExecutor) { self.executor = executor }

        func load(_ chain: CredentialChain, _ outcome: Outcome) async {
            do throws(CredentialError) {
                let found = try await chain.load()
                outcome.value.withLock { $0 = .success(found) }
            } catch {
                outcome.value.withLock { $0 = .failure(error) }
            }
        }
    }
}

/// Answers of services that give credentials.
enum ServiceAnswer {
    static let end = "2999-01-01T00:00:00Z"
    static let document =
        #"{"Code": "Success", "Type": "AWS-HMAC", "AccessKeyId": "ASIAEXAMPLE", "SecretAccessKey": "secret/+=", "#
        + #""Token": "token==", "Expiration": "\#(end)"}"#
    static let sts = """
        <AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
          <AssumeRoleResult>
            <AssumedRoleUser><Arn>arn:aws:sts::1:assumed-role/docs/x</Arn></AssumedRoleUser>
            <Credentials>
              <AccessKeyId>ASIASTS</AccessKeyId>
              <SecretAccessKey>secret/+=</SecretAccessKey>
              <SessionToken>token==</SessionToken>
              <Expiration>\(end)</Expiration>
            </Credentials>
          </AssumeRoleResult>
        </AssumeRoleResponse>
        """

    static func send(_ body: String, status: String = "200 OK") -> [ScriptedServer.Step] {
        [.send("HTTP/1.1 \(status)\r\ncontent-length: \(body.utf8.count)\r\n\r\n\(body)")]
    }

    /// What a service can do wrong with an answer whose good body this is, by name; the word that the reason has.
    static func lies(_ good: String) -> [(name: String, steps: [ScriptedServer.Step], reason: String)] {
        let length = good.utf8.count
        return [
            ("500", send("<Error><Code>Broken</Code></Error>", status: "500 Bad Luck"), "answered 500 (Broken)"),
            ("403", send("", status: "403 Forbidden"), "answered 403"),
            ("redirect", [.send("HTTP/1.1 302 Found\r\nlocation: /\r\ncontent-length: 0\r\n\r\n")], "answered 302"),
            ("garbage", [.send("\u{1}\u{2}\u{3} nothing of HTTP\r\n\r\n")], "malformed"),
            ("cut", [.send("HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n\(good)"), .close], "ended within"),
            ("reset", [.reset], "connection"),
            ("huge", send(good + String(repeating: " ", count: 70_000)), "larger"),
            ("no text", send(""), "the answer"), ("half", send(String(good.prefix(length / 2))), "the answer"),
            ("over", send(good.replacingOccurrences(of: end, with: "2001-01-01T00:00:00Z")), "Expiration is over"),
            ("no time", send(good.replacingOccurrences(of: end, with: "soon")), "Expiration is no time"),
            ("no key", send(good.replacingOccurrences(of: "SecretAccessKey", with: "Other")), "no SecretAccessKey"),
            ("no token", send(good.replacingOccurrences(of: "Token", with: "Other")), "Token"),
            ("no end", send(good.replacingOccurrences(of: "Expiration", with: "Other")), "no Expiration"),
            ("a line's end", send(good.replacingOccurrences(of: "secret/+=", with: "a&#10;b\\nc")), "the answer"),
        ]
    }
}
