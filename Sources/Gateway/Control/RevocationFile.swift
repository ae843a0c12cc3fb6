import Posix
import Sessions

/// The file that revocations outlive a restart in: `revocations` in the state directory, which several processes of one
/// machine may share. It is only ever added to; now and then one of them writes it anew without what is over.
///
/// Every method blocks on the disk. For one thread at a time.
final class RevocationFile {
    static let name = "revocations"
    /// A file that is larger is written anew where that makes it half as large: in bytes.
    static let compactionSize = 1 << 20
    /// What is read of it at most, in bytes: all that two full lists can hold, many times over.
    static let largestSize = 256 << 20
    private static let chunk = 1 << 20

    private let path: String
    private let compactionSize: Int
    private var file: FileDescriptor
    private var inode: UInt64
    /// How much of it has been read.
    private var position = 0
    /// Bytes that were no entries.
    private(set) var damaged = 0
    /// It was made just now, and says nothing of what was in the one before it.
    private(set) var isFresh = false

    init(directory: String, compactionSize: Int = RevocationFile.compactionSize) throws(SystemError) {
        path = directory + "/" + Self.name
        self.compactionSize = compactionSize
        file = try File.openState(path: path)
        let status = try file.status()
        inode = status.inode
        isFresh = status.size == 0
    }

    /// What has been added since the last time, by whomever.
    func read() throws(SystemError) -> [Revocation] {
        try follow()
        let size = try file.status().size
        if size < position { position = 0 }
        var found: [Revocation] = []
        while position < size {
            guard position < Self.largestSize else { throw .tooLarge("read \(path)") }
            var bytes: [UInt8] = []
            var result = IOResult.end
            let room = min(Self.chunk, max(size - position, RevocationJournal.entrySize))
            bytes.append(addingCapacity: room) { (out: inout OutputSpan<UInt8>) in
                result = file.read(into: &out, at: position)
            }
            if case .failed(let error) = result { throw error }
            let read = RevocationJournal.decode(bytes)
            // What is left is the beginning of an entry, which may be whole the next time.
            guard read.consumed > 0 else { break }
            position += read.consumed
            damaged += read.damaged
            found += read.revocations
        }
        return found
    }

    /// Adds entries, and waits until they are on the disk.
    func append(_ revocations: [Revocation]) throws(SystemError) {
        guard !revocations.isEmpty else { return }
        // Shared: nobody writes the file anew meanwhile. What is appended at a time does not mix.
        try holding(.shared) { file throws(SystemError) in
            try file.writeAll(RevocationJournal.encode(revocations))
            try file.synchronize()
        }
        isFresh = false
    }

    /// Writes the file anew with what is live of it, where that makes it much smaller. Another process that is at it is
    /// not waited for.
    /// - Parameter live: all that has been read, but what is over of it.
    func compactIfDue(_ live: () -> [Revocation]) throws(SystemError) {
        guard try file.status().size > compactionSize, try file.lock(.exclusive, waits: false) else { return }
        defer { file.unlock() }
        guard try isCurrent() else { return }
        // What others added since the last look would be lost.
        guard try file.status().size - position < RevocationJournal.entrySize else { return }
        let bytes = RevocationJournal.encode(live())
        guard bytes.count * 2 < position else { return }
        try File.replace(path: path, with: bytes)
    }

    private func holding(
        _ lock: FileLock, _ body: (borrowing FileDescriptor) throws(SystemError) -> Void
    ) throws(SystemError) {
        for _ in 0..<16 {
            _ = try file.lock(lock, waits: true)
            defer { file.unlock() }
            if try isCurrent() { return try body(file) }
            try follow()
        }
        throw .busy("lock \(path)")
    }

    private func isCurrent() throws(SystemError) -> Bool { (try? FileStatus.of(path: path).inode) == inode }

    /// Goes on in the file that has the path now: another process wrote it anew, or somebody took it away.
    private func follow() throws(SystemError) {
        guard try !isCurrent() else { return }
        let new = try File.openState(path: path)
        let status = try new.status()
        inode = status.inode
        isFresh = status.size == 0
        file = new
        position = 0
    }
}
