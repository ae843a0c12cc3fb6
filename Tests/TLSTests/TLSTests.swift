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

@Suite struct VerificationTests {
    @Test func wrongHostIsRefused() {
        let end = Pair(name: "other.example.com").shakeHands()
        #expect(Pair.error(end.client)?.kind == .certificateWrongHost)
        #expect(Pair.error(end.client)?.text.contains("other.example.com") == true)
        #expect(Pair.error(end.server)?.kind == .peerAlert)
    }

    @Test(arguments: ["127.0.0.1", "::1"])
    func anAddressIsMatchedAndNotSentAsName(name: String) {
        let pair = Pair(name: name)
        #expect(pair.shakeHands().client == .done)
        #expect(pair.server.serverName == nil)
    }

    @Test func anotherAddressIsRefused() {
        #expect(Pair.error(Pair(name: "127.0.0.2").shakeHands().client)?.kind == .certificateWrongHost)
    }

    @Test func partialWildcardIsRefused() {
        let end = Pair(server: Fixtures.server("partial"), name: "www.example.com").shakeHands()
        #expect(Pair.error(end.client)?.kind == .certificateWrongHost)
    }

    @Test func wildcardStandsForOneLabel() {
        #expect(Pair(server: Fixtures.server("wild"), name: "a.wild.example.com").shakeHands().client == .done)
        let deep = Pair(server: Fixtures.server("wild"), name: "a.b.wild.example.com").shakeHands()
        #expect(Pair.error(deep.client)?.kind == .certificateWrongHost)
    }

    @Test func expiredIsRefused() {
        let error = Pair.error(Pair(server: Fixtures.server("expired")).shakeHands().client)
        #expect(error?.kind == .certificateExpired)
        #expect(error?.isCertificateFault == true)
    }

    @Test func selfSignedIsRefusedUnlessTrusted() {
        let server = Fixtures.server("self")
        #expect(Pair.error(Pair(server: server).shakeHands().client)?.kind == .certificateSelfSigned)
        #expect(Pair(server: server, client: Fixtures.client("self")).shakeHands().client == .done)
    }

    @Test func unknownAuthorityIsRefused() {
        let error = Pair.error(Pair(server: Fixtures.server("foreign")).shakeHands().client)
        #expect(error?.kind == .certificateUnknownAuthority)
    }

    @Test func theSystemsAuthoritiesDoNotKnowTheTests() throws {
        let client = try TLSClientContext()
        let error = Pair.error(Pair(client: client).shakeHands().client)
        #expect(error?.kind == .certificateUnknownAuthority)
    }

    @Test func theChainIsSent() throws {
        let chain = TLSCertificate(chainPEM: Fixtures.file("chain.pem"), keyPEM: Fixtures.file("deep.key"))
        let whole = try TLSServerContext(certificates: [chain])
        #expect(Pair(server: whole, name: "deep.example.com").shakeHands().client == .done)
        let leafOnly = Pair(server: Fixtures.server("deep"), name: "deep.example.com").shakeHands()
        #expect(Pair.error(leafOnly.client)?.kind == .certificateUnknownAuthority)
    }

    @Test(arguments: ["", "a b", "a\0b", "docs.example.com\n"])
    func aNameThatIsNoneIsRefused(name: String) {
        #expect(throws: TLSError.self) { try TLSSession(client: Fixtures.client(), serverName: name) }
    }
}

@Suite struct ConfigurationTests {
    private func refusal(chain: String, key: String) -> TLSError? {
        do {
            _ = try TLSServerContext(
                certificates: [TLSCertificate(chainPEM: Fixtures.file(chain), keyPEM: Fixtures.file(key))])
            return nil
        } catch { return error }
    }

    @Test func aKeyOfAnotherCertificateIsRefused() {
        #expect(refusal(chain: "docs.pem", key: "wild.key")?.kind == .keyMismatch)
        #expect(refusal(chain: "docs.pem", key: "rsa.key")?.kind == .keyMismatch)
    }

    @Test func aChainInTheWrongOrderIsRefused() {
        #expect(refusal(chain: "reversed.pem", key: "deep.key")?.text.contains("certificate 2") == true)
    }

    @Test(arguments: ["encrypted.key", "encrypted-old.key"])
    func anEncryptedKeyIsRefused(key: String) {
        let error = refusal(chain: "docs.pem", key: key)
        #expect(error?.kind == .keyEncrypted)
        #expect(error?.text.contains("openssl pkey") == true)
    }

