import Logging
import Reactor
import TLS
import Transport

/// The OCSP responses of all listeners' certificates. Lives on the control loop.
final class CertificateStatuses {
    private let loop: LoopBound<EventLoop>
    private let events: Logger
    private let count: @Sendable (_ listener: String, _ succeeded: Bool) -> Void
    private var client: LoopBound<HTTPClient>?
    private(set) var contexts: [String: TLSServerContext] = [:]
    private var keepers: [StatusKeeper] = []

    init(
        loop: LoopBound<EventLoop>, events: Logger, count: @escaping @Sendable (_ listener: String, Bool) -> Void
    ) {
        self.loop = loop
        self.events = events
        self.count = count
    }

    /// Looks after a listener's certificates, and no longer after those that they take the place of.
    ///
    /// - Parameter ready: called on the loop once each of the new ones has been asked for: at once where there is none.
    func follow(_ context: TLSServerContext, of listener: String, ready: @escaping () -> Void = {}) {
        contexts[listener] = context
        dropUnwanted()
        let waiting = Countdown(ready)
        for (certificate, staple) in zip(context.certificates, context.staples) {
            guard let staple else {
                if certificate.responder != nil, context.isStapling { warnOfIssuer(certificate, listener) }
                continue
            }
            guard !keepers.contains(where: { $0.staple === staple }), let client = theClient() else { continue }
            let count = count
            let keeper = StatusKeeper(
                staple, of: certificate, listener: listener, loop: loop, client: client, events: events
            ) { count(listener, $0) }
            keepers.append(keeper)
            waiting.add()
            let handle = LoopBound(waiting, to: loop.executor)
            keeper.start { await $0.run { handle.value.down() } }
        }
        waiting.down()
    }

    /// Looks after no other listeners any more.
    func keep(only listeners: [String]) {
        contexts = contexts.filter { listeners.contains($0.key) }
        dropUnwanted()
    }

    private func dropUnwanted() {
        let wanted = contexts.values.flatMap { $0.staples.compactMap { $0 } }
        for keeper in keepers where !wanted.contains(where: { $0 === keeper.staple }) { keeper.start { $0.stop() } }
        keepers.removeAll { keeper in !wanted.contains { $0 === keeper.staple } }
    }

    /// Whether no other has taken its place meanwhile.
    func isCurrent(_ context: TLSServerContext, of listener: String) -> Bool { contexts[listener] === context }

    /// How many of a listener's certificates name a responder and have no response of it now.
    func missing(of listener: String, now: Int64) -> Int {
        guard let context = contexts[listener], context.isStapling else { return 0 }
        return zip(context.certificates, context.staples).count { certificate, staple in
            certificate.responder != nil && staple?.validity(now: now) == nil
        }
    }

    private func warnOfIssuer(_ certificate: TLSCertificateSummary, _ listener: String) {
        events.warning(
            "no OCSP response can be stapled: the chain lacks the certificate's issuer",
            metadata: ["listener": "\(listener)", "certificate": "\(certificate.names.first ?? "without a name")"])
    }

    private func theClient() -> LoopBound<HTTPClient>? {
        if let client { return client }
        guard let tls = try? TLSClientContext() else { return nil }
        var limits = ClientLimits()
        limits.idleConnections = 0
        let made = HTTPClient(loop: loop.value, resolver: Resolver(loop: loop.value), tls: tls, limits: limits)
        client = LoopBound(made, to: loop.executor)
        return client
    }
}

/// Calls its closure once as many have come down as have been added, one to begin with.
private final class Countdown {
    private var left = 1
    private let done: () -> Void

    init(_ done: @escaping () -> Void) { self.done = done }

    func add() { left += 1 }

    func down() {
        left -= 1
        if left == 0 { done() }
    }
}
