import Glibc

/// Standard output and standard error.
package enum StandardStreams {
    package enum Stream: Int32, Sendable {
        case output = 1
        case error = 2
    }

    /// Writes what can be written at once, without making the stream nonblocking: it may be shared with
    /// other processes. A pipe that `poll` calls writable takes PIPE_BUF bytes without waiting.
    package static func write(_ bytes: Span<UInt8>, to stream: Stream) -> IOResult {
        var item = pollfd(fd: stream.rawValue, events: Int16(POLLOUT), revents: 0)
        guard poll(&item, 1, 0) == 1 else { return .wouldBlock }
        let count = min(bytes.count, Int(PIPE_BUF))
        let written = bytes.extracting(0..<count).withUnsafeBufferPointer { buffer in
            uninterrupted { Glibc.write(stream.rawValue, buffer.baseAddress, buffer.count) }
        }
        if written > 0 { return .bytes(written) }
        if written == 0 || errno == EAGAIN { return .wouldBlock }
        return .failed(.last("write"))
    }

    /// Writes all of `text`, waiting for the reader: for commands, not for the daemon.
    package static func print(_ text: String, to stream: Stream = .output) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBufferPointer { buffer in
                uninterrupted { Glibc.write(stream.rawValue, buffer.baseAddress, buffer.count) }
            }
            guard written > 0 else { return }
            rest = rest.dropFirst(written)
        }
    }
}
