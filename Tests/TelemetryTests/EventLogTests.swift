import Logging
import Telemetry
import Testing

struct EventLogTests {
    func logger(_ pipe: Pipe, _ format: LogFormat) -> Logger {
        let sink = LogSink(pipe)
        return Logger(label: "key set") {
            EventLog(
                label: $0, style: EventStyle(level: .info, format: format), sink: sink,
                now: { 1_770_091_506_789_000 })
        }
    }

    @Test func eventIsALineLikeTheAccessLogs() {
        let pipe = Pipe()
        logger(pipe, .json).warning(
            "not\nfetched",
            metadata: ["provider": "corp", "tries": "\(3)", "n": .stringConvertible(3), "list": ["a", "b\""]])
        #expect(
            pipe.text
                == #"{"time":"2026-02-03T04:05:06.789Z","kind":"event","level":"warning","part":"key set","message":"not\nfetched","list":["a","b\""],"n":3,"provider":"corp","tries":"3"}"#
                + "\n")
    }

    @Test func eventIsOneLineOfText() {
        let pipe = Pipe()
        var logger = logger(pipe, .text)
        logger[metadataKey: "site"] = "docs"
        logger.error("failed", metadata: ["why": "a b"])
        #expect(pipe.text == "2026-02-03T04:05:06.789Z error \"key set\": failed site=docs why=\"a b\"\n")
    }

    @Test func eventsBelowTheLevelAreNotWritten() {
        let pipe = Pipe()
        logger(pipe, .json).debug("quiet")
        #expect(pipe.text.isEmpty)
    }
}
