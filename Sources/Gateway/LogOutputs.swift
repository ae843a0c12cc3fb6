import Logging
import Posix
import Settings
import Telemetry

/// Where the two logs go: events to standard error, or to the journal where that is behind it; the access log to where the
/// config says.
struct LogOutputs: Sendable {
    let events: LogSink
    /// Nil where the access log is off.
    let access: LogSink?
    let format: LogFormat
    /// Of the events.
    let style: EventStyle
    private let settings: LogSettings
    /// Lines that nobody took of a log that is written to no more.
    private let droppedBefore: UInt64
    /// The access log's file, where it is one.
    private let accessPath: String?
    /// The access log should go to the journal, and none runs here: it goes to standard output.
    private(set) var lacksJournal = false

    /// - Parameter old: what they take the place of: they go on where the config says the same.
    init(_ settings: LogSettings, continuing old: LogOutputs? = nil) throws {
        self.settings = settings
        format = settings.format == .json ? .json : .text
        events =
            old?.events ?? Journal.sinkBehindStandardError(environment: CurrentProcess.environment)
            ?? LogSink(StandardStream(.error))
        style = old?.style ?? EventStyle(level: Logger.Level(settings.level), format: format)
        accessPath = if case .file(let path) = settings.access { path } else { nil }
        if let old, old.settings.access == settings.access {
            access = old.access
            droppedBefore = old.droppedBefore
            lacksJournal = old.lacksJournal
            return
        }
        droppedBefore = old?.droppedLines(.access) ?? 0
        switch settings.access {
        case .off: access = nil
        case .stderr: access = events
        case .journald:
            let journal = Journal.sink()
            lacksJournal = journal == nil
            access = journal ?? LogSink(StandardStream(.output))
        case .stdout: access = LogSink(StandardStream(.output))
        case .file(let path):
            do {
                access = LogSink(LogFile(try File.openForAppending(path: path)))
            } catch {
                throw StartFailure(
                    "log.access: cannot open \(path): \(error.reason). Make the folder writable for Postern.")
            }
        }
    }

    /// Goes on in a new file, for the old one was moved away; without one, in the same. Where it cannot be opened
    /// the old one is kept.
    /// - Returns: the file's path; nil where the access log is no file.
    func reopen() throws(SystemError) -> String? {
        guard let accessPath, let access else { return nil }
        access.replace(LogFile(try File.openForAppending(path: accessPath)))
        return accessPath
    }

    /// Level and format of the events are these from now on.
    func takeEffect() {
        style.level = Logger.Level(settings.level)
        style.format = format
    }

    /// Lines that nobody took. Where both logs go to the same place they count as events.
    func droppedLines(_ log: LogKind) -> UInt64 {
        switch log {
        case .access: droppedBefore + (access.map { $0 === events ? 0 : $0.droppedLines } ?? 0)
        case .events: events.droppedLines
        }
    }

    /// Gives what a slow reader left one more chance.
    func flush() {
        events.flush()
        access?.flush()
    }
}

/// Standard output or standard error, written to without ever waiting for their reader.
private struct StandardStream: LogDescriptor {
    let stream: StandardStreams.Stream

    init(_ stream: StandardStreams.Stream) { self.stream = stream }

    func write(_ bytes: Span<UInt8>) -> LogWrite {
        LogWrite(StandardStreams.write(bytes, to: stream))
    }
}

private final class LogFile: LogDescriptor {
    private let descriptor: FileDescriptor

    init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }

    func write(_ bytes: Span<UInt8>) -> LogWrite { LogWrite(descriptor.write(bytes)) }
}

extension LogWrite {
    fileprivate init(_ result: IOResult) {
        self =
            switch result {
            case .bytes(let count): .wrote(count)
            case .wouldBlock: .wouldBlock
            case .end, .failed: .failed
            }
    }
}

extension Logger.Level {
    init(_ level: LogSettings.Level) {
        self =
            switch level {
            case .error: .error
            case .warning: .warning
            case .info: .info
            case .debug: .debug
            }
    }
}
