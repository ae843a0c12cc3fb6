import Foundation
import HTTP
import Posix
import TLS
import Transport

/// Certificates made by the `openssl` command, signed by themselves.
enum ServerCertificate {
    static let pem = try! make("docs.example.com")
    static let context = try! TLSServerContext(certificates: [pem], alpn: ["http/1.1"])
    static let withHTTP2 = try! TLSServerContext(certificates: [pem], alpn: ["h2", "http/1.1"])
    static let client = try! TLSClientContext(caPEM: pem.chainPEM, systemRoots: false)

    static func make(_ name: String) throws -> TLSCertificate {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("postern-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
            "-keyout", directory.appendingPathComponent("key").path, "-out",
            directory.appendingPathComponent("pem").path, "-subj", "/CN=\(name)", "-addext",
            "subjectAltName=DNS:\(name)",
        ]
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return TLSCertificate(
            chainPEM: [UInt8](try Data(contentsOf: directory.appendingPathComponent("pem"))),
            keyPEM: [UInt8](try Data(contentsOf: directory.appendingPathComponent("key"))))
    }
}

/// A blocking client that speaks TLS.
final class TLSClient {
    enum Ending: Equatable { case closed, cut, timeout }

    private let raw: RawClient
    private let session: TLSSession
    private var plain: [UInt8] = []

    /// - Parameter header: sent before TLS begins.
    init(
        _ address: SocketAddress, _ name: String, context: TLSClientContext = ServerCertificate.client,
        alpn: [String] = ["http/1.1"], header: [UInt8] = []
    ) throws {
        raw = try RawClient(address)
        raw.send(header)
        session = try TLSSession(client: context, serverName: name, alpn: alpn)
        while true {
            let progress = session.handshake()
            push()
            switch progress {
            case .done: return
            case .failed(let error): throw error
            case .wait: guard pull() == .bytes else { throw BodyFailure.disconnected }
            }
        }
    }

    private func push() {
        while session.hasOutput {
            var bytes: [UInt8] = []
            session.withOutput { span in
                bytes.append(addingCapacity: span.count) { out in for index in span.indices { out.append(span[index]) }
                }
                return span.count
            }
            raw.send(bytes)
        }
    }

    private func pull() -> RawClient.Ending {
        let ending = raw.read()
        let bytes = raw.received
        session.receive(bytes.span)
        raw.drop()
        return ending
    }

    func send(_ text: String) { send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) {
        var sent = 0
        while sent < bytes.count {
            let taken = session.write(bytes.span.extracting(sent..<bytes.count))
            // A session that has ended takes nothing more, and whoever waits for an answer will see that.
            guard taken > 0 else { return }
            sent += taken
            push()
        }
    }

    /// Reads more plaintext; nil where some came.
    private func more() -> Ending? {
        while true {
            var read = TLSRead.wait
            plain.append(addingCapacity: 65536) { (out: inout OutputSpan<UInt8>) in read = session.read(into: &out) }
            switch read {
            case .bytes: return nil
            case .closed: return .closed
            case .failed: return .cut
            case .wait: break
            }
            switch pull() {
            case .bytes: break
            case .end: session.endOfInput()
            case .reset: return .cut
            case .timeout: return .timeout
            }
        }
    }

    /// Reads until `count` bytes of plaintext have come.
    func read(atLeast count: Int) -> [UInt8] {
        while plain.count < count { if more() != nil { break } }
        return plain
    }

    func readToEnd() -> Ending {
        while true {
            if let ending = more() { return ending }
        }
    }

    func get(_ target: String) -> String? {
        send("GET \(target) HTTP/1.1\r\nHost: a.test\r\n\r\n")
        return response()?.text
    }

    func response() -> ReceivedResponse? {
        var parser = HTTP1ResponseParser()
        parser.begin(requestMethod: .get)
        var response: ReceivedResponse?
        while true {
            let bytes = plain
            let (consumed, event) = parser.next(bytes.span)
            switch event {
            case .head(let head):
                response = ReceivedResponse(status: head.status, fields: head.fields, length: head.length, interim: [])
            case .body(let range): response!.body.append(contentsOf: bytes[range])
            default: break
            }
            plain.removeFirst(consumed)
            switch event {
            case .end: return response
            case .failed: return nil
            case .needMore: if more() != nil { return nil }
            default: break
            }
        }
    }
}
