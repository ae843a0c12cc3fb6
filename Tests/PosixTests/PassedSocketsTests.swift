import Glibc
import Testing

@testable import Posix

/// What was passed lies at any two descriptors here, one behind the other, as it would at 3 and 4.
private func passed(
    _ variables: [String: String], first: Int32 = 3, process: Int32 = 7
) throws(PassedSocketError) -> [PassedSockets.Passed] {
    try PassedSockets(variables, process: process, first: first).all
}

private func listeners(_ count: Int) throws -> (first: Int32, sockets: [Int32]) {
    let first: Int32 = 200 + Int32.random(in: 0..<500) * 2
    var numbers: [Int32] = []
    for index in 0..<count {
        let socket = try Socket.listen(on: SocketAddress("127.0.0.1:0")!)
        let place = first + Int32(index)
        #expect(dup2(socket.raw, place) == place)
        _ = fcntl(place, F_SETFL, fcntl(place, F_GETFL) & ~O_NONBLOCK)
        numbers.append(place)
    }
    return (first, numbers)
}

@Test func passedSocketsHaveNamesAndAddresses() throws {
    let (first, sockets) = try listeners(2)
    defer { sockets.forEach { close($0) } }
    let all = try passed(["LISTEN_PID": "7", "LISTEN_FDS": "2", "LISTEN_FDNAMES": "web:admin"], first: first)
    #expect(all.map(\.name) == ["web", "admin"])
    #expect(all.map(\.descriptor) == sockets)
    #expect(all.allSatisfy { $0.address.ip == "127.0.0.1" && $0.address.port != 0 })
    for socket in sockets {
        #expect(fcntl(socket, F_GETFD) & FD_CLOEXEC != 0)
        #expect(fcntl(socket, F_GETFL) & O_NONBLOCK != 0)
    }
}

@Test func passedSocketsWithoutNamesAreUnknown() throws {
    let (first, sockets) = try listeners(1)
    defer { sockets.forEach { close($0) } }
    #expect(try passed(["LISTEN_PID": "7", "LISTEN_FDS": "1"], first: first).map(\.name) == ["unknown"])
}

@Test(arguments: [
    [:], ["LISTEN_FDS": "1"], ["LISTEN_PID": "7"], ["LISTEN_PID": "8", "LISTEN_FDS": "1"],
    ["LISTEN_PID": "", "LISTEN_FDS": "1"], ["LISTEN_PID": "7x", "LISTEN_FDS": "1"],
    ["LISTEN_PID": "7", "LISTEN_FDS": "0"],
])
func whatWasPassedToNobodyOrAnotherIsNotThere(_ variables: [String: String]) throws {
    #expect(try passed(variables).isEmpty)
}

@Test(arguments: [
    ["LISTEN_PID": "7", "LISTEN_FDS": "-1"], ["LISTEN_PID": "7", "LISTEN_FDS": "one"],
    ["LISTEN_PID": "7", "LISTEN_FDS": "2147483647"], ["LISTEN_PID": "7", "LISTEN_FDS": "99999999999"],
    ["LISTEN_PID": "7", "LISTEN_FDS": "1", "LISTEN_FDNAMES": "a:b"],
    // Nothing is open there.
    ["LISTEN_PID": "7", "LISTEN_FDS": "1"],
])
func passedSocketsThatDoNotHoldAreRefused(_ variables: [String: String]) {
    #expect(throws: PassedSocketError.self) { try passed(variables, first: 64_000) }
}

@Test func aListenerThatIgnoresNewHandshakesKeepsThoseThatWait() throws {
    let listener = try Socket.listen(on: SocketAddress("127.0.0.1:0")!, reusePort: true)
    let address = try listener.localAddress()
    let early = try Socket.connect(to: address)
    try listener.ignoreNewHandshakes()
    let late = try Socket.connect(to: address)
    usleep(20_000)
    #expect(early.connectionError() == nil)
    guard case .connection(let accepted, _) = listener.accept() else {
        Issue.record("who waited was lost")
        return
    }
    if case .connection = listener.accept() { Issue.record("a new connection was accepted") }
    // What was accepted hears its client.
    #expect(early.send([1, 2, 3].span) == .bytes(3))
    usleep(20_000)
    var bytes: [UInt8] = []
    bytes.append(addingCapacity: 10) { out in #expect(accepted.receive(into: &out) == .bytes(3)) }
    _ = consume late
}
