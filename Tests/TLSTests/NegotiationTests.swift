import TLS
import Testing

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
