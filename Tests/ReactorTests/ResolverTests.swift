import Posix
import Reactor
import Synchronization
import Testing

/// A name server that counts its questions and gives the answers in store, the last one for ever.
private final class Script: Sendable {
    let asked = Mutex(0)
    let answers: Mutex<[Resolver.Answer]>

    init(_ answers: [Resolver.Answer]) { self.answers = Mutex(answers) }

    var count: Int { asked.withLock { $0 } }

    var lookUp: @Sendable (String) -> Resolver.Answer {
        { _ in
            self.asked.withLock { $0 += 1 }
            return self.answers.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }
        }
    }
}

private let first = SocketAddress(ip: "192.0.2.1", port: 0)!
private let second = SocketAddress(ip: "192.0.2.2", port: 0)!
private let failure = Resolver.Answer.failure(NameLookup.Failure(host: "a.test", reason: "no such host"))

private func times(fresh: Int64, usable: Int64, failure: Int64) -> Resolver.Times {
    var times = Resolver.Times()
    times.fresh = .milliseconds(fresh)
    times.usable = .milliseconds(usable)
    times.failure = .milliseconds(failure)
    return times
}

private func ask(_ resolver: Resolver, _ loop: EventLoop) -> Resolver.Answer {
    var answer: Resolver.Answer?
    resolver.resolve("a.test") { answer = $0 }
    while answer == nil { loop.turn(waitAtMost: nil) }
    return answer!
}

@Test func addressesAndLocalhostAreAnsweredAtOnce() throws {
    let loop = try EventLoop()
    let script = Script([failure])
    let resolver = Resolver(loop: loop, lookUp: script.lookUp)
    var answers: [Resolver.Answer] = []
    for host in ["127.0.0.1", "::1", "[::1]", "localhost"] { resolver.resolve(host) { answers.append($0) } }
    let v4 = SocketAddress("127.0.0.1:0")!, v6 = SocketAddress("[::1]:0")!
    #expect(answers == [.success([v4]), .success([v6]), .success([v6]), .success([v4, v6])])
    #expect(script.count == 0)
}

@Test func oneLookUpServesAllWhoWaitAndAllWhoComeLater() throws {
    let loop = try EventLoop()
    let script = Script([.success([first])])
    let resolver = Resolver(loop: loop, lookUp: script.lookUp)
    var answers: [Resolver.Answer] = []
    for _ in 0..<3 { resolver.resolve("a.test") { answers.append($0) } }
    #expect(answers.isEmpty)
    while answers.isEmpty { loop.turn(waitAtMost: nil) }
    resolver.resolve("a.test") { answers.append($0) }
    #expect(answers == Array(repeating: .success([first]), count: 4))
    #expect(script.count == 1)
}

@Test func anOldAnswerIsGivenWhileANewOneIsFetched() throws {
    let loop = try EventLoop()
    let script = Script([.success([first]), .success([second])])
    let resolver = Resolver(loop: loop, times: times(fresh: 1, usable: 60_000, failure: 1), lookUp: script.lookUp)
    #expect(ask(resolver, loop) == .success([first]))
    Thread.sleep(.milliseconds(5))
    loop.turn()
    #expect(resolver.known("a.test") == .success([first]))
    while resolver.known("a.test") == .success([first]) { loop.turn(waitAtMost: .milliseconds(1)) }
    #expect(resolver.known("a.test") == .success([second]))
}

@Test func theLastGoodAnswerOutlivesFailures() throws {
    let loop = try EventLoop()
    let script = Script([.success([first]), failure])
    let resolver = Resolver(loop: loop, times: times(fresh: 1, usable: 2, failure: 1), lookUp: script.lookUp)
    #expect(ask(resolver, loop) == .success([first]))
    for _ in 0..<3 {
        Thread.sleep(.milliseconds(5))
        loop.turn()
        #expect(ask(resolver, loop) == .success([first]))
    }
    #expect(script.count > 1)
}

@Test func aFailureIsRememberedForAWhileAndThenAskedAgain() throws {
    let loop = try EventLoop()
    let script = Script([failure, failure, .success([first])])
    let resolver = Resolver(loop: loop, times: times(fresh: 60_000, usable: 60_000, failure: 20), lookUp: script.lookUp)
    #expect(ask(resolver, loop) == failure)
    #expect(resolver.known("a.test") == failure)
    #expect(script.count == 1)
    Thread.sleep(.milliseconds(25))
    loop.turn()
    #expect(resolver.known("a.test") == nil)
    #expect(ask(resolver, loop) == failure)
    Thread.sleep(.milliseconds(25))
    loop.turn()
    #expect(ask(resolver, loop) == .success([first]))
}

@Test func forgottenAddressesAreLookedUpAnew() throws {
    let loop = try EventLoop()
    let script = Script([.success([first]), .success([second])])
    let resolver = Resolver(loop: loop, times: times(fresh: 60_000, usable: 60_001, failure: 1), lookUp: script.lookUp)
    #expect(ask(resolver, loop) == .success([first]))
    resolver.forget("a.test")
    #expect(ask(resolver, loop) == .success([second]))
}

@Test func anAddressThatNoAnswerHasHadForAWhileIsGone() throws {
    let loop = try EventLoop()
    let script = Script([.success([first, second]), .success([second]), failure])
    var times = times(fresh: 1, usable: 60_000, failure: 1)
    times.gone = .milliseconds(20)
    let resolver = Resolver(loop: loop, times: times, lookUp: script.lookUp)
    #expect(!resolver.isGone(first, from: "a.test"))
    #expect(ask(resolver, loop) == .success([first, second]))
    #expect(!resolver.isGone(first, from: "a.test") && script.count == 1)
    Thread.sleep(.milliseconds(25))
    loop.turn()
    #expect(!resolver.isGone(first, from: "a.test"))
    while script.count < 2 || resolver.known("a.test") != .success([second]) { loop.turn(waitAtMost: .milliseconds(1)) }
    // The third answer is a failure: what the second said stands.
    #expect(resolver.isGone(first, from: "a.test") || script.count > 2)
    #expect(!resolver.isGone(second, from: "a.test"))
    #expect(!resolver.isGone(first, from: "127.0.0.1"))
}

@Test func aNameThatCannotBeFails() throws {
    let loop = try EventLoop()
    let resolver = Resolver(loop: loop)
    var answer: Resolver.Answer?
    resolver.resolve("no-such-host.invalid") { answer = $0 }
    while answer == nil { loop.turn(waitAtMost: nil) }
    guard case .failure(let failure) = answer! else { return #expect(Bool(false), "an address for .invalid") }
    #expect(failure.host == "no-such-host.invalid")
}
