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
    /// The access log's file, where it is one.
    private let accessPath: String?
    /// The access log should go to the journal, and none runs here: it goes to standard output.
    private(set) var lacksJournal = false

    init(_ settings: LogSettings) throws {
        events =
            Journal.sinkBehindStandardError(environment: CurrentProcess.environment)
            ?? LogSink(StandardStream(.error))
        format = settings.format == .json ? .json : .text
        accessPath = if case .file(let path) = settings.access { path } else { nil }
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

    /// Lines that nobody took. Where both logs go to the same place they count as events.
    func droppedLines(_ log: LogKind) -> UInt64 {
        switch log {
        case .access: access.map { $0 === events ? 0 : $0.droppedLines } ?? 0
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
