import Glibc
import HTTP
import Posix
import Testing
import Transport

@Suite struct ServerDescriptorTests {
    /// In a process of its own, whose limit of open files is lowered to what is open already and a few more.
    @Test func exhaustedDescriptorsPauseAcceptingAndNothingElse() async {
        await #expect(processExitsWith: .success) {
            let server = try ServerHarness()
            let first = try RawClient(server.address)
            precondition(first.get("/text")?.status == 200)

            // The clients are made first: they need descriptors too, and here they are of the same process.
            let highest = open("/dev/null", O_RDONLY | O_CLOEXEC)
            close(highest)
            var clients = server.onLoop { _ in
                // While the loop waits here nothing is accepted.
                let clients = (0..<20).map { _ in try! RawClient(server.address) }
                var limit = rlimit()
                getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
                limit.rlim_cur = rlim_t(highest + 20 + 5)
                precondition(setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
                return clients
            }
            precondition(server.eventually { server.onLoop { $0.server.counters.acceptPauses } > 0 })

            // A running connection goes on, and the loop does not spin.
            precondition(first.get("/text")?.status == 200)
            let turns = server.onLoop { $0.loop.turns }
            let pauses = server.onLoop { $0.server.counters.acceptPauses }
            Thread.sleep(.milliseconds(450))
            precondition(server.onLoop { $0.loop.turns } - turns < 30)
            precondition(server.onLoop { $0.server.counters.acceptPauses } - pauses <= 5)

            // Once there are descriptors again, those that wait are served.
            clients.removeFirst(14)
            precondition(clients.last!.get("/text")?.status == 200)
            server.stop()
        }
    }
}
