import Posix
import Reactor

/// A server that answers each request with the bytes that a test has written down for it, right or wrong.
/// It lives on the test's own loop.
final class ScriptedServer: ReadinessHandler {
    enum Step {
        case send(String)
        case bytes([UInt8])
        /// The peer sees the end of what was sent.
        case close
        /// The peer sees a reset.
        case reset
        case pause(milliseconds: Int64)
    }

    let loop: EventLoop
    let port: Int
    /// The heads of the requests, in the order in which they came.
    private(set) var requests: [String] = []
    /// How many connections were accepted, and how many of them the peer has closed.
    private(set) var accepted = 0
    private(set) var closedByPeer = 0

    private var socket: FileDescriptor?
    private var registration: Registration?
    private var scripts: [[Step]]
    private var connections: [Connection] = []

    /// - Parameter scripts: one for each request to come. Requests beyond them are left without an answer.
    init(loop: EventLoop, _ scripts: [[Step]]) throws {
        self.loop = loop
        self.scripts = scripts
        let socket = try Socket.listen(on: SocketAddress("127.0.0.1:0")!)
        port = Int(try socket.localAddress().port!)
        self.socket = consume socket
        registration = try loop.register(self.socket!, self)
    }

    func stop() {
        registration?.cancel()
        registration = nil
        socket = nil
        for connection in connections { connection.close() }
        connections = []
    }

    func ready(_ readiness: Readiness) {
        while socket != nil {
            switch socket!.accept() {
            case .connection(let descriptor, peer: _):
                accepted += 1
                connections.append(Connection(server: self, descriptor))
            case .wouldBlock: return
            case .failed: return
            }
        }
    }

    func deadlineReached() {}

    private func nextScript(_ head: String) -> [Step] {
        requests.append(head)
        return scripts.isEmpty ? [] : scripts.removeFirst()
    }

    private final class Connection: ReadinessHandler {
        private unowned let server: ScriptedServer
        private var descriptor: FileDescriptor?
        private var registration: Registration?
        private var input: [UInt8] = []
        private var output: [UInt8] = []
        private var steps: [Step] = []
        private var isPaused = false

        init(server: ScriptedServer, _ descriptor: consuming FileDescriptor) {
            self.server = server
            let loop = server.loop
            registration = nil
            self.descriptor = consume descriptor
            registration = try? loop.register(self.descriptor!, self)
        }

        func deadlineReached() {}

        func ready(_ readiness: Readiness) {
            read()
            play()
        }

        func close() {
            registration?.cancel()
            registration = nil
            descriptor = nil
        }

        private func read() {
            while descriptor != nil {
                var result = IOResult.wouldBlock
                input.append(addingCapacity: 4096) { (out: inout OutputSpan<UInt8>) in
                    result = descriptor!.receive(into: &out)
                }
                switch result {
                case .bytes: continue
                case .wouldBlock: return takeRequests()
                case .end, .failed:
                    takeRequests()
                    server.closedByPeer += 1
                    return close()
                }
            }
        }

        private func takeRequests() {
            while let end = input.indices.first(where: { input[$0...].starts(with: "\r\n\r\n".utf8) }) {
                steps += server.nextScript(String(decoding: input[..<end], as: UTF8.self))
                input.removeFirst(end + 4)
            }
        }

        private func play() {
            while descriptor != nil && !isPaused {
                while !output.isEmpty {
                    let bytes = output
                    guard case .bytes(let count) = descriptor!.send(bytes.span) else { return }
                    output.removeFirst(count)
                }
                guard !steps.isEmpty else { return }
                switch steps.removeFirst() {
                case .send(let text): output = Array(text.utf8)
                case .bytes(let bytes): output = bytes
                case .close: close()
                case .reset:
                    descriptor!.resetOnClose()
                    close()
                case .pause(let milliseconds):
                    isPaused = true
                    server.loop.schedule(after: Nanoseconds.milliseconds(milliseconds)) { [weak self] in
                        self?.isPaused = false
                        self?.play()
                    }
                }
            }
        }
    }
}
