import Posix
import Testing

@testable import Transport

/// What a reload does to listeners: new ones that wait, others that go, and handlers that follow one another.
@Suite struct ServerReloadTests {
    @Test func aRequestEndsWithTheHandlerThatItWasGivenTo() throws {
        let server = try ServerHarness()
        let client = try RawClient(server.address)
        client.send("GET /never HTTP/1.1\r\nHost: a\r\n\r\nGET /text HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(server.eventually { server.onLoop { $0.handler.parked.count } == 1 })
        server.onLoop { world in
            world.listener.handler = ScriptedHandler(world.server)
            world.server.exchanges[world.handler.parked[0]]?.respond(.init(status: 204), body: .empty)
        }
        #expect(client.response()?.status == 204)
        #expect(client.response()?.status == 200)
        #expect(server.onLoop { $0.handler.targets } == ["/never"])
        #expect(server.records.map(\.path) == ["/never"], "and hears of its end")
        server.stop()
    }

    @Test func aListenerThatIsHeldAcceptsNobodyUntilItBegins() throws {
        let server = try ServerHarness()
        let address = try server.held()
        let client = try RawClient(address)
        client.send("GET /text HTTP/1.1\r\nHost: a\r\n\r\n")
        Thread.sleep(.milliseconds(30))
        #expect(server.connectionCount == 0)
        server.onLoop { $0.server.others[0].begin() }
        #expect(client.response()?.status == 200)
        server.stop()
    }

    @Test func aListenerThatIsDiscardedLeavesNothing() throws {
        let server = try ServerHarness()
        let address = try server.held()
        let waiting = try RawClient(address)
        server.onLoop { $0.server.others[0].discard() }
        #expect(server.onLoop { $0.server.others.isEmpty })
        #expect(waiting.readToEnd() == .reset)
        #expect(try RawClient(address).get("/text")?.status == nil)
        server.stop()
    }

    @Test func aListenerThatGoesFinishesWhatCameFromIt() throws {
        let server = try ServerHarness()
        let address = try server.held()
        server.onLoop { $0.server.others[0].begin() }
        let gone = try RawClient(address), stays = try RawClient(server.address)
        #expect(gone.get("/text")?.status == 200)
        #expect(stays.get("/text")?.status == 200)
        server.onLoop { $0.server.retire($0.server.others[0], hardStopAfter: .seconds(10)) }
        #expect(try RawClient(address).get("/text")?.status == nil)
        let last = gone.get("/text")
        #expect(last?.status == 200 && last?.fields[.connection] == "close")
        #expect(gone.readToEnd() == .end)
        #expect(server.eventually { server.onLoop { $0.server.others.isEmpty } }, "nothing is left of it")
        let other = stays.get("/text")
        #expect(other?.status == 200 && other?.fields[.connection] == nil)
        server.stop()
    }

    @Test func whatRunsTooLongOnAListenerThatGoesIsCut() throws {
        let server = try ServerHarness()
        let address = try server.held()
        server.onLoop { $0.server.others[0].begin() }
        let client = try RawClient(address)
        client.send("GET /never HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(server.eventually { server.onLoop { $0.handler.parked.count } == 1 })
        server.onLoop { $0.server.retire($0.server.others[0], hardStopAfter: .milliseconds(50)) }
        #expect(client.readToEnd() == .end)
        #expect(server.eventually { server.onLoop { $0.server.others.isEmpty } })
        #expect(server.abandoned == 1)
        server.stop()
    }
}

extension ServerHarness {
    /// One more listener, which does not accept yet: its address.
    fileprivate func held() throws -> SocketAddress {
        onLoop { world in
            try! world.server.listen(
                on: Socket.listen(on: SocketAddress("127.0.0.1:0")!), handler: world.handler, name: "held",
                isHeld: true
            ).address!
        }
    }
}

extension Server {
    /// The listeners beside the first.
    fileprivate var others: [Listener] { Array(listeners.dropFirst()) }
}
