import Glibc
import HTTP
import HTTP2
import Posix
import TLS
import Testing
import Transport

@Suite struct ServerHTTP2Tests {
    // MARK: How it begins

    @Test func plainListenerSpeaksBothVersions() throws {
        let server = try ServerHarness()
        let new = try HTTP2Client(server.address)
        let old = try RawClient(server.address)
        for index in 0..<5 {
            new.get(UInt32(2 * index + 1), "/text/\(index)")
            #expect(new.text(UInt32(2 * index + 1)) == "text for /text/\(index)")
            #expect(old.get("/text/\(index)")?.text == "text for /text/\(index)")
        }
        #expect(server.records.map(\.version).sorted() == ["1.1", "1.1", "1.1", "1.1", "1.1", "2", "2", "2", "2", "2"])
        #expect(server.records.allSatisfy { $0.status == 200 && $0.bytes == 16 })
        server.stop()
    }

    @Test func prefaceMayComeByteByByte() throws {
        let server = try ServerHarness()
        let client = try HTTP2Client(server.address, begins: false)
        for byte in HTTP2Client.preface + HTTP2Client.frame(4) + HTTP2Client.head(1, "/text") {
            client.send([byte])
            usleep(200)
        }
        #expect(client.text(1) == "text for /text")
        server.stop()
    }

