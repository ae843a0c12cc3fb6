import Bytes
import Logging

/// Log lines as entries of systemd's journal, in its native protocol: `NAME=value` fields, a line each.
///
/// Until it is sent, an entry is one line like any other, so that what holds lines back, drops and counts them need not
/// know it: its fields are separated by RS (0x1E), which no value holds, for control characters are escaped.
package enum JournalEntry {
    static let separator: UInt8 = 0x1E
    private static let lineFeed: UInt8 = 0x0A

    /// The datagram of the first line in `lines`, and how many bytes the line has; nil where none is whole.
    package static func datagram(of lines: Span<UInt8>) -> (bytes: [UInt8], length: Int)? {
        guard let end = lines.indices.first(where: { lines[$0] == lineFeed }) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(end + 1)
        for index in 0...end { bytes.append(lines[index] == separator ? lineFeed : lines[index]) }
        return (bytes, end + 1)
    }

    // MARK: Access

    private static let informational = 6

    static func append(_ record: AccessRecord, _ timestamp: inout Timestamp, to line: inout OutputSpan<UInt8>) {
        LogText.append("MESSAGE=", to: &line)
        if !record.method.isEmpty {
            appendPlain(record.method, to: &line)
            line.append(0x20)
            appendPlain(record.host, to: &line)
            appendPlain(record.path, stop: 0x3F, to: &line)
            line.append(0x20)
        }
        LogText.appendDecimal(Int64(record.status), to: &line)
        line.append(0x20)
        LogText.append(record.outcome.rawValue, to: &line)
        beginFields(priority: informational, kind: "access", to: &line)
        name("TIME", to: &line)
        timestamp.append(microseconds: record.startedAt, to: &line)
        field("SITE", record.site, to: &line)
        field("HOST", record.host, to: &line)
        field("METHOD", record.method, to: &line)
        name("PATH", to: &line)
        appendPlain(record.path, stop: 0x3F, to: &line)
        field("VERSION", record.version, to: &line)
        name("STATUS", to: &line)
        LogText.appendDecimal(Int64(record.status), to: &line)
        name("BYTES", to: &line)
        LogText.appendDecimal(record.bytes, to: &line)
        name("DURATION_MS", to: &line)
        LogText.appendMilliseconds(record.duration, to: &line)
        field("OUTCOME", record.outcome.rawValue, to: &line)
        if !record.subject.isEmpty { field("SUB", record.subject, to: &line) }
        if !record.reference.isEmpty { field("REFERENCE", record.reference, to: &line) }
        if !record.traceID.isEmpty { field("TRACE_ID", record.traceID, to: &line) }
        field("PEER", record.peer, to: &line)
        line.append(lineFeed)
    }

    // MARK: Events

    static func event(
        level: Logger.Level, part: String, message: String, fields: [(key: String, value: Logger.MetadataValue)]
    ) -> [UInt8] {
        let values = fields.map { (key: fieldName($0.key), value: "\($0.value)") }
        var line: [UInt8] = []
        var room = 128 + LogText.room(for: message) + LogText.room(for: part)
        for (key, value) in values { room += 16 + LogText.room(for: key) + LogText.room(for: value) }
        line.append(addingCapacity: room) { line in
            LogText.append("MESSAGE=", to: &line)
            appendPlain(message, to: &line)
            beginFields(priority: priority(of: level), kind: "event", to: &line)
            field("PART", part, to: &line)
            for (key, value) in values { field(key, value, to: &line) }
            line.append(lineFeed)
        }
        return line
    }

    /// syslog(3).
    private static func priority(of level: Logger.Level) -> Int {
        switch level {
        case .trace, .debug: 7
        case .info: informational
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }

    /// Capitals, digits and underscores are what names are made of.
    private static func fieldName(_ key: String) -> String {
        String(
            decoding: key.utf8.map { byte in
                switch byte {
                case 0x61...0x7A: byte - 0x20
                case 0x41...0x5A, 0x30...0x39: byte
                default: 0x5F
                }
            }, as: UTF8.self)
    }

    // MARK: Fields

    private static func beginFields(priority: Int, kind: String, to line: inout OutputSpan<UInt8>) {
        line.append(separator)
        LogText.append("PRIORITY=", to: &line)
        LogText.appendDecimal(Int64(priority), to: &line)
        line.append(separator)
        LogText.append("SYSLOG_IDENTIFIER=postern", to: &line)
        field("KIND", kind, to: &line)
    }

    private static func name(_ name: String, to line: inout OutputSpan<UInt8>) {
        line.append(separator)
        LogText.append("POSTERN_", to: &line)
        LogText.append(name, to: &line)
        line.append(0x3D)
    }

    private static func field(_ name: String, _ value: String, to line: inout OutputSpan<UInt8>) {
        self.name(name, to: &line)
        appendPlain(value, to: &line)
    }

    /// As it is, but for control characters, which stand as `\u00XX`.
    private static func appendPlain(_ text: String, stop: UInt8? = nil, to line: inout OutputSpan<UInt8>) {
        let utf8 = text.utf8.span
        for index in utf8.indices {
            let byte = utf8[index]
            if byte == stop { return }
            if byte < 0x20 || byte == 0x7F {
                LogText.appendUnicodeEscape(UInt32(byte), to: &line)
            } else {
                line.append(byte)
            }
        }
    }
}
