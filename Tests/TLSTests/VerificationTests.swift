import TLS
import Testing

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
