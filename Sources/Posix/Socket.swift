import CEpoll
import Glibc

/// Makes stream sockets: nonblocking, and closed on exec.
package enum Socket {
    /// A socket that listens. A Unix socket's file that is left over, and that nobody listens on, is replaced.
    ///
    /// - Parameters:
    ///   - reusePort: lets each worker bind a socket of its own to the same port (SO_REUSEPORT).
    ///   - backlog: how many connections may wait to be accepted; the kernel caps it at `somaxconn`.
    package static func listen(
        on address: SocketAddress, reusePort: Bool = false, backlog: Int32 = defaultBacklog
    ) throws(SystemError) -> FileDescriptor {
        let descriptor = try bind(to: address, reusePort: reusePort)
        try descriptor.listen(backlog: backlog)
        return descriptor
    }

    package static let defaultBacklog: Int32 = 4096

    /// A socket that has its address, and does not listen yet.
    package static func bind(to address: SocketAddress, reusePort: Bool = false) throws(SystemError) -> FileDescriptor {
        let descriptor = try make(address)
        if case .unix = address {
            try removeLeftOver(address)
        } else {
            try descriptor.set(SOL_SOCKET, SO_REUSEADDR, 1)
            if reusePort { try descriptor.set(SOL_SOCKET, SO_REUSEPORT, 1) }
            if case .ipv6 = address { try descriptor.set(Int32(IPPROTO_IPV6), IPV6_V6ONLY, 1) }
        }
        guard address.withKernelForm({ Glibc.bind(descriptor.raw, $0, $1) }) == 0 else {
            throw SystemError.last("bind \(address)")
        }
        return descriptor
    }

    /// A socket on its way to `address`. Once it is writable, `connectionError()` says whether it got there.
    /// Throws where the kernel refuses at once.
    package static func connect(to address: SocketAddress) throws(SystemError) -> FileDescriptor {
        let descriptor = try make(address)
        let result = address.withKernelForm { Glibc.connect(descriptor.raw, $0, $1) }
        // An interrupted connect goes on by itself (connect(2)); it must not be made again.
        guard result == 0 || errno == EINPROGRESS || errno == EINTR else {
            throw SystemError.last("connect \(address)")
        }
        return descriptor
    }

    private static func make(_ address: SocketAddress) throws(SystemError) -> FileDescriptor {
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let raw = socket(address.family, type, 0)
        guard raw >= 0 else { throw SystemError.last("socket") }
        return FileDescriptor(owning: raw)
    }

    private static func removeLeftOver(_ address: SocketAddress) throws(SystemError) {
        guard case .unix(let path) = address, path.utf8.first != 0x40 else { return }
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else { return }
        let probe = try make(address)
        let result = address.withKernelForm { Glibc.connect(probe.raw, $0, $1) }
        if result != 0 && errno == ECONNREFUSED { _ = unlink(path) }
    }
}

/// What `accept` found.
package enum Accepted: ~Copyable {
    case connection(FileDescriptor, peer: SocketAddress)
    case wouldBlock
    /// EMFILE and its like: the connection stays in the backlog, so ask again later, not at once.
    case failed(SystemError)
}

extension FileDescriptor {
    /// Does nothing to a socket that listens already, but for its backlog.
    package borrowing func listen(backlog: Int32 = Socket.defaultBacklog) throws(SystemError) {
        guard Glibc.listen(raw, backlog) == 0 else { throw SystemError.last("listen") }
    }

