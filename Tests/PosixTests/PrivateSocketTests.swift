import Posix
import Testing

@Suite struct PrivateSocketTests {
    @Test func whoComesLaterTakesTheNameAndWhoHasItTakesItAway() throws {
        let folder = temporaryDirectory(), path = folder + "/admin.sock"
        defer { TestFiles.remove(folder) }
        let first = try PrivateSocket(path: path)
        let file = first.file, listener = first.take()
        #expect(try FileStatus.of(path: path).permissions == 0o600)
        let before = try Socket.connect(to: .unix(path: path))
        let second = try PrivateSocket(path: path)
        let other = second.file, successor = second.take()
        let after = try Socket.connect(to: .unix(path: path))
        let one = try accepted(listener), two = try accepted(successor)
        #expect(one.send([1].span) == .bytes(1) && received(before, 1) == [1])
        #expect(two.send([2].span) == .bytes(1) && received(after, 1) == [2])
        file.remove()
        #expect(try FileStatus.of(path: path).permissions == 0o600, "it is another's")
        other.remove()
        #expect(throws: SystemError.self) { try FileStatus.of(path: path) }
    }

    @Test func whatIsNoSocketIsLeftAlone() throws {
        let folder = temporaryDirectory(), path = folder + "/admin.sock"
        defer { TestFiles.remove(folder) }
        TestFiles.write(path, [1, 2, 3])
        #expect(throws: SystemError.self) { _ = try PrivateSocket(path: path).take() }
        #expect(try FileStatus.of(path: path).size == 3)
        #expect(throws: SystemError.self) { _ = try PrivateSocket(path: folder + "/missing/admin.sock").take() }
    }
}
