import Logging
import Telemetry
import Testing

/// Log lines as entries of systemd's journal.
struct JournalEntryTests {
    /// What is sent of the first line: its fields, and how many bytes of `text` it was.
    private func entry(_ text: String) throws -> (fields: [Substring], length: Int) {
        let found = JournalEntry.datagram(of: Array(text.utf8).span)
        let (bytes, length) = try #require(found)
        let datagram = String(decoding: bytes, as: UTF8.self)
        #expect(datagram.hasSuffix("\n"))
        return (datagram.dropLast().split(separator: "\n", omittingEmptySubsequences: false), length)
    }

    private func written(_ records: AccessRecord...) -> String {
        let pipe = Pipe()
        let writer = LogWriter(sink: LogSink(pipe, takesEntries: true), format: .json)
        for record in records { writer.append(record) }
        writer.flush()
        return pipe.text
    }

    @Test func aRequestIsAnEntryWithAFieldForEachOfTheLogs() throws {
        var one = record()
        one.reference = "ABCDEFGHJK"
        #expect(
            try entry(written(one)).fields == [
                "MESSAGE=GET docs.example.com/a/b.html 200 served", "PRIORITY=6", "SYSLOG_IDENTIFIER=postern",
                "POSTERN_KIND=access", "POSTERN_TIME=2026-02-03T04:05:06.789Z", "POSTERN_SITE=docs",
                "POSTERN_HOST=docs.example.com", "POSTERN_METHOD=GET", "POSTERN_PATH=/a/b.html",
                "POSTERN_VERSION=1.1", "POSTERN_STATUS=200", "POSTERN_BYTES=1234", "POSTERN_DURATION_MS=1.500",
                "POSTERN_OUTCOME=served", "POSTERN_SUB=u-1", "POSTERN_REFERENCE=ABCDEFGHJK",
                "POSTERN_PEER=192.0.2.1",
            ])
    }

    /// Whatever comes in, it makes no field of its own, and ends none.
    @Test func noValueMakesAField() throws {
        var hostile = record()
        hostile.path = "/\n\u{1E}PRIORITY=0\u{0}\u{7F}é\"\\\u{1F600}?code=SECRET"
        hostile.subject = "a\nPOSTERN_SITE=other"
        let text = written(hostile, record())
        let (fields, length) = try entry(text)
        #expect(fields.count == 16 && fields.filter { $0.hasPrefix("PRIORITY=") }.count == 1)
        #expect(fields.contains("POSTERN_PATH=/\\u000a\\u001ePRIORITY=0\\u0000\\u007fé\"\\\u{1F600}"))
        #expect(!text.contains("SECRET"))
        #expect(try entry(String(decoding: text.utf8.dropFirst(length), as: UTF8.self)).fields.count == 16)
    }

    @Test func aLineThatIsNotWholeIsNoEntry() {
        let found = JournalEntry.datagram(of: Array("MESSAGE=a".utf8).span)
        #expect(found == nil)
    }

    @Test func anEventHasItsPriorityAndItsFields() throws {
        let pipe = Pipe()
        let sink = LogSink(pipe, takesEntries: true)
        let logger = Logger(label: "postern") {
            EventLog(label: $0, style: EventStyle(level: .trace, format: .json), sink: sink, now: { 0 })
        }
        logger.warning("not\nfetched", metadata: ["provider": "corp", "valid-for é": .stringConvertible(3)])
        #expect(
            try entry(pipe.text).fields == [
                "MESSAGE=not\\u000afetched", "PRIORITY=4", "SYSLOG_IDENTIFIER=postern", "POSTERN_KIND=event",
                "POSTERN_PART=postern", "POSTERN_PROVIDER=corp", "POSTERN_VALID_FOR___=3",
            ])
        for (level, priority) in [
            (Logger.Level.trace, 7), (.debug, 7), (.info, 6), (.notice, 5), (.error, 3), (.critical, 2),
        ] {
            let pipe = Pipe()
            let sink = LogSink(pipe, takesEntries: true)
            let style = EventStyle(level: .trace, format: .text)
            Logger(label: "x") { EventLog(label: $0, style: style, sink: sink, now: { 0 }) }
                .log(level: level, "m")
            #expect(try entry(pipe.text).fields[1] == "PRIORITY=\(priority)")
        }
    }
}
