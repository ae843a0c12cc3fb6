import Logging

/// The events' side of the log: a swift-log handler whose lines look like the access log's and go to
/// a sink at once, each with its line feed.
///
/// Metadata must hold no secret; nothing here can know one when it sees it.
package struct EventLog: LogHandler {
    /// A logger's own, where it was given one; else everybody's.
    package var logLevel: Logger.Level {
        get { ownLevel ?? style.level }
        set { ownLevel = newValue }
    }
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?

    private let label: String
    private let sink: LogSink
    private let style: EventStyle
    private var ownLevel: Logger.Level?
    private let now: @Sendable () -> Int64

    /// - Parameter now: microseconds since 1970.
    package init(
        label: String, style: EventStyle, sink: LogSink, now: @escaping @Sendable () -> Int64
    ) {
        self.label = label
        self.style = style
        self.sink = sink
        self.now = now
    }

    /// Makes every `Logger` of the process write here. Call it once, at the start.
    package static func bootstrap(style: EventStyle, sink: LogSink, now: @escaping @Sendable () -> Int64) {
        LoggingSystem.bootstrap { label in EventLog(label: label, style: style, sink: sink, now: now) }
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var merged = metadata
        if let provided = metadataProvider?.get() { merged.merge(provided) { _, new in new } }
        if let own = event.metadata { merged.merge(own) { _, new in new } }
        if let error = event.error { merged["error"] = "\(error)" }
        sink.write(line(level: event.level, message: "\(event.message)", metadata: merged))
    }

    private func line(level: Logger.Level, message: String, metadata: Logger.Metadata) -> [UInt8] {
        var out: [UInt8] = []
        var timestamp = Timestamp()
        let fields = metadata.sorted { $0.key < $1.key }
        guard !sink.takesEntries else {
            return JournalEntry.event(level: level, part: label, message: message, fields: fields)
        }
        switch style.format {
        case .json:
            out.append(contentsOf: #"{"time":""#.utf8)
            out.append(addingCapacity: Timestamp.room) { timestamp.append(microseconds: now(), to: &$0) }
            out.append(contentsOf: #"","kind":"event","level":""#.utf8)
            out.append(contentsOf: level.rawValue.utf8)
            out.append(contentsOf: #"","part":""#.utf8)
            Self.appendEscaped(label, to: &out)
            out.append(contentsOf: #"","message":""#.utf8)
            Self.appendEscaped(message, to: &out)
            out.append(0x22)
            for (key, value) in fields {
                out.append(contentsOf: [0x2C, 0x22])
                Self.appendEscaped(key, to: &out)
                out.append(contentsOf: [0x22, 0x3A])
                Self.appendJSON(value, to: &out)
            }
            out.append(contentsOf: [0x7D, 0x0A])
        case .text:
            out.append(addingCapacity: Timestamp.room) { timestamp.append(microseconds: now(), to: &$0) }
            out.append(0x20)
            out.append(contentsOf: level.rawValue.utf8)
            out.append(0x20)
            Self.appendValue(label, to: &out)
            out.append(contentsOf: ": ".utf8)
            Self.appendEscaped(message, to: &out)
            for (key, value) in fields {
                out.append(0x20)
                Self.appendValue(key, to: &out)
                out.append(0x3D)
                Self.appendValue("\(value)", to: &out)
            }
            out.append(0x0A)
        }
        return out
    }

    private static func appendJSON(_ value: Logger.MetadataValue, to out: inout [UInt8]) {
        switch value {
        case .string(let text):
            appendString(text, to: &out)
        case .stringConvertible(let convertible):
            switch convertible {
            case let number as any FixedWidthInteger: out.append(contentsOf: "\(number)".utf8)
            case let flag as Bool: out.append(contentsOf: "\(flag)".utf8)
            default: appendString("\(convertible)", to: &out)
            }
        case .array(let values):
            out.append(0x5B)
            for (index, value) in values.enumerated() {
                if index > 0 { out.append(0x2C) }
                appendJSON(value, to: &out)
            }
            out.append(0x5D)
        case .dictionary(let fields):
            out.append(0x7B)
            for (index, field) in fields.sorted(by: { $0.key < $1.key }).enumerated() {
                if index > 0 { out.append(0x2C) }
                appendString(field.key, to: &out)
                out.append(0x3A)
                appendJSON(field.value, to: &out)
            }
            out.append(0x7D)
        }
    }

    private static func appendEscaped(_ text: String, to out: inout [UInt8]) {
        out.append(addingCapacity: LogText.room(for: text)) { LogText.appendEscaped(text, to: &$0) }
    }

    private static func appendValue(_ text: String, to out: inout [UInt8]) {
        out.append(addingCapacity: LogText.room(for: text)) { LogText.appendValue(text, to: &$0) }
    }

    private static func appendString(_ text: String, to out: inout [UInt8]) {
        out.append(0x22)
        appendEscaped(text, to: &out)
        out.append(0x22)
    }
}