    /// A TCP socket that listens overhears whoever begins a connection from now on; connections that have begun go on.
    /// The client's machine asks again after a second, and then another socket of the port may be there to answer.
    package borrowing func ignoreNewHandshakes() throws(SystemError) {
        // In the TCP header, where the program finds itself: byte 13 has the flags, SYN alone begins a connection.
        var program = [
            sock_filter(code: UInt16(BPF_LD | BPF_B | BPF_ABS), jt: 0, jf: 0, k: 13),
            sock_filter(code: UInt16(BPF_ALU | BPF_AND | BPF_K), jt: 0, jf: 0, k: 0x12),
            sock_filter(code: UInt16(BPF_JMP | BPF_JEQ | BPF_K), jt: 0, jf: 1, k: 0x02),
            sock_filter(code: UInt16(BPF_RET | BPF_K), jt: 0, jf: 0, k: 0),
            sock_filter(code: UInt16(BPF_RET | BPF_K), jt: 0, jf: 0, k: .max),
        ]
        let raw = self.raw
        let result = program.withUnsafeMutableBufferPointer { instructions in
            var filter = sock_fprog(len: UInt16(instructions.count), filter: instructions.baseAddress)
            return setsockopt(
                raw, SOL_SOCKET, SO_ATTACH_FILTER, &filter, socklen_t(MemoryLayout<sock_fprog>.size))
        }
        guard result == 0 else { throw SystemError.last("setsockopt") }
    }

    /// The next connection that waits, nonblocking and closed on exec. Connections that died while they
    /// waited are skipped.
    package borrowing func accept() -> Accepted {
        let flags = Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        while true {
            let raw = self.raw
            let (result, peer) = SocketAddress.reading { accept4(raw, $0, $1, flags) }
            if result >= 0 { return .connection(FileDescriptor(owning: result), peer: peer) }
            switch errno {
            case EAGAIN: return .wouldBlock
            case EINTR, ECONNABORTED, EPROTO, ENETDOWN, ENOPROTOOPT, EHOSTDOWN, ENONET, EHOSTUNREACH, ENETUNREACH:
                continue
            default: return .failed(.last("accept"))
            }
        }
    }

    /// Appends what has come, as much as fits and at most `limit` bytes. There must be room.
    package borrowing func receive(into out: inout OutputSpan<UInt8>, limit: Int = .max) -> IOResult {
        let space = min(out.freeCapacity, limit)
        precondition(space > 0, "no room to receive into")
        let raw = self.raw
        let result = out.withUnsafeMutableBufferPointer { buffer, count in
            let received = uninterrupted { recv(raw, buffer.baseAddress! + count, space, 0) }
            if received > 0 { count += received }
            return received
        }
        if result > 0 { return .bytes(result) }
        if result == 0 { return .end }
        return errno == EAGAIN ? .wouldBlock : .failed(.last("recv"))
    }

    /// Appends what has come and leaves it there for the next read. There must be room.
    package borrowing func peek(into out: inout OutputSpan<UInt8>) -> IOResult {
        let space = out.freeCapacity
        precondition(space > 0, "no room to peek into")
        let raw = self.raw
        let result = out.withUnsafeMutableBufferPointer { buffer, count in
            let seen = uninterrupted { recv(raw, buffer.baseAddress! + count, space, Int32(MSG_PEEK)) }
            if seen > 0 { count += seen }
            return seen
        }
        if result > 0 { return .bytes(result) }
        if result == 0 { return .end }
        return errno == EAGAIN ? .wouldBlock : .failed(.last("recv"))
    }

    /// How many bytes were sent that the peer's machine has not acknowledged (SIOCOUTQ); about as many over a Unix
    /// socket, which counts the kernel's own memory too.
    package borrowing func unacknowledged() -> Int {
        var count: Int32 = 0
        return ioctl(raw, UInt(TIOCOUTQ), &count) == 0 ? Int(count) : 0
    }

    /// Sends as much as the kernel takes; raises no SIGPIPE.
    ///
    /// - Parameter more: more follows at once, so that a short packet may wait for it (MSG_MORE).
    package borrowing func send(_ bytes: Span<UInt8>, more: Bool = false) -> IOResult {
        if bytes.isEmpty { return .bytes(0) }
        let raw = self.raw
        let flags = Int32(MSG_NOSIGNAL) | (more ? Int32(MSG_MORE) : 0)
        let result = bytes.withUnsafeBufferPointer { buffer in
            uninterrupted { Glibc.send(raw, buffer.baseAddress!, buffer.count, flags) }
        }
        if result >= 0 { return .bytes(result) }
        return errno == EAGAIN ? .wouldBlock : .failed(.last("send"))
    }

