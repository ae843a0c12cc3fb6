import Posix

/// A loop's memory of host names, asked before the system is.
///
/// A look-up blocks, so that each runs on a thread of its own (there are few: one for a name at a
/// time, and the names come from the config), and answers through the loop's inbox. What is known is
/// answered at once. An answer is fresh for 30 s; for five minutes more it is still given, while a new
/// look-up runs behind it; and while look-ups fail the last good answer is given for ever. What a name had in earlier
/// answers is remembered for a while, so that connections to where it is not any more can be told.
package final class Resolver {
    package typealias Answer = Result<[SocketAddress], NameLookup.Failure>

    package struct Times: Sendable {
        package var fresh = Nanoseconds.seconds(30)
        package var usable = Nanoseconds.seconds(330)
        /// How long a failure is remembered before the system is asked again.
        package var failure = Nanoseconds.seconds(2)
        /// An address that no answer has had for so long is not the host's any more: longer than an answer is fresh, for
        /// there are name servers that give some of many addresses each time.
        package var gone = Nanoseconds.seconds(60)
        package init() {}
    }

    private struct Entry {
        var addresses: [SocketAddress] = []
        /// When an answer had them last.
        var seen: [SocketAddress: MonotonicTime] = [:]
        var learned = MonotonicTime(nanoseconds: 0)
        var failure: NameLookup.Failure?
        var failed = MonotonicTime(nanoseconds: 0)
        var isRunning = false
        var waiting: [(Answer) -> Void] = []
    }

    private let loop: EventLoop
    private let times: Times
    private let lookUp: @Sendable (String) -> Answer
    private var entries: [String: Entry] = [:]

    /// - Parameter lookUp: blocks; tests give their own.
    package init(
        loop: EventLoop, times: Times = Times(), lookUp: @escaping @Sendable (String) -> Answer = Resolver.system
    ) {
        self.loop = loop
        self.times = times
        self.lookUp = lookUp
    }

    /// Asks the system (getaddrinfo).
    package static let system: @Sendable (String) -> Answer = { host in
        do throws(NameLookup.Failure) {
            return .success(try NameLookup.addresses(of: host))
        } catch {
            return .failure(error)
        }
    }

    /// Finds the addresses of `host`, with port 0: the answer comes at once, within this call, where it is known,
    /// and else on the loop later.
    ///
    /// - Parameter host: a name, or an IP address (in brackets or not).
    package func resolve(_ host: String, _ done: @escaping (Answer) -> Void) {
        if let known = known(host) { return done(known) }
        entries[host, default: Entry()].waiting.append(done)
        start(host)
    }

    /// What is known without waiting. May start a look-up behind the answer.
    package func known(_ host: String) -> Answer? {
        if let entry = entries[host] {
            let age = loop.now - entry.learned
            let isFailing = entry.failure != nil
            if !entry.addresses.isEmpty {
                if age < times.fresh { return .success(entry.addresses) }
                if age < times.usable || isFailing {
                    if !isFailing || loop.now - entry.failed >= times.failure { start(host) }
                    return .success(entry.addresses)
                }
            } else if let failure = entry.failure, loop.now - entry.failed < times.failure {
                return .failure(failure)
            }
            return nil
        }
        return Self.literal(host).map { .success($0) }
    }

    /// Whether `address`, with port 0, was the host's and is not any more, as far as is known without waiting. May start a
    /// look-up.
    package func isGone(_ address: SocketAddress, from host: String) -> Bool {
        guard entries[host] != nil, case .success = known(host), let entry = entries[host], entry.failure == nil else {
            return false
        }
        return entry.seen[address].map { entry.learned - $0 >= times.gone } ?? true
    }

    /// Nobody could be reached at the addresses known: the next to ask gets new ones.
    package func forget(_ host: String) {
        guard let entry = entries[host], !entry.isRunning, entry.failure == nil else { return }
        entries[host]!.learned = MonotonicTime(nanoseconds: 0)
    }

    /// An IP address is its own answer, as is a Unix socket (`unix:PATH`); `localhost` needs nobody's (RFC 6761 section 6.3).
    private static func literal(_ host: String) -> [SocketAddress]? {
        if host == "localhost" {
            return [.ipv4(address: 0x7F00_0001, port: 0), .ipv6(high: 0, low: 1, port: 0)]
        }
        if host.hasPrefix("unix:") { return [.unix(path: String(host.dropFirst(5)))] }
        let bare = host.first == "[" && host.last == "]" ? host.dropFirst().dropLast() : host[...]
        return SocketAddress(ip: bare, port: 0).map { [$0] }
    }

    private func start(_ host: String) {
        guard !entries[host, default: Entry()].isRunning else { return }
        entries[host]!.isRunning = true
        let bound = LoopBound(self, to: loop.executor)
        do {
            try Thread.spawn(name: "resolver") { [lookUp] in
                let answer = lookUp(host)
                bound.executor.execute { bound.value.finish(host, answer) }
            }
        } catch {
            loop.executor.execute {
                bound.value.finish(host, .failure(NameLookup.Failure(host: host, reason: error.reason)))
            }
        }
    }

    private func finish(_ host: String, _ answer: Answer) {
        var entry = entries[host] ?? Entry()
        entry.isRunning = false
        let waiting = entry.waiting
        entry.waiting = []
        switch answer {
        case .success(let addresses):
            entry.addresses = addresses
            entry.learned = loop.now
            entry.seen = entry.seen.filter { loop.now - $0.value < times.gone }
            for address in addresses { entry.seen[address] = loop.now }
            entry.failure = nil
        case .failure(let failure):
            entry.failure = failure
            entry.failed = loop.now
        }
        entries[host] = entry
        let given = entry.addresses.isEmpty ? answer : .success(entry.addresses)
        for done in waiting { done(given) }
    }
}