    @Test func textThatIsNoPEMIsRefused() {
        #expect(refusal(chain: "docs.key", key: "docs.key")?.kind == .certificateUnreadable)
        #expect(refusal(chain: "docs.pem", key: "docs.pem")?.kind == .keyUnreadable)
        var broken = Fixtures.file("docs.pem")
        broken[100] = UInt8(ascii: "!")
        #expect(throws: TLSError.self) {
            try TLSServerContext(certificates: [TLSCertificate(chainPEM: broken, keyPEM: Fixtures.file("docs.key"))])
        }
        #expect(throws: TLSError.self) {
            try TLSServerContext(certificates: [TLSCertificate(chainPEM: [], keyPEM: [])])
        }
        #expect(throws: TLSError.self) { try TLSServerContext(certificates: []) }
        #expect(throws: TLSError.self) { try TLSClientContext(caPEM: Array("nothing".utf8)) }
    }

    @Test func aWeakKeyIsRefused() {
        #expect(refusal(chain: "weak.pem", key: "weak.key")?.kind == .certificateRefused)
    }

    @Test func aCertificateTellsItsNamesAndDates() {
        let summary = Fixtures.server("wild").certificates[0]
        #expect(summary.names == ["*.wild.example.com", "exact.wild.example.com"])
        #expect(summary.notAfter - summary.notBefore == 30 * 86400)
    }
}

@Suite struct NegotiationTests {
    @Test(arguments: [
        ("docs.example.com", 0), ("DOCS.Example.COM", 0), ("a.wild.example.com", 1), ("A.WILD.example.com", 1),
        ("exact.wild.example.com", 1), ("a.b.wild.example.com", 0), ("wild.example.com", 0), ("rsa.example.com", 2),
        ("rsa.example.com.", 2), ("nobody.example.org", 0), (".wild.example.com", 0), ("com", 0),
    ])
    func theNameChoosesTheCertificate(name: String, index: Int) {
        let context = Fixtures.server("docs", "wild", "rsa")
        let pair = Pair(server: context, name: name)
        pair.shakeHands()
        #expect(pair.server.ownCertificate == context.certificates[index])
    }

    @Test func whoNamesNoHostGetsTheFirstCertificate() {
        let context = Fixtures.server("docs", "wild")
        let pair = Pair(server: context, name: "127.0.0.1")
        #expect(pair.shakeHands().client == .done)
        #expect(pair.server.ownCertificate == context.certificates[0])
        #expect(pair.client.peerCertificate == context.certificates[0])
    }

    @Test func theServersOrderDecidesTheProtocol() {
        let context = Fixtures.server("docs", alpn: ["h2", "http/1.1"])
        let pair = Pair(server: context, alpn: ["http/1.1", "h2"])
        pair.shakeHands()
        #expect(pair.server.negotiatedProtocol == "h2")
        #expect(pair.client.negotiatedProtocol == "h2")
        let old = Pair(server: context, alpn: ["http/1.1"])
        old.shakeHands()
        #expect(old.server.negotiatedProtocol == "http/1.1")
        let silent = Pair(server: context)
        #expect(silent.shakeHands().server == .done)
        #expect(silent.server.negotiatedProtocol == nil)
    }

    @Test func protocolsWithoutACommonOneAreRefused() {
        let pair = Pair(server: Fixtures.server("docs", alpn: ["h2", "http/1.1"]), alpn: ["h3", "h"])
        let end = pair.shakeHands()
        #expect(Pair.error(end.server)?.kind == .noCommonProtocol)
        #expect(Pair.error(end.client)?.kind == .noCommonProtocol)
        let indifferent = Pair(server: Fixtures.server("docs"), alpn: ["h3"])
        #expect(indifferent.shakeHands().server == .done)
    }

    @Test func protocolsHoldForEveryCertificate() {
        let pair = Pair(
            server: Fixtures.server("docs", "wild", alpn: ["h2"]), name: "a.wild.example.com", alpn: ["http/1.1", "h2"])
        pair.shakeHands()
        #expect(pair.server.negotiatedProtocol == "h2")
    }

