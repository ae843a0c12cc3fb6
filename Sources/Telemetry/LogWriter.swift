/// One worker's access log: makes a line of each record, and hands all lines of a loop turn to the
/// sink at once.
///
/// It belongs to one thread. A line costs no allocation once its buffer has grown.
package final class LogWriter {
    private let sink: LogSink?
    private let format: LogFormat
    private var lines: [UInt8] = []
    private var timestamp = Timestamp()

    /// - Parameter sink: nil where the access log is off.
    package init(sink: LogSink?, format: LogFormat) {
        self.sink = sink
        self.format = format
    }

    /// False where nothing waits for `flush`.
    package var hasLines: Bool { !lines.isEmpty }

    package func append(_ record: AccessRecord) {
        guard let sink else { return }
        guard !sink.takesEntries else {
            return lines.append(addingCapacity: 2 * Self.room(for: record)) { line in
                JournalEntry.append(record, &timestamp, to: &line)
            }
        }
        Self.append(record, format: format, timestamp: &timestamp, to: &lines)
    }

    /// Writes what the turn brought; call it once at its end.
    package func flush() {
        guard let sink, !lines.isEmpty else { return }
        sink.write(lines.span)
        let isOversized = lines.count > 64 * 1024
        lines.removeAll(keepingCapacity: !isOversized)
    }

    static func append(_ record: AccessRecord, format: LogFormat, timestamp: inout Timestamp, to out: inout [UInt8]) {
        out.append(addingCapacity: room(for: record)) { line in
            switch format {
            case .json: appendJSON(record, &timestamp, &line)
            case .text: appendText(record, &timestamp, &line)
            }
        }
    }

    /// What a line may need: its texts, and enough for all constant pieces and numbers.
    private static func room(for record: AccessRecord) -> Int {
        var room = 512
        room += LogText.room(for: record.site) + LogText.room(for: record.host) + LogText.room(for: record.method)
        room += LogText.room(for: record.path) + LogText.room(for: record.version) + LogText.room(for: record.subject)
        room += LogText.room(for: record.reference) + LogText.room(for: record.traceID)
        room += LogText.room(for: record.peer)
        return room
    }

    private static let question: UInt8 = 0x3F

    private enum JSON {
        static let time = StaticText(#"{"time":""#)
        static let site = StaticText(#"","kind":"access","site":""#)
        static let host = StaticText(#"","host":""#)
        static let method = StaticText(#"","method":""#)
        static let path = StaticText(#"","path":""#)
        static let version = StaticText(#"","version":""#)
        static let status = StaticText(#"","status":"#)
        static let bytes = StaticText(#","bytes":"#)
        static let duration = StaticText(#","duration_ms":"#)
        static let outcome = StaticText(#","outcome":""#)
        static let subject = StaticText(#"","sub":""#)
        static let reference = StaticText(#"","reference":""#)
        static let traceID = StaticText(#"","trace_id":""#)
        static let peer = StaticText(#"","peer":""#)
        static let end = StaticText("\"}\n")
    }

    private static func appendJSON(_ record: AccessRecord, _ timestamp: inout Timestamp, _ out: inout OutputSpan<UInt8>)
    {
        LogText.append(JSON.time, to: &out)
        timestamp.append(microseconds: record.startedAt, to: &out)
        LogText.append(JSON.site, to: &out)
        LogText.appendEscaped(record.site, to: &out)
        LogText.append(JSON.host, to: &out)
        LogText.appendEscaped(record.host, to: &out)
        LogText.append(JSON.method, to: &out)
        LogText.appendEscaped(record.method, to: &out)
        LogText.append(JSON.path, to: &out)
        LogText.appendEscaped(record.path, stop: question, to: &out)
        LogText.append(JSON.version, to: &out)
        LogText.appendEscaped(record.version, to: &out)
        LogText.append(JSON.status, to: &out)
        LogText.appendDecimal(Int64(record.status), to: &out)
        LogText.append(JSON.bytes, to: &out)
        LogText.appendDecimal(record.bytes, to: &out)
        LogText.append(JSON.duration, to: &out)
        LogText.appendMilliseconds(record.duration, to: &out)
        LogText.append(JSON.outcome, to: &out)
        LogText.append(record.outcome.rawValue, to: &out)
        if !record.subject.isEmpty {
            LogText.append(JSON.subject, to: &out)
            LogText.appendEscaped(record.subject, to: &out)
        }
        if !record.reference.isEmpty {
            LogText.append(JSON.reference, to: &out)
            LogText.appendEscaped(record.reference, to: &out)
        }
        if !record.traceID.isEmpty {
            LogText.append(JSON.traceID, to: &out)
            LogText.appendEscaped(record.traceID, to: &out)
        }
        LogText.append(JSON.peer, to: &out)
        LogText.appendEscaped(record.peer, to: &out)
        LogText.append(JSON.end, to: &out)
    }

    private enum Text {
        static let kind = StaticText(" access site=")
        static let host = StaticText(" host=")
        static let method = StaticText(" method=")
        static let path = StaticText(" path=")
        static let version = StaticText(" version=")
        static let status = StaticText(" status=")
        static let bytes = StaticText(" bytes=")
        static let duration = StaticText(" duration_ms=")
        static let outcome = StaticText(" outcome=")
        static let subject = StaticText(" sub=")
        static let reference = StaticText(" reference=")
        static let traceID = StaticText(" trace_id=")
        static let peer = StaticText(" peer=")
    }

    private static func appendText(_ record: AccessRecord, _ timestamp: inout Timestamp, _ out: inout OutputSpan<UInt8>)
    {
        timestamp.append(microseconds: record.startedAt, to: &out)
        LogText.append(Text.kind, to: &out)
        LogText.appendValue(record.site, to: &out)
        LogText.append(Text.host, to: &out)
        LogText.appendValue(record.host, to: &out)
        LogText.append(Text.method, to: &out)
        LogText.appendValue(record.method, to: &out)
        LogText.append(Text.path, to: &out)
        LogText.appendValue(record.path, stop: question, to: &out)
        LogText.append(Text.version, to: &out)
        LogText.appendValue(record.version, to: &out)
        LogText.append(Text.status, to: &out)
        LogText.appendDecimal(Int64(record.status), to: &out)
        LogText.append(Text.bytes, to: &out)
        LogText.appendDecimal(record.bytes, to: &out)
        LogText.append(Text.duration, to: &out)
        LogText.appendMilliseconds(record.duration, to: &out)
        LogText.append(Text.outcome, to: &out)
        LogText.append(record.outcome.rawValue, to: &out)
        if !record.subject.isEmpty {
            LogText.append(Text.subject, to: &out)
            LogText.appendValue(record.subject, to: &out)
        }
        if !record.reference.isEmpty {
            LogText.append(Text.reference, to: &out)
            LogText.appendValue(record.reference, to: &out)
        }
        if !record.traceID.isEmpty {
            LogText.append(Text.traceID, to: &out)
            LogText.appendValue(record.traceID, to: &out)
        }
        LogText.append(Text.peer, to: &out)
        LogText.appendValue(record.peer, to: &out)
        out.append(0x0A)
    }
}
