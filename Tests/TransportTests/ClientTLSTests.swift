import Foundation
import HTTP
import Posix
import Reactor
import TLS
import Testing
import Transport

/// An authority and a certificate for 127.0.0.1 and `docs.test`, made by the `openssl` command once a run.
private enum Certificates {
    static let directory: String = {
        let directory = NSTemporaryDirectory() + "postern-client-\(UInt32.random(in: 0...UInt32.max))"
        let script = """
            set -eu
            mkdir -p "$1" && cd "$1"
            openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem
            openssl req -x509 -new -key key.pem -subj /CN=client-test -days 3 -out cert.pem \
                -addext subjectAltName=DNS:docs.test,IP:127.0.0.1
            """
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", script, "sh", directory]
        process.standardError = FileHandle.nullDevice
        try! process.run()
        process.waitUntilExit()
        atexit { try? FileManager.default.removeItem(atPath: Certificates.directory) }
        return directory
    }()

    static func file(_ name: String) -> [UInt8] { try! File.read(path: "\(directory)/\(name)", limit: 100_000) }

    static func server() throws -> TLSServerContext {
        try TLSServerContext(
            certificates: [TLSCertificate(chainPEM: file("cert.pem"), keyPEM: file("key.pem"))], alpn: [],
            minimum: .tls12)
    }

    static func client(trusting: Bool = true, newest: TLSVersion = .tls13) throws -> TLSClientContext {
        try TLSClientContext(caPEM: trusting ? file("cert.pem") : nil, maximum: newest, systemRoots: false)
    }
}

@Test(arguments: [TLSVersion.tls12, .tls13]) func secureConnectionIsUsedAgain(_ version: TLSVersion) throws {
    let bench = try ClientTestBench(tls: Certificates.client(newest: version))
    let content = String(repeating: "0123456789", count: 100_000)
    let server = try ClientTestServer(bench.loop, tls: Certificates.server()) { peer, request in
        peer.respond(request.hasPrefix("GET /large") ? content : String(request.prefix(6)))
    }
    for number in 1...3 { #expect(bench.whole("/\(number)", server.endpoint()).text == "GET /\(number)") }
    #expect(bench.whole("/large", server.endpoint()).text == content)
    bench.turn(times: 10)
    #expect(bench.whole("/4", server.endpoint()).text == "GET /4")
    #expect(server.connections.count == 1)
    #expect(bench.client.statistics.reuses == 4)
}

@Test(arguments: [1, 999, 65536]) func extraByteOfASecureBodyIsSeen(_ step: Int) throws {
    let bench = try ClientTestBench(tls: Certificates.client())
    let content = String(repeating: "a", count: step == 1 ? 20_000 : 100_000)
    let server = try ClientTestServer(bench.loop, tls: Certificates.server()) { peer, _ in
        peer.send("HTTP/1.1 200 OK\r\ncontent-length: \(content.utf8.count)\r\n\r\n\(content)!")
    }
    let handler = ClientTestHandler()
    handler.step = step
    _ = bench.get("/", server.endpoint(), handler)
    bench.turn { handler.isDone }
    #expect(handler.text == content)
    #expect(bench.client.connections.open == 0)
}

@Test func serverThatIsNotTrustedIsNotAsked() throws {
    let bench = try ClientTestBench(tls: Certificates.client(trusting: false))
    let server = try ClientTestServer(bench.loop, tls: Certificates.server()) { peer, _ in peer.respond("ok") }
    guard case .tls(let error) = bench.whole("/", server.endpoint()).error else {
        Issue.record("no TLS error")
        return
    }
    #expect(error.isCertificateFault)
    #expect(server.requests.isEmpty)
    #expect(server.connections.count == 1)
    #expect(bench.client.connections.open == 0)
}

@Test func serverMustBeWhoItShouldBe() throws {
    let bench = try ClientTestBench(tls: Certificates.client())
    let server = try ClientTestServer(bench.loop, tls: Certificates.server()) { peer, _ in peer.respond("ok") }
    let port = server.endpoint().port
    let detour = Endpoint(host: "127.0.0.1", port: port, isSecure: true, serverName: "docs.test")
    #expect(bench.whole("/", detour).text == "ok")
    let foreign = Endpoint(host: "127.0.0.1", port: port, isSecure: true, serverName: "other.test")
    guard case .tls(let error) = bench.whole("/", foreign).error else {
        Issue.record("no TLS error")
        return
    }
    #expect(error.kind == .certificateWrongHost)
}

@Test func serverWithoutTLSIsNoSecureServer() throws {
    let bench = try ClientTestBench(tls: Certificates.client())
    let server = try ClientTestServer(bench.loop) { _, _ in }
    server.onAccept = { $0.send("HTTP/1.1 400 Bad Request\r\n\r\n") }
    let endpoint = Endpoint(host: "127.0.0.1", port: server.endpoint().port, isSecure: true)
    guard case .tls = bench.whole("/", endpoint).error else {
        Issue.record("no TLS error")
        return
    }
}

@Test func handshakeThatHangsTimesOut() throws {
    var limits = ClientLimits()
    limits.connectTime = .milliseconds(50)
    let bench = try ClientTestBench(limits: limits, tls: Certificates.client())
    let server = try ClientTestServer(bench.loop) { _, _ in }
    let endpoint = Endpoint(host: "127.0.0.1", port: server.endpoint().port, isSecure: true)
    #expect(bench.whole("/", endpoint).error == .connectTimedOut)
    #expect(bench.client.connections.open == 0)
}

@Test func secureConnectionThatDiedIsReplacedUnseen() throws {
    let bench = try ClientTestBench(tls: Certificates.client())
    let server = try ClientTestServer(bench.loop, tls: Certificates.server()) { peer, _ in
        if peer.requests > 1 { peer.reset() } else { peer.respond("fresh") }
    }
    for _ in 0..<2 { #expect(bench.whole("/", server.endpoint()).text == "fresh") }
    #expect(bench.client.statistics.repeats == 1)
}

@Test func truncatedSecureBodyFails() throws {
    let bench = try ClientTestBench(tls: Certificates.client())
    let server = try ClientTestServer(bench.loop, tls: Certificates.server()) { peer, _ in
        peer.send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello")
        peer.close()
    }
    #expect(bench.whole("/", server.endpoint()).end == .failed(.disconnected))
}
