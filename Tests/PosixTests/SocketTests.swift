import Posix
import Testing

/// Accepts the one connection that is on its way.
func accepted(_ listener: borrowing FileDescriptor) throws -> FileDescriptor {
    while true {
        switch listener.accept() {
        case .connection(let descriptor, _): return descriptor
        case .wouldBlock: Thread.sleep(.milliseconds(1))
        case .failed(let error): throw error
        }
    }
}

/// All that comes until `count` bytes or the end.
func received(_ descriptor: borrowing FileDescriptor, _ count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < count {
        var result = IOResult.end
        bytes.append(addingCapacity: count - bytes.count) { (out: inout OutputSpan<UInt8>) in
            result = descriptor.receive(into: &out)
        }
        switch result {
        case .bytes: continue
        case .wouldBlock: Thread.sleep(.milliseconds(1))
        case .end, .failed: return bytes
        }
    }
    return bytes
}

func temporaryDirectory() -> String {
    let path = "/tmp/postern-posix-\(MonotonicTime.now().nanoseconds)-\(UInt32.random(in: 0...UInt32.max))"
    TestFiles.makeDirectory(path)
    return path
}

@Test(arguments: ["127.0.0.1:0", "[::1]:0"]) func bytesGoThroughAConnection(_ address: String) throws {
    let listener = try Socket.listen(on: SocketAddress(address)!)
    let near = try Socket.connect(to: listener.localAddress())
    let far = try accepted(listener)
    #expect(near.connectionError() == nil)
    near.setNoDelay()
    #expect(near.send([1, 2, 3].span) == .bytes(3))
    #expect(near.send([4].span, [5, 6].span) == .bytes(3))
    #expect(received(far, 6) == [1, 2, 3, 4, 5, 6])
    let peer = try far.peerAddress()
    let local = try near.localAddress()
    #expect(peer == local)
    #expect(peer.isLoopback)
    near.shutdownWriting()
    #expect(received(far, 1) == [])
    #expect(far.send([7].span) == .bytes(1))
    #expect(received(near, 1) == [7])
}

@Test func receivingNothingWouldBlock() throws {
    let listener = try Socket.listen(on: SocketAddress("127.0.0.1:0")!)
    let near = try Socket.connect(to: listener.localAddress())
    var bytes: [UInt8] = []
    bytes.append(addingCapacity: 10) { (out: inout OutputSpan<UInt8>) in
        #expect(near.receive(into: &out) == .wouldBlock)
    }
    _ = try accepted(listener).raw
    switch listener.accept() {
    case .wouldBlock: break
    case .connection: Issue.record("a second connection")
    case .failed(let error): throw error
    }
}

@Test func theLimitBoundsWhatIsReceived() throws {
    let listener = try Socket.listen(on: SocketAddress("127.0.0.1:0")!)
    let near = try Socket.connect(to: listener.localAddress())
    let far = try accepted(listener)
    #expect(near.send([1, 2, 3, 4].span) == .bytes(4))
    _ = received(far, 1)
    var bytes: [UInt8] = []
    bytes.append(addingCapacity: 10) { (out: inout OutputSpan<UInt8>) in
        #expect(far.receive(into: &out, limit: 2) == .bytes(2))
    }
    #expect(bytes == [2, 3])
}

@Test func aRefusedConnectionSaysSo() throws {
    let address = try Socket.listen(on: SocketAddress("127.0.0.1:0")!).localAddress()
    let near = try Socket.connect(to: address)
    var epoll = [near.connectionError()]
    while epoll.last! == nil { epoll.append(near.connectionError()) }
    #expect(epoll.last!!.description == "connect: Connection refused")
}

@Test func sendingToAClosedPeerIsAnErrorAndNoSignal() throws {
    let listener = try Socket.listen(on: SocketAddress("127.0.0.1:0")!)
    let near = try Socket.connect(to: listener.localAddress())
    do {
        let far = try accepted(listener)
        far.resetOnClose()
    }
    var result = IOResult.bytes(1)
    while case .bytes = result { result = near.send([1].span) }
    guard case .failed(let error) = result else {
        Issue.record("sent")
        return
    }
    #expect(error.reason == "Connection reset by peer" || error.reason == "Broken pipe")
}

@Test func anAddressInUseIsNamed() throws {
    let listener = try Socket.listen(on: SocketAddress("127.0.0.1:0")!)
    let address = try listener.localAddress()
    #expect(throws: SystemError.self) { _ = try Socket.listen(on: address).raw }
    do {
        _ = try Socket.listen(on: address).raw
    } catch {
        #expect(error.description == "bind \(address): Address already in use")
    }
}

@Test func twoSocketsShareAPort() throws {
    let one = try Socket.listen(on: SocketAddress("127.0.0.1:0")!, reusePort: true)
    let address = try one.localAddress()
    let two = try Socket.listen(on: address, reusePort: true)
    #expect(try two.localAddress() == address)
}

@Test func aUnixSocketReplacesALeftOverAndNotALiveOne() throws {
    let directory = temporaryDirectory()
    defer { TestFiles.remove(directory) }
    let address = SocketAddress("unix:\(directory)/socket")!
    do {
        let listener = try Socket.listen(on: address)
        let near = try Socket.connect(to: address)
        let far = try accepted(listener)
        #expect(near.send([9].span) == .bytes(1))
        #expect(received(far, 1) == [9])
        #expect(try far.peerAddress() == .unix(path: ""))
        #expect(try near.peerAddress() == address)
        #expect(throws: SystemError.self) { _ = try Socket.listen(on: address).raw }
    }
    let again = try Socket.listen(on: address)
    #expect(try again.localAddress() == address)
}

@Test func aFileInAUnixSocketsPlaceIsLeftAlone() throws {
    let directory = temporaryDirectory()
    defer { TestFiles.remove(directory) }
    TestFiles.write("\(directory)/socket", [1])
    #expect(throws: SystemError.self) {
        _ = try Socket.listen(on: SocketAddress("unix:\(directory)/socket")!).raw
    }
    #expect(try File.read(path: "\(directory)/socket", limit: 10) == [1])
}
