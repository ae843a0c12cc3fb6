import HTTP

/// How much of a client's HTTP/2 a session puts up with. Every limit has its name and default here.
package struct HTTP2Limits: Sendable {
    /// How often a client may do what does no harm once: so many times at once, and a tenth of that a second.
    package struct Allowance: Sendable {
        package var burst: Int
        package var perSecond: Int { max(1, burst / 10) }

        package init(_ burst: Int) { self.burst = burst }
    }

    /// The sizes of a head, as in HTTP/1. `fieldsSize` is told to the client as `SETTINGS_MAX_HEADER_LIST_SIZE`.
    package var head = HTTP1Limits()
    /// Streams that a client may have open at once.
    package var concurrentStreams = 100
    /// What a client may send unasked on a stream, and on all streams together, in bytes.
    package var window = 65_535
    /// What streams may hold of content that is wanted, and not taken yet, while other streams' comes, in bytes.
    package var heldContent = 1 << 20
    /// CONTINUATION frames behind one HEADERS frame.
    package var continuations = 8
    /// Entries in one SETTINGS frame.
    package var settingsEntries = 32
    /// RST_STREAM frames of the client (CVE-2023-44487).
    package var clientResets = Allowance(200)
    /// Streams that the client made this side reset or refuse (CVE-2025-8671).
    package var serverResets = Allowance(100)
    /// Frames that bring no request further: PING, SETTINGS, PRIORITY, WINDOW_UPDATE, empty DATA, unknown types.
    package var idleFrames = Allowance(1000)
    /// For how many sent bytes of content a client may send one such frame more; a WINDOW_UPDATE stands for that
    /// much at least.
    package var bytesPerIdleFrame = 1024
    /// How many of them a request brings with it: some clients set a priority and a window for each.
    package var idleFramesPerRequest = 4
    /// How much content of a request is taken and dropped once it has been answered, in bytes: a client that is about
    /// to end may do so.
    package var discardedBytes = 64 << 10
    /// How many bytes of a response count as progress where the client keeps its windows nearly shut.
    package var leastProgress = 1024

    package init() {}
}
