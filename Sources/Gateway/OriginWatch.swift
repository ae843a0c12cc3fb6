import Logging
import Origins
import Posix
import Reactor
import Telemetry
import Transport

/// Counts what an origin's faults were met with, and tells the operator of what is his to mend.
final class OriginWatch {
    private enum Line: Hashable {
        case denied, deniesAll, retriesUsedUp, clock

        var message: String {
            switch self {
            case .denied: "the origin denied access"
            case .deniesAll: "the origin has denied everything so far"
            case .retriesUsedUp: "an origin fails too often for its requests to be sent again"
            case .clock: "an origin's clock differs from this machine's: signatures follow it"
            }
        }
    }

    /// The first of a kind of line is written at once, those that follow together after this time.
    private static let often = Nanoseconds.seconds(60)
    private static let seldom = Nanoseconds.seconds(600)

    let name: String
    /// Its place in the metrics' label.
    private var index: Int
    private var counters: Counters
    private let events: Logger
    private let lines: RepeatedEvent<Line>
    private var hasServed = false
    /// Its connections; nil where it has none.
    private var client: HTTPClient?
    private var countedReuses = 0

    init(_ name: String, index: Int, counters: Counters, events: Logger, loop: EventLoop) {
        self.name = name
        self.index = index
        self.counters = counters
        self.events = events
        lines = RepeatedEvent(
            loop: loop, events: events, every: { $0 == .denied ? Self.seldom : Self.often }, message: \.message)
    }

    /// Counts there from now on.
    func count(in counters: Counters, at index: Int) {
        self.counters = counters
        self.index = index
    }

    /// Looks at these connections from now on.
    func follow(_ client: HTTPClient?) {
        guard self.client !== client else { return }
        self.client = client
        countedReuses = 0
    }

    func note(_ incident: OriginIncident) {
        switch incident {
        case .retried: count(.retried)
        case .retryRefused:
            count(.notRetried)
            lines.note(.retriesUsedUp, ["origin": "\(name)"])
        case .resumed: count(.resumed)
        case .setAside(let endpoint, let span, let failure):
            count(.setAside)
            events.warning(
                "an endpoint is set aside",
                metadata: [
                    "origin": "\(name)", "endpoint": "\(endpoint)",
                    "seconds": .stringConvertible(span.milliseconds / 1000), "reason": "\(failure.sentence)",
                ])
        case .back(let endpoint):
            events.info("an endpoint answers again", metadata: ["origin": "\(name)", "endpoint": "\(endpoint)"])
        case .clockCorrected(let endpoint, let seconds):
            count(.clockCorrected)
            lines.note(
                .clock,
                ["origin": "\(name)", "endpoint": "\(endpoint)", "seconds": .stringConvertible(seconds)])
        }
    }

    private func count(_ recovery: OriginRecovery) { counters.add(to: .originRecoveries, index, recovery) }

    /// It has answered, or failed to.
    ///
    /// - Parameter span: from the request to the answer's head.
    func note(_ answer: OriginAnswer, after span: Nanoseconds) {
        if answer == .found { hasServed = true }
        counters.add(to: .originRequests, index, answer)
        counters.observe(span.microseconds, in: .originFirstByte, index)
    }

    func note(_ report: ContentWalk.Report) {
        note(report.answer, after: report.after)
        if report.mayBeDenial { denied() }
    }

    /// Brings the counters up to date with its connections.
    func collect() {
        guard let client else { return }
        counters.set(.originConnectionsOpen, index, to: Int64(client.connections.open))
        counters.add(Int64(client.statistics.reuses - countedReuses), to: .originConnectionsReused, index)
        countedReuses = client.statistics.reuses
    }

    /// It refused an object in the way of a bucket that may not be listed, and does not have the object. Until something
    /// has been served nobody can tell that from a policy that grants nothing.
    private func denied() {
        let reason =
            hasServed
            ? "grant s3:ListBucket on the bucket, and objects that are not there are told from those that are denied"
            : "its policy does not grant s3:GetObject to these credentials; or nothing that was asked for is there, "
                + "and s3:ListBucket is not granted"
        lines.note(hasServed ? .denied : .deniesAll, ["origin": "\(name)", "reason": "\(reason)"])
    }
}