    @Test func aProtocolNameHasLimits() {
        let longest = String(repeating: "a", count: 255)
        #expect(throws: Never.self) {
            try TLSServerContext(certificates: [Fixtures.certificate("docs")], alpn: [longest])
        }
        for name in ["", longest + "a"] {
            #expect(throws: TLSError.self) {
                try TLSServerContext(certificates: [Fixtures.certificate("docs")], alpn: [name])
            }
        }
    }

    @Test(arguments: [TLSVersion.tls12, .tls13])
    func aSecondSessionOfTheContextsIsResumed(version: TLSVersion) {
        let server = Fixtures.server("docs", "wild")
        let client = Fixtures.client(newest: version)
        for (round, name) in [
            (0, "docs.example.com"), (1, "docs.example.com"), (0, "a.wild.example.com"), (1, "a.wild.example.com"),
        ] {
            let pair = Pair(server: server, client: client, name: name)
            #expect(pair.shakeHands().client == .done)
            Pair.move(pair.server, pair.client)
            _ = Pair.read(pair.client)
            #expect(pair.client.wasResumed == (round == 1))
            #expect(pair.server.wasResumed == (round == 1))
            #expect(pair.client.versionName == (version == .tls12 ? "TLSv1.2" : "TLSv1.3"))
            #expect(pair.server.serverName == name)
        }
    }

    @Test func aTicketOfAnotherContextIsNoHarm() {
        let client = Fixtures.client()
        for _ in 0..<3 {
            let pair = Pair(server: Fixtures.server("docs"), client: client)
            #expect(pair.shakeHands().client == .done)
            _ = Pair.read(pair.client)
            #expect(!pair.client.wasResumed)
        }
    }

    @Test func withoutTicketsNothingIsResumed() throws {
        let server = try TLSServerContext(certificates: [Fixtures.certificate("docs")], sessionTickets: false)
        for version in [TLSVersion.tls12, .tls13] {
            let client = Fixtures.client(newest: version)
            for _ in 0..<2 {
                let pair = Pair(server: server, client: client)
                #expect(pair.shakeHands().client == .done)
                _ = Pair.read(pair.client)
                #expect(!pair.server.wasResumed)
            }
        }
    }
}

@Suite struct TransferTests {
    @Test func writingStopsAtTheLimit() {
        let pair = Pair()
        pair.shakeHands()
        let body = (0..<262_144).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }
        var sent = 0
        var got: [UInt8] = []
        while got.count < body.count {
            let taken = pair.server.write(body.span.extracting(sent..<body.count))
            sent += taken
            #expect(pair.server.outputCount < TLSSession.outputLimit + TLSSession.recordSize + 256)
            if sent < body.count {
                #expect(pair.server.outputCount >= TLSSession.outputLimit)
                #expect(pair.server.write(body.span) == 0)
            }
            Pair.move(pair.server, pair.client, step: 20_000)
            while case .bytes = { let next = Pair.read(pair.client, capacity: 5000); got += next.bytes; return next.result }() {}
        }
        #expect(got == body)
        #expect(!pair.server.hasOutput)
    }

    @Test func aReadFillsWhatItIsGivenAndNoMore() {
        let pair = Pair()
        pair.shakeHands()
        _ = Pair.send([UInt8](repeating: 9, count: 40_000), from: pair.client)
        Pair.move(pair.client, pair.server)
        #expect(pair.server.mayHavePlaintext)
        #expect(Pair.read(pair.server, capacity: 39_999).bytes.count >= 39_999)
        _ = Pair.read(pair.server)
        #expect(!pair.server.mayHavePlaintext)
    }

    @Test func inputCanBePutStraightIn() {
        let pair = Pair()
        pair.shakeHands()
        _ = Pair.send([1, 2, 3], from: pair.client)
        var record: [UInt8] = []
        pair.client.withOutput { span in
            for index in span.indices { record.append(span[index]) }
            return span.count
        }
        let count = pair.server.receive(upTo: 16_384) { out in
            for byte in record { out.append(byte) }
            return out.count
        }
        #expect(count == record.count)
        #expect(Pair.read(pair.server).bytes == [1, 2, 3])
        pair.server.receive(upTo: 16_384) { _ in }
        #expect(Pair.read(pair.server).result == .wait)
    }

    @Test func everyDamagedRecordEndsTheSession() {
        for index in [0, 1, 3, 4, 5, 20, 24] {
            let pair = Pair()
            pair.shakeHands()
            _ = Pair.read(pair.client)
            _ = Pair.send([1, 2, 3, 4, 5], from: pair.server)
            Pair.move(pair.server, pair.client) { $0[index] ^= 1 }
            pair.client.endOfInput()
            let result = Pair.read(pair.client).result
            guard case .failed(let error) = result else {
                Issue.record("byte \(index) passed")
                continue
            }
            #expect(Pair.read(pair.client).result == .failed(error))
            #expect(Pair.send([1], from: pair.client) == 0)
        }
    }

    @Test func sharedBlocksServeManySessions() {
        let pool = TLSBufferPool(keep: 2)
        let server = Fixtures.server("docs")
        let client = Fixtures.client()
        var pairs: [Pair] = []
        for _ in 0..<6 {
            let pair = Pair(
                client: try! TLSSession(client: client, serverName: "docs.example.com", pool: pool),
                server: TLSSession(server: server, pool: pool))
            #expect(pair.shakeHands().server == .done)
            _ = Pair.send([UInt8](repeating: 3, count: 50_000), from: pair.server)
            pairs.append(pair)
        }
        for pair in pairs {
            Pair.move(pair.server, pair.client)
            #expect(Pair.read(pair.client).bytes.count == 50_000)
        }
    }
}

