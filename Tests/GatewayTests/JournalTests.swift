import Foundation
import Glibc
import Posix
import Telemetry
import Testing

@testable import Gateway

/// A socket as the journal has one, and what came there.
private final class Ear {
    let path = NSTemporaryDirectory() + "postern-journal-" + UUID().uuidString
    private var descriptor: Int32 = -1

    init() { open() }

    func open() {
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        #expect(bound == 0)
    }

    func shut() {
        close(descriptor)
        unlink(path)
    }

    deinit { shut() }

    /// Nil where nothing waits.
    func hear() -> String? {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
        return count < 0 ? nil : String(decoding: buffer.prefix(count), as: UTF8.self)
    }
}

struct JournalTests {
    private func line(_ number: Int) -> [UInt8] { Array("MESSAGE=\(number)\u{1E}PRIORITY=6\n".utf8) }

    @Test func aLineIsADatagram() throws {
        let ear = Ear()
        let sink = try #require(Journal.sink(path: ear.path))
        sink.write(line(1) + line(2))
        #expect(ear.hear() == "MESSAGE=1\nPRIORITY=6\n")
        #expect(ear.hear() == "MESSAGE=2\nPRIORITY=6\n")
        #expect(ear.hear() == nil && sink.droppedLines == 0)
    }

    @Test func aJournalThatIsSlowGetsTheLinesLater() throws {
        let ear = Ear()
        let sink = try #require(Journal.sink(path: ear.path))
        for number in 0..<2000 { sink.write(line(number)) }
        var heard: [String] = []
        while true {
            while let entry = ear.hear() { heard.append(entry) }
            if sink.flush(), let entry = ear.hear() { heard.append(entry) } else if sink.flush() { break }
        }
        #expect(heard == (0..<2000).map { "MESSAGE=\($0)\nPRIORITY=6\n" } && sink.droppedLines == 0)
    }

    @Test func whatAJournalThatHasGoneDoesNotTakeIsCountedAndANewOneIsFound() throws {
        let ear = Ear()
        let sink = try #require(Journal.sink(path: ear.path))
        ear.shut()
        sink.write(line(1) + line(2))
        #expect(sink.droppedLines == 2)
        ear.open()
        sink.write(line(3))
        #expect(ear.hear() == "MESSAGE=3\nPRIORITY=6\n" && sink.droppedLines == 2)
    }

    @Test func whereNoJournalRunsThereIsNoSink() {
        #expect(Journal.sink(path: "/nonexistent/socket") == nil)
        #expect(Journal.sink(path: "/etc/hosts") == nil)
    }

    @Test func whatIsBehindStandardErrorIsToldByItsDeviceAndInode() {
        var status = stat()
        #expect(fstat(2, &status) == 0)
        #expect(JournalSocket.isBehind(.error, "\(status.st_dev):\(status.st_ino)"))
        for text in [nil, "", "\(status.st_dev):\(status.st_ino &+ 1)", "\(status.st_ino)", "x:y"] {
            #expect(!JournalSocket.isBehind(.error, text))
        }
        #expect(Journal.sinkBehindStandardError(environment: [:]) == nil)
    }
}