    @Test(arguments: [
        "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    ])
    func brokenPrefaceIsRefused(_ bytes: String) throws {
        let server = try ServerHarness(limits: limits { $0.lingerTime = .milliseconds(20) })
        let client = try HTTP2Client(server.address, begins: false)
        client.send(Array(bytes.utf8))
        #expect(client.endCode() ?? 1 != 0)
        #expect(server.onLoop { $0.handler.targets }.isEmpty)
        #expect(server.isClean())
        server.stop()
    }

    @Test(arguments: ["pri * http/2.0\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n\r\nPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"])
    func prefaceIsTakenOnlyAtTheStart(_ bytes: String) throws {
        let server = try ServerHarness()
        let client = try RawClient(server.address)
        client.send(bytes)
        _ = client.readToEnd()
        #expect(String(decoding: client.received, as: UTF8.self).contains("HTTP/1.1 "))
        #expect(server.onLoop { $0.handler.records.allSatisfy { $0.version == "1.1" } })
        server.stop()
    }

    @Test func upgradeToHTTP2IsIgnored() throws {
        let server = try ServerHarness()
        let client = try RawClient(server.address)
        let response = client.get(
            "/text",
            fields: "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n")
        #expect(response?.status == 200)
        #expect(response?.text == "text for /text")
        server.stop()
    }

    @Test func protocolIsAgreedInTheHandshake() throws {
        let server = try ServerHarness(tls: ServerCertificate.withHTTP2)
        let client = try TLSClient(server.address, "docs.example.com", alpn: ["http/1.1", "h2"])
        client.send(HTTP2Client.preface + HTTP2Client.frame(4) + HTTP2Client.head(1, "/bytes/5000"))
        #expect(client.read(atLeast: 5050).count >= 5050)
        #expect(server.eventually { server.records.map(\.version) == ["2"] })
        for alpn in [["http/1.1"], []] {
            #expect(try TLSClient(server.address, "docs.example.com", alpn: alpn).get("/text") == "text for /text")
        }
        // Over TLS nothing is guessed.
        let guessing = try TLSClient(server.address, "docs.example.com", alpn: ["http/1.1"])
        guessing.send(HTTP2Client.preface)
        #expect(guessing.response()?.status == 505)
        server.stop()
    }

    // MARK: Requests and responses

    @Test(arguments: [0, 1, 16_384, 65_535, 65_536, 1_000_000])
    func bodiesArriveWhole(size: Int) throws {
        let server = try ServerHarness()
        let client = try HTTP2Client(server.address)
        let expected = PatternSource.bytes(size)
        for (index, kind) in ["sized", "chunked", "bytes"].enumerated() {
            client.get(UInt32(2 * index + 1), "/\(kind)/\(size)")
            #expect(client.body(UInt32(2 * index + 1)) == expected, "\(kind)")
        }
        #expect(server.records.map(\.bytes) == [Int64](repeating: Int64(size), count: 3))
        server.stop()
    }

    @Test func manyStreamsAreAnsweredAtOnce() throws {
        let server = try ServerHarness()
        let client = try HTTP2Client(server.address)
        let streams = (0..<100).map { UInt32(2 * $0 + 1) }
        client.send(streams.flatMap { HTTP2Client.head($0, "/sized/30000") })
        let expected = PatternSource.bytes(30_000)
        for stream in streams { #expect(client.body(stream) == expected) }
        #expect(server.onLoop { $0.server.counters.requests } == 100)
        server.stop()
    }

    @Test func laterAnswersComeInTheirOwnOrder() throws {
        let server = try ServerHarness()
        let client = try HTTP2Client(server.address)
        client.get(1, "/later/60")
        client.get(3, "/text")
        #expect(client.text(3) == "text for /text")
        #expect(!client.isComplete(1))
        #expect(client.text(1) == "later")
        server.stop()
    }

    @Test(arguments: [("/status/204", 204), ("/omitted/500", 304), ("/status/404", 404)])
    func answersWithoutContentHaveNoData(_ path: String, status: Int) throws {
        let server = try ServerHarness()
        let client = try HTTP2Client(server.address)
        client.get(1, path)
        #expect(client.status(1) == status)
        #expect(client.body(1) == [])
        #expect(!client.frames.contains { $0.type == 0 })
        client.send(HTTP2Client.head(3, "/sized/500", method: "HEAD"))
        #expect(client.body(3) == [])
        #expect(!client.frames.contains { $0.type == 0 })
        server.stop()
    }

    @Test func waitingSourceGoesOnWhenItIsReady() throws {
        let server = try ServerHarness()
        let client = try HTTP2Client(server.address)
        client.get(1, "/waiting/5000")
        #expect(server.eventually { server.onLoop { $0.handler.waiting.count } == 1 })
        client.get(3, "/text")
        #expect(client.text(3) != nil)
        server.onLoop { $0.handler.waiting.first?.goOn() }
        #expect(client.body(1) == PatternSource.bytes(5000))
        server.stop()
    }

    @Test func failingBodyResetsItsStream() throws {
        let server = try ServerHarness()
        let client = try HTTP2Client(server.address)
        client.get(1, "/failing/50000/20000")
        #expect(client.body(1) == nil)
        #expect(client.resetCode(1) == 2)
        client.get(3, "/text")
        #expect(client.text(3) == "text for /text")
        #expect(server.records.first?.outcome == .originFailed)
        server.stop()
    }

    @Test func requestBodyIsReadUpToItsLimit() throws {
        let server = try ServerHarness()
        let client = try HTTP2Client(server.address)
        client.send(HTTP2Client.head(1, "/echo/5", method: "POST", end: false))
        client.data(1, "he", end: false)
        client.data(1, "llo")
        #expect(client.text(1) == "hello")
        client.send(HTTP2Client.head(3, "/echo/5", method: "POST", end: false, fields: [("content-length", "6")]))
        #expect(client.status(3) == 0)
        client.send(HTTP2Client.head(5, "/echo/5", method: "POST", end: false))
        client.data(5, "hello!", end: false)
        #expect(client.status(5) == 0)
        client.send(HTTP2Client.head(7, "/echo/5", method: "POST"))
        #expect(client.text(7) == "")
        #expect(server.onLoop { $0.handler.bodyFailures } == [.tooLarge, .tooLarge])
        server.stop()
    }

    @Test func largeUploadsShareTheWindow() throws {
        let server = try ServerHarness()
        let client = try HTTP2Client(server.address)
        let text = String(repeating: "0123456789abcdef", count: 1000)
        for stream: UInt32 in [1, 3] {
            client.send(HTTP2Client.head(stream, "/echo/200000", method: "POST", end: false))
        }
        for _ in 0..<2 { for stream: UInt32 in [1, 3] { client.data(stream, text, end: false) } }
        #expect(client.wait { $0.frames.contains { $0.type == 8 && $0.stream == 0 } })
        for index in 2..<10 {
            for stream: UInt32 in [1, 3] { client.data(stream, text, end: index == 9) }
        }
        for stream: UInt32 in [1, 3] { #expect(client.body(stream)?.count == 160_000) }
        server.stop()
    }

    private static let upload = String(repeating: "u", count: 16_000)

    /// Sends as much as a stream's window lets through.
    private func fill(_ client: HTTP2Client, _ stream: UInt32) {
        client.send(HTTP2Client.head(stream, "/pull/1000000", method: "POST", end: false))
        for _ in 0..<4 { client.data(stream, Self.upload, end: false) }
    }

    @Test func uploadThatNobodyTakesStopsNoOther() throws {
        let server = try ServerHarness()
        let client = try HTTP2Client(server.address)
        fill(client, 1)
        #expect(client.wait { $0.frames.contains { $0.type == 8 && $0.stream == 0 } })
        client.send(HTTP2Client.head(3, "/echo/200000", method: "POST", end: false))
        for index in 0..<4 { client.data(3, Self.upload, end: index == 3) }
        #expect(client.body(3)?.count == 64_000)
        #expect(!client.frames.contains { $0.type == 8 && $0.stream == 1 })
        let taken = server.onLoop { world in
            var bytes: [UInt8] = []
            bytes.append(addingCapacity: 100_000) { (out: inout OutputSpan<UInt8>) in
                _ = world.handler.pulled[0].read(into: &out)
            }
            return bytes.count
        }
        #expect(taken == 64_000)
        #expect(client.wait { $0.frames.contains { $0.type == 8 && $0.stream == 1 } })
        server.stop()
    }

    @Test func uploadsThatNobodyTakesAreBoundedTogether() throws {
        var limits = ServerLimits()
        limits.http2.heldContent = 100_000
        let server = try ServerHarness(limits: limits)
        let client = try HTTP2Client(server.address)
        func given(_ client: HTTP2Client) -> UInt32 {
            client.frames.filter { $0.type == 8 && $0.stream == 0 }.reduce(0) { $0 + $1.word() }
        }
        fill(client, 1)
        #expect(client.wait { given($0) >= 48_000 })
        fill(client, 3)
        client.send(HTTP2Client.frame(6, [UInt8](repeating: 1, count: 8)))
        #expect(client.wait { $0.frames.contains { $0.type == 6 } })
        #expect(given(client) <= 100_000)
        // What a stream held others may hold when it goes.
        client.reset(1)
        client.send(HTTP2Client.head(5, "/echo/200000", method: "POST", end: false))
        for index in 0..<4 { client.data(5, Self.upload, end: index == 3) }
        #expect(client.body(5)?.count == 64_000)
        server.stop()
    }

    @Test func clientThatWaitsForA100GetsOne() throws {
        let server = try ServerHarness()
        let client = try HTTP2Client(server.address)
        client.send(HTTP2Client.head(1, "/echo/9", method: "POST", end: false, fields: [("expect", "100-continue")]))
        #expect(client.wait { $0.frames.contains { $0.type == 1 && $0.stream == 1 } })
        #expect(!client.isComplete(1))
        client.data(1, "hello")
        #expect(client.text(1) == "hello")
        server.stop()
    }

    @Test func answerBeforeTheUploadEndsIt() throws {
        let server = try ServerHarness()
        let client = try HTTP2Client(server.address)
        client.send(HTTP2Client.head(1, "/text", method: "POST", end: false))
        client.data(1, "abc", end: false)
        #expect(client.text(1) == "text for /text")
        client.data(1, String(repeating: "u", count: 16_000), end: false)
        for _ in 0..<3 { client.data(1, String(repeating: "u", count: 16_000), end: false) }
        #expect(client.wait { $0.frames.contains { $0.type == 8 } })
        client.data(1, String(repeating: "u", count: 6000), end: false)
        #expect(client.wait { $0.resetCode(1) == 0 })
        client.data(1, "def", end: false)
        client.get(3, "/text")
        #expect(client.text(3) == "text for /text")
        server.stop()
    }

    @Test func malformedRequestsAreRefusedOneByOne() throws {
        let server = try ServerHarness()
        let client = try HTTP2Client(server.address)
        client.send(HTTP2Client.head(1, "/a//b"))
        #expect(client.status(1) == 400)
        client.send(HTTP2Client.head(3, "/", fields: [("te", "gzip")]))
        #expect(client.wait { $0.resetCode(3) == 1 })
        client.get(5, "/text")
        #expect(client.text(5) == "text for /text")
        #expect(server.refusals == [400, 0])
        #expect(server.onLoop { $0.handler.targets } == ["/text"])
        server.stop()
    }

    // MARK: The client leaves

    @Test func resetAbandonsTheExchange() throws {
        let server = try ServerHarness()
        let client = try HTTP2Client(server.address)
        client.get(1, "/never")
        client.get(3, "/waiting/10")
        client.send(HTTP2Client.head(5, "/echo/10", method: "POST", end: false))
        #expect(server.eventually { server.onLoop { $0.handler.targets.count } == 3 })
        for stream: UInt32 in [1, 3, 5] { client.reset(stream) }
        #expect(server.eventually { server.abandoned == 3 })
        #expect(server.onLoop { $0.handler.cancelled } == 1)
        #expect(server.onLoop { $0.handler.bodyFailures } == [.disconnected])
        #expect(server.records.map(\.outcome) == [.clientGone, .clientGone, .clientGone])
        // Whoever answers later answers nobody.
        server.onLoop { world in
            for id in world.handler.parked { #expect(world.server.exchanges[id] == nil) }
        }
        client.get(7, "/text")
        #expect(client.text(7) == "text for /text")
        server.stop()
    }

    @Test func requestThatIsTakenBackAtOnceReachesNobody() throws {
        let server = try ServerHarness()
        let client = try HTTP2Client(server.address)
        client.send(HTTP2Client.head(1, "/never") + HTTP2Client.frame(3, stream: 1, HTTP2Client.word(8)))
        client.get(3, "/text")
        #expect(client.text(3) == "text for /text")
        #expect(server.onLoop { $0.handler.targets } == ["/text"])
        server.stop()
    }

    @Test func connectionThatIsCutLeavesNothingBehind() throws {
        let server = try ServerHarness()
        for path in ["/never", "/waiting/10", "/sized/10000000", "/later/20"] {
            let client = try HTTP2Client(server.address)
            client.get(1, path)
            client.get(3, path)
            client.send(HTTP2Client.head(5, "/echo/10", method: "POST", end: false))
            #expect(server.eventually { server.onLoop { $0.handler.targets.count } >= 3 })
            client.raw.reset()
            #expect(server.isClean())
            server.onLoop { $0.handler.parked = [] }
        }
        server.stop()
    }

    // MARK: Pace

    @Test func closedWindowStopsTheSourceAndNoOther() throws {
        let server = try ServerHarness()
        let client = try HTTP2Client(server.address)
        client.opensWindows = false
        client.window(0, 1 << 24)
        client.get(1, "/sized/10000000")
        #expect(client.wait { $0.frames.filter { $0.type == 0 }.reduce(0) { $0 + $1.payload.count } == 65_535 })
        usleep(20_000)
        #expect(server.onLoop { $0.handler.bytesRead } == 65_535)
        client.get(3, "/sized/60000")
        #expect(client.body(3) == PatternSource.bytes(60_000))
        client.window(1, 100_000)
        #expect(
            client.wait {
                $0.frames.filter { $0.type == 0 && $0.stream == 1 }.reduce(0) { $0 + $1.payload.count } == 165_535
            })
        server.stop()
    }

    @Test func clientThatDoesNotReadStopsEverySource() throws {
        let server = try ServerHarness()
        let client = try HTTP2Client(server.address, receiveBuffer: 4096)
        client.send(HTTP2Client.initialWindow(1 << 30) + HTTP2Client.frame(8, HTTP2Client.word(1 << 30)))
        for index in 0..<10 { client.get(UInt32(2 * index + 1), "/sized/100000000") }
        usleep(300_000)
        let read = server.onLoop { $0.handler.bytesRead }
        #expect(read < 16 << 20)
        usleep(100_000)
        #expect(server.onLoop { $0.handler.bytesRead } == read)
        server.stop()
    }

    // MARK: Deadlines

    private func limits(_ change: (inout ServerLimits) -> Void) -> ServerLimits {
        var limits = ServerLimits()
        change(&limits)
        return limits
    }

    @Test func headThatDoesNotComeEndsTheConnection() throws {
        let server = try ServerHarness(
            limits: limits {
                $0.headTime = .milliseconds(80); $0.lingerTime = .milliseconds(20)
            })
        for bytes in [
            HTTP2Client.preface, HTTP2Client.preface + HTTP2Client.frame(4),
            HTTP2Client.preface + HTTP2Client.frame(4) + HTTP2Client.head(1, "/text", endHeaders: false),
            HTTP2Client.preface + HTTP2Client.frame(4) + HTTP2Client.head(1, "/text")
                + HTTP2Client.head(3, "/text", endHeaders: false),
        ] {
            let client = try HTTP2Client(server.address, begins: false)
            client.acknowledges = false
            client.opensWindows = false
            client.send(bytes)
            #expect(client.endCode() == 0)
        }
        #expect(server.isClean())
        #expect(server.closed(.headTimeout) == 4)
        server.stop()
    }

    @Test func pingsDoNotProlongAHeadOrAnIdleConnection() throws {
        let server = try ServerHarness(
            limits: limits {
                $0.headTime = .milliseconds(100); $0.idleTime = .milliseconds(100); $0.lingerTime = .milliseconds(20)
            })
        for starts in [[], HTTP2Client.head(1, "/text")] {
            let client = try HTTP2Client(server.address)
            client.send(starts)
            for _ in 0..<8 {
                usleep(20_000)
                client.send(HTTP2Client.frame(6, [UInt8](repeating: 0, count: 8)))
            }
            #expect(client.endCode() == 0 || client.ending == .reset)
        }
        #expect(server.eventually { server.closed(.headTimeout) == 1 && server.closed(.idleTimeout) == 1 })
        server.stop()
    }

    @Test func connectionWhoseWindowsStayShutIsEnded() throws {
        let server = try ServerHarness(
            limits: limits {
                $0.writeIdleTime = .milliseconds(150); $0.lingerTime = .milliseconds(20)
            })
        let client = try HTTP2Client(server.address)
        client.opensWindows = false
        client.send(HTTP2Client.initialWindow(0))
        for index in 0..<100 { client.get(UInt32(2 * index + 1), "/sized/100000") }
        #expect(client.endCode() == 11)
        #expect(server.isClean())
        #expect(server.closed(.writeTimeout) == 1)
        #expect(server.records.allSatisfy { $0.outcome == .clientGone })
        #expect(server.onLoop { $0.handler.bytesRead } == 0)
        server.stop()
    }

    @Test func streamWhoseWindowStaysShutIsReset() throws {
        let server = try ServerHarness(limits: limits { $0.writeIdleTime = .milliseconds(150) })
        let client = try HTTP2Client(server.address)
        client.opensWindows = false
        client.send(HTTP2Client.initialWindow(10))
        client.get(1, "/sized/100000")
        // A byte now and then is no progress.
        var trickle = 0
        client.get(3, "/sized/100000")
        while client.resetCode(1) == nil, trickle < 100 {
            client.window(1, 1)
            client.window(3, 3000)
            trickle += 1
            usleep(10_000)
            _ = client.wait {
                $0.frames.filter { $0.stream == 3 && $0.type == 0 }.reduce(0) { $0 + $1.payload.count } >= 3000
                    * trickle
            }
        }
        #expect(client.resetCode(1) == 8)
        #expect(client.resetCode(3) == nil)
        server.stop()
    }

    @Test func uploadThatStopsIsTimedOut() throws {
        let server = try ServerHarness(limits: limits { $0.bodyIdleTime = .milliseconds(80) })
        let client = try HTTP2Client(server.address)
        client.send(HTTP2Client.head(1, "/echo/100", method: "POST", end: false))
        client.data(1, "abc", end: false)
        #expect(client.status(1) == 0)
        #expect(server.onLoop { $0.handler.bodyFailures } == [.timedOut])
        client.get(3, "/text")
        #expect(client.text(3) == "text for /text")
        #expect(server.records.first?.status == 408)
        server.stop()
    }

    @Test func requestThatTakesTooLongLosesItsStream() throws {
        let server = try ServerHarness(
            limits: limits {
                $0.requestTime = .milliseconds(100); $0.bodyIdleTime = .milliseconds(40)
            })
        let client = try HTTP2Client(server.address)
        client.get(1, "/waiting/5")
        #expect(client.wait { $0.resetCode(1) == 8 })
        client.get(3, "/text")
        #expect(client.text(3) == "text for /text")
        #expect(server.records.first?.outcome == .limited)
        server.stop()
    }

    @Test func uploadBelowTheLeastRateIsTimedOut() throws {
        let server = try ServerHarness(
            limits: limits {
                $0.bodyIdleTime = .milliseconds(100); $0.minReadRate = 100_000
            })
        let client = try HTTP2Client(server.address)
        client.send(HTTP2Client.head(1, "/echo/1000", method: "POST", end: false))
        for _ in 0..<30 {
            client.data(1, "x", end: false)
            usleep(10_000)
        }
        #expect(client.status(1) == 0)
        #expect(server.onLoop { $0.handler.bodyFailures } == [.timedOut])
        server.stop()
    }

    @Test func handlerThatNeverAnswersLosesItsStream() throws {
        let server = try ServerHarness(limits: limits { $0.handlerTime = .milliseconds(100) })
        let client = try HTTP2Client(server.address)
        client.get(1, "/never")
        client.get(3, "/waiting/5")
        #expect(client.wait { $0.resetCode(1) == 2 && $0.resetCode(3) == 2 })
        client.get(5, "/text")
        #expect(client.text(5) == "text for /text")
        #expect(server.abandoned == 2)
        server.stop()
    }

    // MARK: Floods

    @Test func floodEndsItsConnectionAndHarmsNoOther() throws {
        let server = try ServerHarness(limits: limits { $0.lingerTime = .milliseconds(20) })
        let good = try HTTP2Client(server.address)
        for (index, frame) in [
            HTTP2Client.frame(6, [UInt8](repeating: 0, count: 8)), HTTP2Client.frame(4), HTTP2Client.frame(99),
        ].enumerated() {
            let client = try HTTP2Client(server.address)
            client.get(1, "/never")
            for _ in 0..<200 { client.send((0..<20).flatMap { _ in frame }) }
            _ = client.endCode()
            good.get(UInt32(2 * index + 1), "/text")
            #expect(good.text(UInt32(2 * index + 1)) == "text for /text")
            #expect(server.eventually { server.closed(.http2IdleFrames) == index + 1 })
        }
        #expect(server.eventually { server.abandoned == 3 })
        server.stop()
    }

    @Test func rapidResetsReachFewHandlers() throws {
        let server = try ServerHarness(limits: limits { $0.lingerTime = .milliseconds(20) })
        let client = try HTTP2Client(server.address)
        for index in 0..<1000 {
            let stream = UInt32(2 * index + 1)
            client.send(HTTP2Client.head(stream, "/never"))
            client.reset(stream)
        }
        _ = client.endCode()
        #expect(server.isClean())
        #expect(server.closed(.http2Resets) == 1)
        #expect(server.onLoop { $0.handler.targets.count } <= 201)
        server.stop()
    }

    // MARK: The end

    @Test func drainFinishesWhatRuns() throws {
        let server = try ServerHarness()
        let client = try HTTP2Client(server.address)
        let idle = try HTTP2Client(server.address)
        idle.get(1, "/text")
        #expect(idle.text(1) != nil)
        client.get(1, "/later/200")
        client.get(3, "/waiting/50000")
        #expect(server.eventually { server.onLoop { $0.handler.waiting.count } == 1 })
        let drained = Box<Bool>()
        server.onLoop { $0.server.drain(hardStopAfter: .seconds(5)) { drained.put(true) } }
        #expect(idle.endCode() == 0)
        #expect(client.wait { $0.goAways.count == 2 })
        #expect(client.goAways.map(\.last) == [0x7FFF_FFFF, 3])
        #expect(client.text(1) == "later")
        server.onLoop { $0.handler.waiting.first?.goOn() }
        #expect(client.body(3) == PatternSource.bytes(50_000))
        #expect(client.endCode() == 0)
        #expect(drained.take())
        #expect(server.closed(.drain) == 2)
        server.executor.stop()
    }

    @Test func drainLetsANewConnectionAskOnce() throws {
        var limits = ServerLimits()
        limits.drainIdleTime = .milliseconds(200)
        let server = try ServerHarness(limits: limits)
        let asks = try HTTP2Client(server.address)
        let isSilent = try HTTP2Client(server.address)
        #expect(server.eventually { server.connectionCount == 2 })
        let drained = Box<Bool>()
        server.onLoop { $0.server.drain(hardStopAfter: .seconds(5)) { drained.put(true) } }
        Thread.sleep(.milliseconds(20))
        asks.get(1, "/text")
        #expect(asks.text(1) == "text for /text")
        #expect(asks.endCode() == 0)
        #expect(asks.goAways.map(\.last) == [0x7FFF_FFFF, 1])
        #expect(isSilent.endCode() == 0)
        #expect(drained.take())
        #expect(server.closed(.drain) == 2)
        server.executor.stop()
    }

    @Test func requestsOfAConnectionHaveALimit() throws {
        let server = try ServerHarness(
            limits: limits {
                $0.requestsPerConnection = 3; $0.lingerTime = .milliseconds(20)
            })
        let client = try HTTP2Client(server.address)
        for index in 0..<3 {
            client.get(UInt32(2 * index + 1), "/text")
            #expect(client.text(UInt32(2 * index + 1)) == "text for /text")
        }
        #expect(client.endCode() == 0)
        #expect(client.goAways.map(\.last) == [0x7FFF_FFFF, 5])
        #expect(server.eventually { server.closed(.requestsPerConnection) == 1 })
        server.stop()
    }
}
