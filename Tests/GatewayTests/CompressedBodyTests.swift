import Deflate
import HTTP
import Reactor
import Testing

@testable import Gateway

@Suite struct CompressedBodyTests {
    /// A body that says how much of it was read, waits where it is told to, and may fail.
    private final class Source: BodySource {
        let length: Int?
        weak var consumer: (any BodyConsumer)?
        let bytes: [UInt8]
        let failure: BodyFailure?
        var position = 0
        var waitsAt: Int?
        var wasCancelled = false

        init(_ bytes: [UInt8], hasLength: Bool = true, failure: BodyFailure? = nil, waitsAt: Int? = nil) {
            self.bytes = bytes
            self.failure = failure
            self.waitsAt = waitsAt
            length = hasLength ? bytes.count : nil
        }

        func read(into out: inout OutputSpan<UInt8>) -> BodyRead {
            let end = min(waitsAt ?? bytes.count, bytes.count, position + out.freeCapacity)
            let count = end - position
            for index in position..<end { out.append(bytes[index]) }
            position = end
            if position == bytes.count { return failure.map(BodyRead.failed) ?? .end }
            return count > 0 ? .bytes : .wait
        }

        func cancel() { wasCancelled = true }
    }

    private final class Consumer: BodyConsumer {
        var calls = 0
        func bodyIsReady() { calls += 1 }
    }

    /// Reads it to its end, `room` bytes at a time.
    private func readAll(_ body: CompressedBody, _ loop: EventLoop, room: Int = 4096) -> ([UInt8], BodyRead) {
        let consumer = Consumer()
        body.consumer = consumer
        var out: [UInt8] = []
        for _ in 0..<1_000_000 {
            var result = BodyRead.wait
            let before = out.count
            out.append(addingCapacity: room) { (span: inout OutputSpan<UInt8>) in result = body.read(into: &span) }
            switch result {
            case .bytes: #expect(out.count > before, "there are bytes where they are announced")
            case .wait:
                #expect(out.count == before)
                let calls = consumer.calls
                loop.turn()
                #expect(consumer.calls == calls + 1, "who waits is told when to go on")
            case .end, .failed: return (out, result)
            }
        }
        return (out, .wait)
    }

    private func text(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 * $0 / 97) } }

    private func content(_ gzip: [UInt8]) -> [UInt8]? {
        guard gzip.count > 18 else { return nil }
        return Deflate.inflate(Array(gzip[10..<gzip.count - 8]), limit: 1 << 26)
    }

    @Test(arguments: [1, 1000, 16384, 32768, 200_000])
    func itIsTheContentWhateverTheRoom(count: Int) throws {
        let loop = try EventLoop(), budget = CompressionBudget(limit: 1)
        for room in [1, 100, 65536] {
            for hasLength in [true, false] {
                #expect(budget.take() && !budget.take())
                let source = Source(text(count), hasLength: hasLength)
                let body = CompressedBody(source, loop: loop, budget: budget)
                #expect(body.length == nil)
                let (bytes, result) = readAll(body, loop, room: room)
                #expect(result == .end && content(bytes) == text(count))
                #expect(budget.free == 1, "the place is given back")
            }
        }
    }

    @Test func littleIsReadBeyondWhatTheRoomAsksFor() throws {
        let loop = try EventLoop(), budget = CompressionBudget(limit: 1)
        #expect(budget.take())
        // What does not grow smaller: a byte in is a byte out.
        var state: UInt64 = 1
        let noise = (0..<1_000_000).map { _ -> UInt8 in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 33)
        }
        let source = Source(noise)
        let body = CompressedBody(source, loop: loop, budget: budget)
        var out: [UInt8] = []
        for _ in 0..<2000 {
            out.append(addingCapacity: 100) { (span: inout OutputSpan<UInt8>) in _ = body.read(into: &span) }
            loop.turn()
            #expect(source.position <= out.count + 64 << 10, "zlib's window and what it has not yet given")
        }
        #expect(out.count > 100_000)
        body.cancel()
    }

    @Test func othersHaveTheirTurnBetweenParts() throws {
        let loop = try EventLoop(), budget = CompressionBudget(limit: 1), consumer = Consumer()
        #expect(budget.take())
        let source = Source([UInt8](repeating: 0, count: 10 << 20))
        let body = CompressedBody(source, loop: loop, budget: budget)
        body.consumer = consumer
        var out: [UInt8] = []
        var result = BodyRead.bytes
        while result == .bytes {
            out.append(addingCapacity: 65536) { (span: inout OutputSpan<UInt8>) in result = body.read(into: &span) }
        }
        #expect(result == .wait && source.position == CompressedBody.inputPerTurn && consumer.calls == 0)
        loop.turn()
        #expect(consumer.calls == 1)
        let (rest, end) = readAll(body, loop)
        #expect(end == .end && content(out + rest)?.count == 10 << 20)
    }

    @Test func aSourceThatWaitsIsWaitedFor() throws {
        let loop = try EventLoop(), budget = CompressionBudget(limit: 1), consumer = Consumer()
        #expect(budget.take())
        let source = Source(text(2000), waitsAt: 1500)
        let body = CompressedBody(source, loop: loop, budget: budget)
        body.consumer = consumer
        var out: [UInt8] = []
        var result = BodyRead.bytes
        while result == .bytes {
            out.append(addingCapacity: 512) { (span: inout OutputSpan<UInt8>) in result = body.read(into: &span) }
        }
        #expect(result == .wait)
        source.waitsAt = nil
        source.consumer?.bodyIsReady()
        #expect(consumer.calls == 1)
        let (rest, end) = readAll(body, loop)
        #expect(end == .end && content(out + rest) == text(2000))
    }

    @Test(arguments: [BodyFailure.disconnected, .malformed, .timedOut])
    func aBodyThatFailsNeverLooksWhole(_ failure: BodyFailure) throws {
        let loop = try EventLoop(), budget = CompressionBudget(limit: 1)
        #expect(budget.take())
        let body = CompressedBody(Source(text(50_000), failure: failure), loop: loop, budget: budget)
        let (bytes, result) = readAll(body, loop)
        #expect(result == .failed(failure) && content(bytes) == nil && budget.free == 1)
    }

    @Test func whoeverLeavesGivesEverythingBackOnce() throws {
        let loop = try EventLoop(), budget = CompressionBudget(limit: 1)
        #expect(budget.take())
        let source = Source(text(1 << 20))
        var body: CompressedBody? = CompressedBody(source, loop: loop, budget: budget)
        var out: [UInt8] = []
        out.append(addingCapacity: 64) { (span: inout OutputSpan<UInt8>) in _ = body?.read(into: &span) }
        body?.cancel()
        body?.cancel()
        #expect(source.wasCancelled && budget.free == 1)
        out.append(addingCapacity: 64) { (span: inout OutputSpan<UInt8>) in
            #expect(body?.read(into: &span) == .failed(.disconnected))
        }
        body = nil
        loop.turn()
        #expect(budget.free == 1)
    }
}
