import Glibc
import Testing

@testable import Posix

/// A service manager's socket, and what it was told.
private final class Ear {
    let directory = temporaryDirectory()
    let socket = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    var name: String { "\(directory)/notify" }

    init() { #expect(SocketAddress("unix:\(name)")!.withKernelForm { bind(socket, $0, $1) } == 0) }

    deinit {
        close(socket)
        TestFiles.remove(directory)
    }

    /// Nil where nothing waits.
    func hear() -> String? {
        var buffer = [UInt8](repeating: 0, count: 100)
        let count = recv(socket, &buffer, buffer.count, Int32(MSG_DONTWAIT))
        return count < 0 ? nil : String(decoding: buffer.prefix(count), as: UTF8.self)
    }
}

private func manager(_ name: String?, _ more: [String: String] = [:]) -> ServiceManager {
    var environment = more
    environment["NOTIFY_SOCKET"] = name
    return ServiceManager(environment, process: 7)
}

@Test func theServiceManagerIsTold() {
    let ear = Ear()
    manager(ear.name).tell("READY=1", "STATUS=here")
    #expect(ear.hear() == "READY=1\nSTATUS=here")
    // Nobody hears these, and nothing happens.
    for name in [nil, "", "vsock:2:1", "relative", "/no/such", "@no-such"] { manager(name).tell("READY=1") }
    ServiceManager.none.tell("READY=1")
    #expect(ear.hear() == nil)
}

@Test func aManagerWhoseQueueIsFullIsWaitedFor() throws {
    let ear = Ear(), one = manager(ear.name)
    let filler = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
    defer { close(filler) }
    var waiting = 0
    while SocketAddress("unix:\(ear.name)")!.withKernelForm({ sendto(filler, "x", 1, 0, $0, $1) }) == 1 { waiting += 1 }
    let start = MonotonicTime.now()
    one.tell("lost")
    #expect(MonotonicTime.now() - start >= .milliseconds(400))
    let thread = try Thread.spawn(name: "teller") { one.tell("READY=1") }
    usleep(50_000)
    for _ in 0..<waiting { #expect(ear.hear() == "x") }
    thread.join()
    #expect(ear.hear() == "READY=1")
    #expect(ear.hear() == nil)
}

@Test func theWatchdogsTimeIsTheManagers() {
    let some = "/run/notify"
    #expect(manager(some).watchdog == nil)
    #expect(manager(some, ["WATCHDOG_USEC": "30000000"]).watchdog == .seconds(30))
    #expect(manager(some, ["WATCHDOG_USEC": "1", "WATCHDOG_PID": "7"]).watchdog == Nanoseconds(1000))
    // Of another process, of nobody, or no time at all.
    #expect(manager(some, ["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "8"]).watchdog == nil)
    #expect(manager(some, ["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": ""]).watchdog == nil)
    #expect(manager(nil, ["WATCHDOG_USEC": "30000000"]).watchdog == nil)
    for text in ["", "0", "-1", "soon", "1.5", "18446744073709551615", "9223372036854775807"] {
        #expect(manager(some, ["WATCHDOG_USEC": text]).watchdog == nil)
    }
}
