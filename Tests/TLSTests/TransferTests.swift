import TLS
import Testing

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
            while true {
                let next = Pair.read(pair.client, capacity: 5000)
                got += next.bytes
                guard case .bytes = next.result else { break }
            }
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
