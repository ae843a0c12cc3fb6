import TLS
import Testing

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
