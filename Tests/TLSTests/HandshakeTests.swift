import TLS
import Testing

@Suite struct HandshakeTests {
    @Test func bothSidesAgreeAndTalk() {
        let pair = Pair()
        let end = pair.shakeHands()
        #expect(end.client == .done)
        #expect(end.server == .done)
        #expect(pair.client.versionName == "TLSv1.3")
        #expect(pair.server.serverName == "docs.example.com")
        #expect(pair.server.negotiatedProtocol == nil)
        #expect(Pair.send(Array("hello".utf8), from: pair.client) == 5)
        Pair.move(pair.client, pair.server)
        #expect(Pair.read(pair.server).bytes == Array("hello".utf8))
        #expect(Pair.send(Array("welcome".utf8), from: pair.server) == 7)
        Pair.move(pair.server, pair.client)
        #expect(Pair.read(pair.client).bytes == Array("welcome".utf8))
        #expect(Pair.read(pair.client).result == .wait)
    }

    @Test func aHandshakeInSingleBytesEnds() {
        let pair = Pair()
        let end = pair.shakeHands(step: 1)
        #expect(end.client == .done)
        #expect(end.server == .done)
        let text = (0..<40_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        #expect(Pair.send(text, from: pair.server) == text.count)
        var got: [UInt8] = []
        while Pair.move(pair.server, pair.client, step: 1) {
            got += Pair.read(pair.client).bytes
        }
        #expect(got == text)
    }

    @Test func anOldVersionIsRefused() {
        // RFC 8446 section 4.1.2: a ClientHello of TLS 1.1, without supported_versions.
        var hello: [UInt8] = [0x03, 0x02] + [UInt8](repeating: 7, count: 32) + [0]
        hello += [0, 4, 0xC0, 0x13, 0xC0, 0x14, 1, 0]
        let message = [1, 0, 0, UInt8(hello.count)] + hello
        let record = [0x16, 0x03, 0x01, 0, UInt8(message.count)] + message
        let server = TLSSession(server: Fixtures.server("rsa"))
        server.receive(record.span)
        #expect(Pair.error(server.handshake())?.kind == .noCommonVersion)
        #expect(alert(of: server) == 70)
    }

    @Test func aVersionBelowTheMinimumIsRefused() {
        let server = TLSSession(server: Fixtures.server("docs", minimum: .tls13))
        var hello: [UInt8] = [0x03, 0x03] + [UInt8](repeating: 7, count: 32) + [0]
        hello += [0, 2, 0xC0, 0x2B, 1, 0]
        let message = [1, 0, 0, UInt8(hello.count)] + hello
        server.receive(([0x16, 0x03, 0x01, 0, UInt8(message.count)] + message).span)
        #expect(Pair.error(server.handshake())?.kind == .noCommonVersion)
    }

    @Test(arguments: [
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "SSH-2.0-OpenSSH_9.6\r\n", "\0\0\0\0\0\0\0\0\0\0",
        String(repeating: "\u{16}\u{3}\u{1}", count: 4000),
    ])
    func garbageFailsWithoutAHandshake(text: String) {
        let server = TLSSession(server: Fixtures.server("docs"))
        server.receive(Array(text.utf8).span)
        let error = Pair.error(server.handshake())
        #expect(error != nil)
        if text.hasPrefix("GET") { #expect(error?.text.contains("plain HTTP") == true) }
        #expect(Pair.error(server.handshake()) == error)
        #expect(Pair.send([1], from: server) == 0)
        #expect(Pair.read(server).result == .failed(error!))
    }

    @Test func everyDamagedByteOfAHelloEndsWithoutATrap() {
        let context = Fixtures.server("docs")
        let pair = Pair(server: context)
        _ = pair.client.handshake()
        var hello: [UInt8] = []
        pair.client.withOutput { span in
            for index in span.indices { hello.append(span[index]) }
            return span.count
        }
        for index in hello.indices {
            var damaged = hello
            damaged[index] ^= 0xFF
            let server = TLSSession(server: context)
            server.receive(damaged.span)
            _ = server.handshake()
            server.endOfInput()
            #expect(Pair.error(server.handshake()) != nil)
        }
    }

    @Test func truncatedHandshakeIsToldApart() {
        let pair = Pair()
        _ = pair.client.handshake()
        Pair.move(pair.client, pair.server) { $0.removeLast(10) }
        #expect(pair.server.handshake() == .wait)
        pair.server.endOfInput()
        #expect(Pair.error(pair.server.handshake())?.kind == .truncated)
    }

    private func alert(of session: TLSSession) -> UInt8? {
        var bytes: [UInt8] = []
        session.withOutput { span in
            for index in span.indices { bytes.append(span[index]) }
            return span.count
        }
        return bytes.count == 7 && bytes[0] == 0x15 ? bytes[6] : nil
    }
}
