import HTTP
import Posix
import Testing
import Transport

@Suite struct ServerResponseTests {
    @Test(arguments: [0, 1, 15, 16, 255, 256, 4095, 4096, 65_000, 65_536, 65_537, 1_000_000])
    func bodiesOfEveryFramingArriveWhole(size: Int) throws {
        let server = try ServerHarness()
        let client = try RawClient(server.address)
        let expected = PatternSource.bytes(size)
        for kind in ["bytes", "sized", "chunked"] {
            let response = client.get("/\(kind)/\(size)")
            #expect(response?.status == 200)
            #expect(response?.body == expected, "\(kind)")
            #expect(response?.fields.contains(.transferEncoding) == (kind == "chunked"))
        }
        #expect(server.records.map(\.bytes) == [Int64(size), Int64(size), Int64(size)])
        server.stop()
    }

    @Test func headAndFirstBytesShareASend() throws {
        let server = try ServerHarness()
        let client = try RawClient(server.address)
        client.send("GET /sized/2000 HTTP/1.1\r\nHost: a\r\n\r\n")
        client.read()
        #expect(client.received.count > 2000)
        server.stop()
    }

    @Test func http10GetsNoChunksButTheEnd() throws {
        let server = try ServerHarness()
        let client = try RawClient(server.address)
        client.send("GET /chunked/100000 HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n")
        #expect(client.readToEnd() == .end)
        let head = client.takeHead()
        #expect(!head.contains("transfer-encoding") && !head.contains("content-length"))
        #expect(head.contains("connection: close"))
        #expect(client.received == PatternSource.bytes(100_000))
        server.stop()
    }

    @Test func headIsAnsweredWithTheLengthAlone() throws {
        let server = try ServerHarness()
        let client = try RawClient(server.address)
        for (target, length) in [("/bytes/10", "10"), ("/sized/5000000", "5000000"), ("/chunked/5", nil)] {
            client.send("HEAD \(target) HTTP/1.1\r\nHost: a\r\n\r\n")
            let response = client.response(toHead: true)
            #expect(response?.status == 200)
            #expect(response?.fields[.contentLength] == length)
        }
        #expect(client.get("/text")?.text == "text for /text")
        #expect(server.records.prefix(3).allSatisfy { $0.bytes == 0 })
        #expect(server.onLoop { $0.handler.cancelled } == 2)
        server.stop()
    }

    @Test(arguments: [("/status/204", nil), ("/status/304", nil), ("/omitted/77", "77"), ("/status/200", "0")])
    func responseWithoutContentKeepsTheConnection(target: String, length: String?) throws {
        let server = try ServerHarness()
        let client = try RawClient(server.address)
        client.send("GET \(target) HTTP/1.1\r\nHost: a\r\n\r\nGET /text HTTP/1.1\r\nHost: a\r\n\r\n")
        let head = client.takeHead()
        #expect(head.contains("content-length: ") == (length != nil))
        if let length { #expect(head.contains("content-length: \(length)\r\n")) }
        #expect(!head.contains("transfer-encoding"))
        #expect(client.response()?.text == "text for /text")
        server.stop()
    }

    @Test func failingBodyNeverLooksWhole() throws {
        let server = try ServerHarness()
        // A length that is not reached, a source that ends early, one that has too much
        for target in [
            "/failing/5000/100", "/failing/500000/400000", "/announced/5000/100", "/announced/100/5000",
            "/announced/100000/100001", "/announced/0/1", "/failing-chunked/100", "/failing-chunked/300000",
        ] {
            let client = try RawClient(server.address)
            #expect(client.get(target) == nil, "\(target)")
        }
        #expect(server.isClean())
        #expect(server.closed(.origin) == 8)
        #expect(server.records.allSatisfy { $0.outcome == .originFailed })
        server.stop()
    }

    @Test func failingBodyWithoutFramingEndsInAReset() throws {
        let server = try ServerHarness()
        for size in [100, 300_000] {
            let client = try RawClient(server.address)
            client.send("GET /failing-chunked/\(size) HTTP/1.0\r\nHost: a\r\n\r\n")
            #expect(client.readToEnd() == .reset)
        }
        #expect(server.isClean())
        server.stop()
    }

    @Test func sourceThatWaitsIsAskedAgain() throws {
        let server = try ServerHarness()
        let client = try RawClient(server.address)
        client.send("GET /waiting/10 HTTP/1.1\r\nHost: a\r\n\r\n")
        // The head does not wait for the body.
        #expect(client.takeHead().hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(client.received.isEmpty)
        server.onLoop { $0.handler.waiting[0].goOn() }
        while client.received.count < 10, client.read() == .bytes {}
        #expect(client.received == PatternSource.bytes(10))
        server.stop()
    }

    @Test func slowReaderCostsBoundedMemory() throws {
        let server = try ServerHarness()
        let size = 64 << 20
        let client = try RawClient(server.address, receiveBuffer: 262_144)
        client.send("GET /sized/\(size) HTTP/1.1\r\nHost: a\r\n\r\n")
        _ = client.takeHead()
        var total = client.received.count
        var matches = zip(client.received, 0...).allSatisfy { $0 == PatternSource.byte($1) }
        var mostAhead = 0
        while total < size {
            client.drop()
            guard client.read(upTo: 1 << 20) == .bytes else { break }
            if total % 997 == 0 || client.received.count < 100 {
                matches = matches && zip(client.received, total...).allSatisfy { $0 == PatternSource.byte($1) }
            }
            total += client.received.count
            if total < 1 << 20 {
                Thread.sleep(.milliseconds(1))
                let read = server.onLoop { $0.handler.bytesRead }
                mostAhead = max(mostAhead, read - total)
            }
        }
        #expect(total == size)
        #expect(matches)
        // The kernel's two buffers and one fill of the output.
        #expect(mostAhead < 8 << 20)
        server.stop()
    }

    @Test func longDownloadLeavesRoomForOthers() throws {
        let server = try ServerHarness()
        let greedy = try RawClient(server.address)
        greedy.send("GET /sized/\(1 << 30) HTTP/1.1\r\nHost: a\r\n\r\n")
        let reader = try Thread.spawn(name: "greedy") {
            for _ in 0..<400 {
                greedy.drop()
                guard greedy.read(upTo: 1 << 20) == .bytes else { return }
            }
        }
        let client = try RawClient(server.address)
        var slowest = Nanoseconds.zero
        for _ in 0..<20 {
            let start = MonotonicTime.now()
            #expect(client.get("/text")?.status == 200)
            slowest = max(slowest, MonotonicTime.now() - start)
        }
        reader.join()
        #expect(slowest < .milliseconds(1500))
        server.stop()
    }

    @Test func answerThatComesTooLateResolvesToNothing() throws {
        let server = try ServerHarness()
        let client = try RawClient(server.address)
        client.send("GET /never HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(server.eventually { server.onLoop { $0.handler.parked.count } == 1 })
        #expect(server.onLoop { $0.server.exchanges[$0.handler.parked[0]] != nil })
        client.reset()
        #expect(server.isClean())
        #expect(server.onLoop { $0.server.exchanges[$0.handler.parked[0]] == nil })
        // A new exchange in the same place is another one.
        let other = try RawClient(server.address)
        other.send("GET /never HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(server.eventually { server.onLoop { $0.handler.parked.count } == 2 })
        #expect(server.onLoop { $0.server.exchanges[$0.handler.parked[0]] == nil })
        #expect(server.onLoop { $0.server.exchanges[$0.handler.parked[1]] != nil })
        server.stop()
    }
}
