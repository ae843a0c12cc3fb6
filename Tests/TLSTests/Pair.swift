import TLS

/// A client and a server that are joined by memory.
struct Pair {
    let client: TLSSession
    let server: TLSSession

    init(client: TLSSession, server: TLSSession) {
        self.client = client
        self.server = server
    }

    init(
        server context: TLSServerContext = Fixtures.server("docs"), client: TLSClientContext = Fixtures.client(),
        name: String = "docs.example.com", alpn: [String] = []
    ) {
        self.client = try! TLSSession(client: client, serverName: name, alpn: alpn)
        server = TLSSession(server: context)
    }

    /// Moves what there is, in pieces of `step` bytes; true where there was something.
    @discardableResult
    static func move(_ from: TLSSession, _ to: TLSSession, step: Int = .max, alter: (inout [UInt8]) -> Void = { _ in })
        -> Bool
    {
        guard from.hasOutput else { return false }
        var bytes: [UInt8] = []
        from.withOutput { span in
            let count = min(span.count, step)
            for index in 0..<count { bytes.append(span[index]) }
            return count
        }
        alter(&bytes)
        to.receive(bytes.span)
        return true
    }

    /// Runs both handshakes until neither goes on; returns how they ended.
    @discardableResult
    func shakeHands(step: Int = .max) -> (client: TLSProgress, server: TLSProgress) {
        var client = TLSProgress.wait
        var server = TLSProgress.wait
        while true {
            client = self.client.handshake()
            var moved = Pair.move(self.client, self.server, step: step)
            server = self.server.handshake()
            moved = Pair.move(self.server, self.client, step: step) || moved
            if !moved { break }
        }
        return (client, server)
    }

    static func error(_ progress: TLSProgress) -> TLSError? {
        if case .failed(let error) = progress { error } else { nil }
    }

    static func send(_ bytes: [UInt8], from: TLSSession) -> Int { from.write(bytes.span) }

    /// One read of up to `capacity` bytes.
    static func read(_ session: TLSSession, capacity: Int = 65536) -> (bytes: [UInt8], result: TLSRead) {
        var bytes: [UInt8] = []
        var result = TLSRead.wait
        bytes.append(addingCapacity: capacity) { out in result = session.read(into: &out) }
        return (bytes, result)
    }
}
