import Glibc

/// A file of this program's own that is read and added to, and shared with other processes.
extension File {
    /// Opens a regular file for reading and appending; makes it, for its owner alone, where there is none. No symbolic
    /// link is followed.
    package static func openState(path: String) throws(SystemError) -> FileDescriptor {
        guard !path.utf8.contains(0) else { throw SystemError(errno: EINVAL, call: "open") }
        let flags = O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK
        let raw = uninterrupted { Glibc.open(path, flags, 0o600) }
        guard raw >= 0 else { throw SystemError.last("open \(path)") }
        let file = FileDescriptor(owning: raw)
        guard try file.status().isRegular else { throw SystemError(errno: EINVAL, call: "open \(path)") }
        return file
    }

    /// Puts a file with these bytes, for its owner alone, in the place of whatever has that path: as a whole, also
    /// where the power fails. Blocks until it is on the disk.
    package static func replace(path: String, with bytes: [UInt8]) throws(SystemError) {
        let made = path + ".\(getpid())"
        guard !path.utf8.contains(0) else { throw SystemError(errno: EINVAL, call: "open") }
        unlink(made)
        let raw = uninterrupted { Glibc.open(made, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600) }
        guard raw >= 0 else { throw SystemError.last("open \(made)") }
        do throws(SystemError) {
            let file = FileDescriptor(owning: raw)
            try file.writeAll(bytes)
            try file.synchronize()
            guard rename(made, path) == 0 else { throw SystemError.last("rename \(made)") }
        } catch {
            unlink(made)
            throw error
        }
        try synchronizeDirectory(of: path)
    }

    /// Makes a directory, for its owner alone; that it is there already is fine. Its parent must be there.
    package static func makeDirectory(path: String) throws(SystemError) {
        guard !path.utf8.contains(0) else { throw SystemError(errno: EINVAL, call: "mkdir") }
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw SystemError.last("mkdir \(path)") }
    }

    private static func synchronizeDirectory(of path: String) throws(SystemError) {
        let end = path.lastIndex(of: "/") ?? path.startIndex
        let directory = end == path.startIndex ? "/" : String(path[..<end])
        let raw = uninterrupted { Glibc.open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard raw >= 0 else { throw SystemError.last("open \(directory)") }
        try FileDescriptor(owning: raw).synchronize()
    }
}

package enum FileLock: Sendable {
    /// Several may hold it at a time.
    case shared
    case exclusive
}

extension FileDescriptor {
    /// Takes a lock that others heed who ask for it too (flock), in place of the one that is held.
    ///
    /// - Returns: false where it cannot be had without waiting, and `waits` is false.
    package borrowing func lock(_ lock: FileLock, waits: Bool) throws(SystemError) -> Bool {
        let raw = self.raw
        let operation = (lock == .shared ? LOCK_SH : LOCK_EX) | (waits ? 0 : LOCK_NB)
        if uninterrupted({ flock(raw, operation) }) == 0 { return true }
        guard errno == EWOULDBLOCK else { throw SystemError.last("flock") }
        return false
    }

    package borrowing func unlock() { _ = flock(raw, LOCK_UN) }

    /// Writes all of it.
    package borrowing func writeAll(_ bytes: [UInt8]) throws(SystemError) {
        var start = 0
        while start < bytes.count {
            switch write(bytes.span.extracting(start..<bytes.count)) {
            case .bytes(let count): start += count
            case .failed(let error): throw error
            case .wouldBlock, .end: throw SystemError(errno: EIO, call: "write")
            }
        }
    }

    /// Waits until what was written is on the disk.
    package borrowing func synchronize() throws(SystemError) {
        let raw = self.raw
        guard uninterrupted({ fdatasync(raw) }) == 0 else { throw SystemError.last("fdatasync") }
    }
}

extension File {
    /// Whether files can be made in a directory, tried by making one.
    package static func probeWriting(directory: String) throws(SystemError) {
        let path = directory + "/.probe.\(getpid())"
        guard !path.utf8.contains(0) else { throw SystemError(errno: EINVAL, call: "open") }
        let raw = uninterrupted { Glibc.open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600) }
        guard raw >= 0 else { throw SystemError.last("open \(path)") }
        _ = FileDescriptor(owning: raw)
        unlink(path)
    }
}
