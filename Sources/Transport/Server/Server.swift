import HTTP
import Posix
import Reactor
import TLS

/// The serving half of one worker: its listeners, its connections, and what they share.
///
/// Everything here belongs to the loop's thread. What is shared are a name table, counters, the `Date` text and
/// two scratch buffers: a connection that waits owns no buffer.
package final class Server {
    /// How much of a response is gathered before it is sent, in bytes.
    static let outputSize = 128 << 10
    /// The same for a client that took all of the last such piece at once: larger pieces mean fewer packets and
    /// wake-ups. Others would have it held for them.
    static let largeOutputSize = 384 << 10
    /// How much is read at a time, in bytes. A request fits; a body is copied out anyway.
    static let inputSize = 16 << 10

    package let loop: EventLoop
    /// Where answers that come later find their exchanges.
    package let exchanges = ExchangeTable()
    package private(set) var isDraining = false

    /// Shared with other workers; nil where nobody counts.
    package var census: ConnectionCensus?
    /// Whose PROXY headers are believed. A Unix socket's own file says who may connect.
    package var isTrustedProxy: (SocketAddress) -> Bool = { if case .unix = $0 { true } else { false } }

    private(set) var listeners: [Listener] = []
    private var places: [Connection?] = []
    private var freePlaces: [Int] = []
    private var nextToDisplace = 0
    private var whenDrained: (() -> Void)?
    private var hardStop: TimerToken?

    let handshakes: Handshakes
    let tlsBuffers = TLSBufferPool(keep: 16)
    private var spareInput: [UInt8] = []
    private var spareOutput: [UInt8] = []
    private var dateSecond = Int64.min
    private var dateText = ""

    package init(loop: EventLoop) {
        self.loop = loop
        handshakes = Handshakes(loop: loop)
    }

    /// What all listeners have counted.
    package var counters: ServerCounters {
        var sum = ServerCounters()
        for listener in listeners { sum.add(listener.counters) }
        return sum
    }

    /// How many connections are open, lingering ones among them.
    package var connectionCount: Int { places.count - freePlaces.count }

    // MARK: Listening

    /// Accepts connections from `socket`, which listens and does not block.
    ///
    /// - Parameters:
    ///   - sharing: who else accepts at its address.
    ///   - tls: nil for plain HTTP.
    ///   - name: the listener's in the config, for logs.
    ///   - isHeld: it waits for `begin()` before it accepts; who comes meanwhile waits in the kernel's queue.
    @discardableResult
    package func listen(
        on socket: consuming FileDescriptor, sharing: Sharing = .own, tls: TLSServerContext? = nil,
        limits: ServerLimits = ServerLimits(), handler: any RequestHandler, name: String, isHeld: Bool = false
    ) throws(SystemError) -> Listener {
        let listener = try Listener(
            server: self, socket: socket, sharing: sharing, tls: tls, limits: limits, handler: handler, name: name,
            isHeld: isHeld)
        listeners.append(listener)
        return listener
    }

    /// Takes one listener out of service: what came from it is finished as in `drain`.
    ///
    /// - Parameter time: after so long, what still runs is cut.
    package func retire(_ listener: Listener, hardStopAfter time: Nanoseconds) {
        listener.retire()
        for connection in places where connection?.listener === listener { connection?.drain() }
        loop.schedule(after: time) { [weak self, weak listener] in
            guard let self, let listener else { return }
            listener.close()
            for connection in places where connection?.listener === listener { connection?.close(.drainTimeout) }
        }
    }

    /// Nothing is left of it.
    func forget(_ listener: Listener) {
        listeners.removeAll { $0 === listener }
    }

    /// Goes down: accepts no more, lets what runs finish, and answers what is asked of it still with `Connection: close`
    /// or GOAWAY.
    ///
    /// - Parameters:
    ///   - time: after so long, what still runs is cut.
    ///   - done: called once the last connection is gone.
    package func drain(hardStopAfter time: Nanoseconds, _ done: @escaping () -> Void) {
        precondition(whenDrained == nil, "a server is drained once")
        isDraining = true
        whenDrained = done
        for listener in listeners { listener.leave() }
        for connection in places { connection?.drain() }
        hardStop = loop.schedule(after: time) { [self] in
            for listener in listeners { listener.close() }
            for connection in places { connection?.close(.drainTimeout) }
            announceDrained()
        }
        announceDrained()
    }

    func listenerClosed() { if isDraining { announceDrained() } }

    private func announceDrained() {
        guard connectionCount == 0, !listeners.contains(where: \.isOpen), let done = whenDrained else { return }
        whenDrained = nil
        if let hardStop { loop.cancel(hardStop) }
        hardStop = nil
        loop.defer(done)
    }

    // MARK: Connections

    /// Gives a new connection its place.
    func add(_ connection: Connection) -> Int {
        if let place = freePlaces.popLast() {
            places[place] = connection
            return place
        }
        places.append(connection)
        return places.count - 1
    }

    func remove(_ place: Int) {
        places[place] = nil
        freePlaces.append(place)
        if isDraining { announceDrained() }
    }

    /// Closes one idle connection so that a new one may come, and where there is none a TLS handshake that goes on for
    /// too long; false where none was found. It looks at a few only, going round, so that a flood of connections costs
    /// no more than it brings.
    ///
    /// - Parameter listener: whose connection it has to be; nil for any.
    func displaceConnection(of listener: Listener? = nil) -> Bool {
        for _ in 0..<min(places.count, 32) {
            nextToDisplace = (nextToDisplace + 1) % places.count
            if let connection = places[nextToDisplace], connection.isIdle,
                listener == nil || connection.listener === listener
            {
                connection.close(.displaced)
                return true
            }
        }
        return listener == nil && handshakes.displaceStale()
    }

    // MARK: Shared scratch

    /// An empty buffer to read into; whoever takes it gives it back. A second taker gets a new one.
    func takeInput() -> [UInt8] {
        var buffer: [UInt8] = []
        swap(&buffer, &spareInput)
        if buffer.capacity < Self.inputSize { buffer.reserveCapacity(Self.inputSize) }
        return buffer
    }

    func giveBackInput(_ buffer: consuming [UInt8]) {
        guard buffer.capacity <= 4 * Self.inputSize else { return }
        buffer.removeAll(keepingCapacity: true)
        spareInput = buffer
    }

    func takeOutput() -> [UInt8] {
        var buffer: [UInt8] = []
        swap(&buffer, &spareOutput)
        if buffer.capacity < Self.outputSize { buffer.reserveCapacity(Self.outputSize + 4096) }
        return buffer
    }

    func giveBackOutput(_ buffer: consuming [UInt8]) {
        guard buffer.capacity <= 4 * Self.outputSize else { return }
        buffer.removeAll(keepingCapacity: true)
        spareOutput = buffer
    }

    /// The `Date` field's value (RFC 9110 section 6.6.1), formatted once per second.
    var date: String {
        let second = loop.wallSeconds
        if second != dateSecond {
            dateSecond = second
            dateText = HTTPDate.format(unixSeconds: second)
        }
        return dateText
    }
}
