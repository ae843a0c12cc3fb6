import CEpoll
import Glibc

/// What the file system says about a file.
package struct FileStatus: Sendable, Equatable {
    /// In bytes.
    package let size: Int
    /// Unix time; seconds and the nanoseconds beside them.
    package let modified: Int64
    package let modifiedNanoseconds: Int64
    package let isDirectory: Bool
    package let isRegular: Bool
    /// The twelve permission bits.
    package let permissions: UInt32
    package let owner: UInt32
    package let inode: UInt64

    init(_ status: stat) {
        size = Int(status.st_size)
        modified = Int64(status.st_mtim.tv_sec)
        modifiedNanoseconds = Int64(status.st_mtim.tv_nsec)
        isDirectory = status.st_mode & S_IFMT == S_IFDIR
        isRegular = status.st_mode & S_IFMT == S_IFREG
        permissions = status.st_mode & 0o7777
        owner = status.st_uid
        inode = UInt64(status.st_ino)
    }

    /// Follows symbolic links.
    package static func of(path: String) throws(SystemError) -> FileStatus {
        guard !path.utf8.contains(0) else { throw SystemError(errno: EINVAL, call: "stat") }
        var status = stat()
        guard stat(path, &status) == 0 else { throw SystemError.last("stat \(path)") }
        return FileStatus(status)
    }
}

package enum File {
    /// Opens for reading. A pipe or a device without a writer does not block.
    package static func open(path: String) throws(SystemError) -> FileDescriptor {
        guard !path.utf8.contains(0) else { throw SystemError(errno: EINVAL, call: "open") }
        let raw = uninterrupted { Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK) }
        guard raw >= 0 else { throw SystemError.last("open \(path)") }
        return FileDescriptor(owning: raw)
    }

    /// Opens for appending; makes the file, for its owner and group to read, where there is none.
    package static func openForAppending(path: String) throws(SystemError) -> FileDescriptor {
        guard !path.utf8.contains(0) else { throw SystemError(errno: EINVAL, call: "open") }
        let flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY
        let raw = uninterrupted { Glibc.open(path, flags, 0o640) }
        guard raw >= 0 else { throw SystemError.last("open \(path)") }
        return FileDescriptor(owning: raw)
    }

    /// The whole of a file.
    ///
    /// - Parameter limit: in bytes; a longer file throws EFBIG.
    package static func read(path: String, limit: Int) throws(SystemError) -> [UInt8] {
        let file = try open(path: path)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(min(limit, max(0, try file.status().size)) + 1)
        while true {
            var result = IOResult.end
            bytes.append(addingCapacity: max(4096, bytes.capacity - bytes.count)) { (out: inout OutputSpan<UInt8>) in
                result = file.read(into: &out)
            }
            switch result {
            case .bytes where bytes.count > limit: throw SystemError(errno: EFBIG, call: "read \(path)")
            case .bytes: continue
            case .end: return bytes
            case .wouldBlock: throw SystemError(errno: EAGAIN, call: "read \(path)")
            case .failed(let error): throw SystemError(errno: error.errno, call: "read \(path)")
            }
        }
    }
}

extension FileDescriptor {
    package borrowing func status() throws(SystemError) -> FileStatus {
        var status = stat()
        guard fstat(raw, &status) == 0 else { throw SystemError.last("fstat") }
        return FileStatus(status)
    }

    /// Appends what follows the descriptor's own position. There must be room.
    package borrowing func read(into out: inout OutputSpan<UInt8>) -> IOResult {
        let raw = self.raw
        return Self.fill(&out, "read") { Glibc.read(raw, $0, $1) }
    }

    /// Appends what lies at `offset`, as much as fits and at most `limit` bytes. There must be room.
    package borrowing func read(into out: inout OutputSpan<UInt8>, at offset: Int, limit: Int = .max) -> IOResult {
        let raw = self.raw
        return Self.fill(&out, "pread") { pread(raw, $0, min($1, limit), off_t(offset)) }
    }

    /// The same without waiting for a disk: `.wouldBlock` where the bytes are not in memory, or where the file system does
    /// not tell.
    package borrowing func readIfCached(
        into out: inout OutputSpan<UInt8>, at offset: Int, limit: Int = .max
    ) -> IOResult {
        let raw = self.raw
        let result = Self.fill(&out, "preadv2") { postern_read_cached(raw, $0, min($1, limit), Int64(offset)) }
        if case .failed(let error) = result, [EOPNOTSUPP, ENOSYS, EPERM].contains(error.errno) { return .wouldBlock }
        return result
    }

    /// Writes as much as the kernel takes.
    package borrowing func write(_ bytes: Span<UInt8>) -> IOResult {
        if bytes.isEmpty { return .bytes(0) }
        let raw = self.raw
        let result = bytes.withUnsafeBufferPointer { buffer in
            uninterrupted { Glibc.write(raw, buffer.baseAddress!, buffer.count) }
        }
        if result >= 0 { return .bytes(result) }
        return errno == EAGAIN ? .wouldBlock : .failed(.last("write"))
    }

    private static func fill(
        _ out: inout OutputSpan<UInt8>, _ call: String, _ read: (UnsafeMutableRawPointer, Int) -> Int
    ) -> IOResult {
        let space = out.freeCapacity
        precondition(space > 0, "no room to read into")
        let result = out.withUnsafeMutableBufferPointer { buffer, count in
            let start = UnsafeMutableRawPointer(buffer.baseAddress! + count)
            let got = uninterrupted { read(start, space) }
            if got > 0 { count += got }
            return got
        }
        if result > 0 { return .bytes(result) }
        if result == 0 { return .end }
        return errno == EAGAIN ? .wouldBlock : .failed(.last(call))
    }
}
