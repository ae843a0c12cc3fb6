import FoundationEssentials
import Synchronization
import Telemetry
import Testing

/// A descriptor of the test's own, which takes as much as it is told to.
final class Pipe: LogDescriptor {
    struct State {
        var bytes: [UInt8] = []
        /// What each next write does; without any, everything is taken.
        var script: [LogWrite] = []
        var writes = 0
    }

    let state = Mutex(State())

    init(_ script: [LogWrite] = []) { state.withLock { $0.script = script } }

    func write(_ bytes: Span<UInt8>) -> LogWrite {
        state.withLock { state in
            state.writes += 1
            let step = state.script.isEmpty ? .wrote(bytes.count) : state.script.removeFirst()
            guard case .wrote(let count) = step else { return step }
            let taken = min(count, bytes.count)
            for index in 0..<taken { state.bytes.append(bytes[index]) }
            return .wrote(taken)
        }
    }

    var text: String { state.withLock { String(decoding: $0.bytes, as: UTF8.self) } }
    var writes: Int { state.withLock { $0.writes } }
}

func record() -> AccessRecord {
    var record = AccessRecord(
        startedAt: 1_770_091_506_789_123, method: "GET", path: "/a/b.html?code=SECRET", version: "1.1",
        peer: "192.0.2.1")
    record.site = "docs"
    record.host = "docs.example.com"
    record.status = 200
    record.bytes = 1234
    record.duration = 1500
    record.subject = "u-1"
    record.outcome = .served
    return record
}

struct LogWriterTests {
    func line(_ record: AccessRecord, _ format: LogFormat = .json) -> String {
        let pipe = Pipe()
        let writer = LogWriter(sink: LogSink(pipe), format: format)
        writer.append(record)
        #expect(writer.hasLines)
        writer.flush()
        #expect(!writer.hasLines)
        return pipe.text
    }

    @Test func lineSaysWhatTheRecordHolds() {
        #expect(
            line(record())
                == #"{"time":"2026-02-03T04:05:06.789Z","kind":"access","site":"docs","host":"docs.example.com","method":"GET","path":"/a/b.html","version":"1.1","status":200,"bytes":1234,"duration_ms":1.500,"outcome":"served","sub":"u-1","peer":"192.0.2.1"}"#
                + "\n")
        #expect(
            line(record(), .text)
                == "2026-02-03T04:05:06.789Z access site=docs host=docs.example.com method=GET path=/a/b.html version=1.1 status=200 bytes=1234 duration_ms=1.500 outcome=served sub=u-1 peer=192.0.2.1\n"
        )
    }

    @Test func queryNeverReachesTheLog() {
        var hostile = record()
        for path in ["/?code=SECRET", "?SECRET", "/a\u{1F600}?SECRET", "/\"?SECRET", "/%3F?SECRET"] {
            hostile.path = path
            #expect(!line(hostile).contains("SECRET") && !line(hostile, .text).contains("SECRET"))
        }
    }

    @Test(arguments: [
        "\n{}\n", "\"},{\"", "\\", "\u{0}\u{1B}[31m\u{7F}", "\u{85}\u{9B}", "\u{2028}\u{2029}", "é\u{1F600}", " a=b ",
        "",
    ])
    func hostileTextStaysInItsField(text: String) throws {
        var hostile = record()
        hostile.subject = text
        hostile.host = text
        hostile.path = text
        let json = line(hostile)
        #expect(json.unicodeScalars.count { $0.value < 0x20 || (0x7F..<0xA0).contains($0.value) } == 1)
        #expect(!json.contains("\u{2028}") && json.hasSuffix("}\n"))
        struct Line: Decodable { let host: String, path: String, sub: String? }
        let decoded = try JSONDecoder().decode(Line.self, from: Data(json.utf8))
        #expect(decoded.host == text && decoded.path == text && decoded.sub ?? "" == text)
        let plain = line(hostile, .text)
        #expect(plain.split(separator: "\n").count == 1 && plain.hasSuffix("peer=192.0.2.1\n"))
    }

    @Test func timesOfAllErasAreRight() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00.000Z"), (951_782_400, "2000-02-29T00:00:00.000Z"),
            (951_868_799, "2000-02-29T23:59:59.000Z"),
            (4_107_542_399, "2100-02-28T23:59:59.000Z"), (4_107_542_400, "2100-03-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.000Z"),
            (1_735_689_599, "2024-12-31T23:59:59.000Z"), (253_402_300_799, "9999-12-31T23:59:59.000Z"),
        ] as [(Int64, String)] {
            var one = record()
            one.startedAt = seconds * 1_000_000
            #expect(line(one).hasPrefix("{\"time\":\"\(text)\""))
        }
    }

    @Test func linesOfATurnAreOneWrite() {
        let pipe = Pipe()
        let writer = LogWriter(sink: LogSink(pipe), format: .json)
        for _ in 0..<10 { writer.append(record()) }
        writer.flush()
        writer.flush()
        #expect(pipe.writes == 1 && pipe.text.split(separator: "\n").count == 10)
    }

    @Test func logThatIsOffCostsNothing() {
        let writer = LogWriter(sink: nil, format: .json)
        writer.append(record())
        #expect(!writer.hasLines)
        writer.flush()
    }
}

struct LogSinkTests {
    @Test func lineOnceBegunIsFinishedFirst() {
        let pipe = Pipe([.wrote(2), .wouldBlock])
        let sink = LogSink(pipe)
        sink.write(Array("aaaa\nbbbb\n".utf8))
        sink.write(Array("cccc\n".utf8))
        #expect(pipe.text == "aaaa\nbbbb\ncccc\n" && sink.droppedLines == 0)
    }

    @Test(arguments: 1..<10)
    func slowReaderGetsWholeLinesHoweverItReads(step: Int) {
        let pipe = Pipe((0..<40).flatMap { _ in [LogWrite.wrote(step), .wouldBlock] })
        let sink = LogSink(pipe, capacity: 10)
        for index in 0..<10 { sink.write(Array("line\(index)\n".utf8)) }
        while !sink.flush() {}
        let lines = pipe.text.split(separator: "\n")
        #expect(lines.allSatisfy { $0.count == 5 && $0.hasPrefix("line") } && pipe.text.hasSuffix("\n"))
        #expect(lines.count + Int(sink.droppedLines) == 10 && (sink.droppedLines > 0) == (step < 6))
    }

    @Test func fullDiskIsCountedAndLeftBehind() {
        let pipe = Pipe([.wrote(2), .failed, .failed])
        let sink = LogSink(pipe)
        sink.write(Array("aaaa\nbbbb\n".utf8))
        sink.write(Array("cccc\n".utf8))
        sink.write(Array("dddd\n".utf8))
        #expect(pipe.text == "aa\ncccc\ndddd\n")
        #expect(sink.droppedLines == 2)
    }

    @Test func rotatedFileBeginsWithAWholeLine() {
        let old = Pipe([.wrote(2), .wouldBlock, .wouldBlock])
        let new = Pipe()
        let sink = LogSink(old)
        sink.write(Array("aaaa\nbbbb\n".utf8))
        sink.replace(new)
        sink.write(Array("cccc\n".utf8))
        #expect(new.text == "bbbb\ncccc\n" && sink.droppedLines == 1)
    }
}