    /// Sends `first` and then `second` with one call.
    package borrowing func send(_ first: Span<UInt8>, _ second: Span<UInt8>) -> IOResult {
        if second.isEmpty { return send(first) }
        if first.isEmpty { return send(second) }
        let raw = self.raw
        let result = first.withUnsafeBufferPointer { head in
            second.withUnsafeBufferPointer { tail in
                var parts = (
                    iovec(iov_base: UnsafeMutableRawPointer(mutating: head.baseAddress!), iov_len: head.count),
                    iovec(iov_base: UnsafeMutableRawPointer(mutating: tail.baseAddress!), iov_len: tail.count)
                )
                return withUnsafeMutablePointer(to: &parts) {
                    $0.withMemoryRebound(to: iovec.self, capacity: 2) { vectors in
                        var message = msghdr()
                        message.msg_iov = vectors
                        message.msg_iovlen = 2
                        return uninterrupted { sendmsg(raw, &message, Int32(MSG_NOSIGNAL)) }
                    }
                }
            }
        }
        if result >= 0 { return .bytes(result) }
        return errno == EAGAIN ? .wouldBlock : .failed(.last("sendmsg"))
    }

    /// How a connect that was under way ended: nil where it succeeded.
    package borrowing func connectionError() -> SystemError? {
        var code: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(raw, SOL_SOCKET, SO_ERROR, &code, &length) == 0 else { return .last("getsockopt") }
        return code == 0 ? nil : SystemError(errno: code, call: "connect")
    }

    /// Small writes go out at once. Does nothing for a Unix socket.
    package borrowing func setNoDelay() {
        var on: Int32 = 1
        _ = setsockopt(raw, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    }

    /// How much the kernel takes beyond what it has sent, in bytes (TCP_NOTSENT_LOWAT); what is in flight comes on top.
    /// Without it a slow reader's kernel buffer holds megabytes, which no window asks for yet. Does nothing for a Unix
    /// socket.
    package borrowing func setUnsentLimit(_ bytes: Int32) {
        var bytes = bytes
        _ = setsockopt(raw, Int32(IPPROTO_TCP), TCP_NOTSENT_LOWAT, &bytes, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Sizes of the kernel's buffers in bytes; the kernel doubles them. Best left alone outside of tests.
    package borrowing func setBuffers(send: Int32? = nil, receive: Int32? = nil) throws(SystemError) {
        if let send { try set(SOL_SOCKET, SO_SNDBUF, send) }
        if let receive { try set(SOL_SOCKET, SO_RCVBUF, receive) }
    }

    /// The next close discards what is unsent and resets the connection (SO_LINGER of zero seconds).
    package borrowing func resetOnClose() {
        var option = linger(l_onoff: 1, l_linger: 0)
        _ = setsockopt(raw, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    }

    /// Says to the peer that no more will come; reading goes on.
    package borrowing func shutdownWriting() { _ = shutdown(raw, Int32(SHUT_WR)) }

    package borrowing func localAddress() throws(SystemError) -> SocketAddress {
        let raw = self.raw
        let (result, address) = SocketAddress.reading { getsockname(raw, $0, $1) }
        guard result == 0 else { throw SystemError.last("getsockname") }
        return address
    }

    package borrowing func peerAddress() throws(SystemError) -> SocketAddress {
        let raw = self.raw
        let (result, address) = SocketAddress.reading { getpeername(raw, $0, $1) }
        guard result == 0 else { throw SystemError.last("getpeername") }
        return address
    }

    borrowing func set(_ level: Int32, _ option: Int32, _ value: Int32) throws(SystemError) {
        var value = value
        guard setsockopt(raw, level, option, &value, socklen_t(MemoryLayout<Int32>.size)) == 0 else {
            throw SystemError.last("setsockopt")
        }
    }
}
