import Foundation
import Glibc
import TLS

/// `openssl s_client` on one end of a loopback connection, a session of ours on the other: a client that is not our
/// own code.
final class CommandLineClient {
    let session: TLSSession
    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()
    private var socket: Int32 = -1
    private var received: [UInt8] = []

    init(arguments: [String], server: TLSServerContext) throws {
        session = TLSSession(server: server)
        let listener = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let port = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                guard bind(listener, pointer, length) == 0, listen(listener, 1) == 0,
                    getsockname(listener, pointer, &length) == 0
                else { fatalError("no port to listen on") }
            }
            return UInt16(bigEndian: pointer.pointee.sin_port)
        }
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["openssl", "s_client", "-connect", "127.0.0.1:\(port)"] + arguments
        process.standardInput = input
        process.standardOutput = output
        process.standardError = output
        try process.run()
        socket = accept(listener, nil, nil)
        Glibc.close(listener)
        while session.handshake() == .wait, pump() {}
        flush()
    }

    deinit { if socket >= 0 { Glibc.close(socket) } }

    func type(_ text: String) { input.fileHandleForWriting.write(Data(text.utf8)) }

    /// Takes what the client sends until `enough` of it has come; false when the connection ended first.
    func readUntil(_ enough: ([UInt8]) -> Bool) -> Bool {
        while !enough(received) { guard pump() else { return false } }
        return true
    }

    func pumpUntilEnd() {
        while pump() {}
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    /// What the client printed; to be asked once it has ended.
    var transcript: String { String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self) }

    private func pump() -> Bool {
        flush()
        var bytes = [UInt8](repeating: 0, count: 16_384)
        let count = recv(socket, &bytes, bytes.count, 0)
        guard count > 0 else { return false }
        session.receive(bytes.span.extracting(0..<count))
        guard case .done = session.handshake() else { return true }
        while true {
            let (plain, result) = Pair.read(session)
            received += plain
            guard case .bytes = result else { break }
        }
        flush()
        return true
    }

    private func flush() {
        session.withOutput { span in
            span.withUnsafeBufferPointer { send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        }
    }
}
