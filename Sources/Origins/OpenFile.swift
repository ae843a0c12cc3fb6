import Posix

/// An open regular file, and what it was when it was opened. The loop and the thread that reads from it both hold it:
/// it is closed when neither does.
final class OpenFile: Sendable {
    let descriptor: FileDescriptor
    let status: FileStatus

    init(_ descriptor: consuming FileDescriptor) throws(SystemError) {
        status = try descriptor.status()
        self.descriptor = consume descriptor
    }

    /// Whether its size and its time of change are what they were.
    var isUnchanged: Bool {
        guard let now = try? descriptor.status() else { return false }
        return now.size == status.size && now.modified == status.modified
            && now.modifiedNanoseconds == status.modifiedNanoseconds
    }
}