@Suite struct ClosingTests {
    @Test(arguments: [TLSVersion.tls12, .tls13])
    func closeNotifyIsToldAfterTheLastByte(version: TLSVersion) {
        let pair = Pair(client: Fixtures.client(newest: version))
        pair.shakeHands()
        _ = Pair.read(pair.client)
        _ = Pair.send([1, 2], from: pair.server)
        pair.server.close()
        pair.server.close()
        #expect(Pair.send([3], from: pair.server) == 0)
        Pair.move(pair.server, pair.client)
        #expect(Pair.read(pair.client).bytes == [1, 2])
        #expect(Pair.read(pair.client).result == .closed)
        #expect(Pair.read(pair.client).result == .closed)
        // The other half stays open.
        #expect(Pair.send([4, 5], from: pair.client) == 2)
        pair.client.close()
        Pair.move(pair.client, pair.server)
        #expect(Pair.read(pair.server).bytes == [4, 5])
        #expect(Pair.read(pair.server).result == .closed)
    }

    @Test func closedStaysClosedWhenTheSocketEnds() {
        let pair = Pair()
        pair.shakeHands()
        pair.client.close()
        Pair.move(pair.client, pair.server)
        pair.server.endOfInput()
        #expect(Pair.read(pair.server).result == .closed)
        #expect(Pair.read(pair.server).result == .closed)
    }

    @Test func anEndWithoutCloseNotifyIsTruncation() {
        let pair = Pair()
        pair.shakeHands()
        _ = Pair.send([1, 2], from: pair.client)
        Pair.move(pair.client, pair.server)
        pair.server.endOfInput()
        #expect(Pair.read(pair.server).bytes == [1, 2])
        guard case .failed(let error) = Pair.read(pair.server).result else {
            Issue.record("truncation passed")
            return
        }
        #expect(error.kind == .truncated)
    }

    @Test func anEndWithinARecordIsTruncation() {
        let pair = Pair()
        pair.shakeHands()
        _ = Pair.send([UInt8](repeating: 1, count: 1000), from: pair.client)
        Pair.move(pair.client, pair.server) { $0.removeLast(500) }
        pair.server.endOfInput()
        guard case .failed(let error) = Pair.read(pair.server).result else {
            Issue.record("truncation passed")
            return
        }
        #expect(error.kind == .truncated)
    }

    @Test func closingBeforeTheHandshakeSaysNothing() {
        let server = TLSSession(server: Fixtures.server("docs"))
        server.close()
        #expect(!server.hasOutput)
    }

    @Test func renegotiationIsRefused() throws {
        let context = try TLSServerContext(certificates: [Fixtures.certificate("docs")])
        let peer = try CommandLineClient(arguments: ["-tls1_2"], server: context)
        #expect(peer.session.versionName == "TLSv1.2")
        peer.type("hello\n")
        #expect(peer.readUntil { $0.suffix(6) == Array("hello\n".utf8)[...] })
        peer.type("R\n")
        peer.pumpUntilEnd()
        #expect(peer.transcript.contains("no renegotiation"))
    }
}
