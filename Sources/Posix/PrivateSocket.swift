import Glibc

/// A Unix socket that listens, for its owner alone.
package struct PrivateSocket: ~Copyable {
    package let file: SocketFile
    private let descriptor: FileDescriptor

    /// Listens at `path`, in the place of a socket that is there: who is served by its process goes on to be, and who comes
    /// is served by this one. Nobody but the owner and root can ever connect: it listens once its mode is 0600, and has
    /// its name after that.
    ///
    /// - Parameter path: absolute, at most 98 bytes. What is there and is no socket is left alone: EEXIST.
    package init(path: String) throws(SystemError) {
        let folder = path.prefix(through: path.lastIndex(of: "/") ?? path.startIndex)
        let made = "\(folder).\(getpid())"
        unlink(made)
        let socket = try Socket.bind(to: .unix(path: made))
        var status = stat()
        do throws(SystemError) {
            guard chmod(made, 0o600) == 0 else { throw SystemError.last("chmod \(made)") }
            try socket.listen()
            if lstat(path, &status) == 0, status.st_mode & S_IFMT != S_IFSOCK {
                throw SystemError(errno: EEXIST, call: "bind \(path)")
            }
            guard lstat(made, &status) == 0 else { throw SystemError.last("stat \(made)") }
            guard rename(made, path) == 0 else { throw SystemError.last("rename \(made)") }
        } catch {
            unlink(made)
            throw error
        }
        file = SocketFile(path: path, inode: UInt64(status.st_ino))
        descriptor = socket
    }

    /// Gives the socket away.
    package consuming func take() -> FileDescriptor { descriptor }
}

/// The name that a Unix socket has in the file system.
package struct SocketFile: Sendable {
    package let path: String
    fileprivate let inode: UInt64

    /// Takes it away, unless another process has put its own in its place.
    package func remove() {
        var status = stat()
        if lstat(path, &status) == 0, UInt64(status.st_ino) == inode { unlink(path) }
    }
}
