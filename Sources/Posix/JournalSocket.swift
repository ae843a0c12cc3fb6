import CEpoll
import Glibc

/// The socket that systemd's journal takes entries at, in its native protocol: a datagram each.
package final class JournalSocket: Sendable {
    package static let standardPath = "/run/systemd/journal/socket"

    private let address: SocketAddress
    private let descriptor: FileDescriptor

    /// Nil where there is no such socket: no journal runs here, or it is out of sight.
    package init?(path: String = standardPath) {
        var status = stat()
        guard let address = SocketAddress("unix:\(path)"), stat(path, &status) == 0,
            status.st_mode & S_IFMT == S_IFSOCK
        else { return nil }
        let type = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let raw = socket(AF_UNIX, type, 0)
        guard raw >= 0 else { return nil }
        self.address = address
        descriptor = FileDescriptor(owning: raw)
    }

    /// Sends one whole entry, or nothing of it. A journal that was started anew is found again.
    package func send(_ entry: Span<UInt8>) -> IOResult {
        let raw = descriptor.raw
        let sent = address.withKernelForm { name, length in
            entry.withUnsafeBufferPointer { bytes in
                uninterrupted { sendto(raw, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL), name, length) }
            }
        }
        if sent >= 0 { return .bytes(sent) }
        return errno == EAGAIN || errno == ENOBUFS ? .wouldBlock : .failed(.last("sendto"))
    }

    /// Whether what a stream writes ends in the journal: systemd says which file that is, by its device and its inode.
    ///
    /// - Parameter text: `JOURNAL_STREAM` (systemd.exec(5)).
    package static func isBehind(_ stream: StandardStreams.Stream, _ text: String?) -> Bool {
        var status = stat()
        guard let text, fstat(stream.rawValue, &status) == 0 else { return false }
        return text == "\(status.st_dev):\(status.st_ino)"
    }
}
