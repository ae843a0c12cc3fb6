import CEpoll
import Glibc

/// A directory below which files are opened, and nothing beside it.
package struct Directory: ~Copyable, Sendable {
    private let descriptor: FileDescriptor
    /// Whether the kernel keeps look-ups beneath the directory (openat2, Linux 5.6, where no filter forbids it).
    package let kernelConfines: Bool

    /// - Parameter confinedByKernel: false does without openat2 even where it is there.
    package init(path: String, confinedByKernel: Bool = true) throws(SystemError) {
        guard !path.utf8.contains(0) else { throw SystemError(errno: EINVAL, call: "open") }
        let raw = uninterrupted { Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard raw >= 0 else { throw SystemError.last("open \(path)") }
        descriptor = FileDescriptor(owning: raw)
        let probe = confinedByKernel ? Self.confined(raw, ".") : -1
        kernelConfines = probe >= 0
        if probe >= 0 { close(probe) }
    }

    /// Opens a file or a directory beneath this one for reading.
    ///
    /// Symbolic links are followed as long as they stay beneath; where the kernel does not confine
    /// look-ups none is followed (ELOOP).
    ///
    /// - Parameter path: relative; `..`, a leading `/` and a NUL throw ENOENT or EXDEV.
    package borrowing func open(_ path: String) throws(SystemError) -> FileDescriptor {
        guard !path.isEmpty, path.utf8.first != 0x2F, !path.utf8.contains(0) else {
            throw SystemError(errno: ENOENT, call: "open")
        }
        let raw = kernelConfines ? Self.confinedAtLast(descriptor.raw, path) : Self.stepwise(descriptor.raw, path)
        guard raw >= 0 else { throw SystemError.last("open") }
        return FileDescriptor(owning: raw)
    }

    /// The same where it takes no waiting for a disk: all that the look-up needs is in memory (Linux 5.12). Nil where it is
    /// not, or cannot be told; then `open` says.
    package borrowing func openIfCached(_ path: String) throws(SystemError) -> FileDescriptor? {
        guard kernelConfines, !path.isEmpty, path.utf8.first != 0x2F, !path.utf8.contains(0) else { return nil }
        let raw = Self.confined(descriptor.raw, path, UInt64(POSTERN_RESOLVE_CACHED))
        if raw >= 0 { return FileDescriptor(owning: raw) }
        if errno == EAGAIN || errno == EINVAL { return nil }
        throw SystemError.last("open")
    }

    private static let flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK

    private static func confined(_ directory: Int32, _ path: String, _ besides: UInt64 = 0) -> Int32 {
        var how = postern_open_how(
            flags: UInt64(flags), mode: 0,
            resolve: UInt64(POSTERN_RESOLVE_BENEATH | POSTERN_RESOLVE_NO_MAGICLINKS) | besides)
        return uninterrupted { postern_openat2(directory, path, &how) }
    }

    /// A directory that is moved while the kernel looks for `..` makes it give up (openat2(2)): so often it is asked.
    private static let attempts = 16

    private static func confinedAtLast(_ directory: Int32, _ path: String) -> Int32 {
        for _ in 1..<attempts {
            let raw = confined(directory, path)
            if raw >= 0 || errno != EAGAIN { return raw }
        }
        return confined(directory, path)
    }

    /// A component at a time, none of them a link; for kernels and sandboxes without openat2.
    static func stepwise(_ directory: Int32, _ path: String) -> Int32 {
        let parts = path.utf8.split(separator: 0x2F, omittingEmptySubsequences: true)
        var current = directory
        for (index, part) in parts.enumerated() {
            let name = String(decoding: part, as: UTF8.self)
            let isLast = index == parts.count - 1
            let next: Int32
            if name == ".." {
                errno = EXDEV
                next = -1
            } else {
                let from = current
                next = uninterrupted { openat(from, name, flags | O_NOFOLLOW | (isLast ? 0 : O_DIRECTORY)) }
            }
            if current != directory {
                let reason = errno
                close(current)
                errno = reason
            }
            if next < 0 || isLast { return next }
            current = next
        }
        errno = ENOENT
        return -1
    }
}
