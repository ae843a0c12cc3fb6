import Posix
import Telemetry

/// Systemd's journal as a place for logs: entries with fields of their own, in place of lines.
enum Journal {
    /// - Returns: nil where no journal runs.
    static func sink(path: String = JournalSocket.standardPath) -> LogSink? {
        JournalSocket(path: path).map { LogSink(Descriptor(socket: $0), takesEntries: true) }
    }

    /// - Returns: nil where standard error does not end in the journal.
    static func sinkBehindStandardError(environment: [String: String]) -> LogSink? {
        JournalSocket.isBehind(.error, environment["JOURNAL_STREAM"]) ? sink() : nil
    }

    private struct Descriptor: LogDescriptor {
        let socket: JournalSocket

        func write(_ bytes: Span<UInt8>) -> LogWrite {
            guard let (datagram, length) = JournalEntry.datagram(of: bytes) else { return .failed }
            return switch socket.send(datagram.span) {
            case .bytes: .wrote(length)
            case .wouldBlock: .wouldBlock
            case .end, .failed: .failed
            }
        }
    }
}
