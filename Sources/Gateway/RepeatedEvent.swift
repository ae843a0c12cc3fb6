import Logging
import Posix
import Reactor

/// Tells the operator of what happens again and again: the first time at once, and those that follow in one line for each
/// kind and interval, which says how often. A flood writes no more lines than a trickle.
final class RepeatedEvent<Kind: Hashable> {
    private let loop: EventLoop
    private let events: Logger
    private let interval: (Kind) -> Nanoseconds
    private let message: (Kind) -> String
    /// What has followed a line, while the next one's time has not come: how often, and what the log says of the last.
    private var following: [Kind: (times: Int, last: Logger.Metadata)] = [:]

    init(
        loop: EventLoop, events: Logger, every interval: @escaping (Kind) -> Nanoseconds,
        message: @escaping (Kind) -> String
    ) {
        self.loop = loop
        self.events = events
        self.interval = interval
        self.message = message
    }

    func note(_ kind: Kind, _ metadata: Logger.Metadata) {
        guard let times = following[kind]?.times else { return write(kind, metadata, 1) }
        following[kind] = (times + 1, metadata)
    }

    private func write(_ kind: Kind, _ metadata: Logger.Metadata, _ times: Int) {
        events.warning(
            "\(message(kind))", metadata: metadata.merging(["times": .stringConvertible(times)]) { $1 })
        following[kind] = (0, [:])
        loop.schedule(after: interval(kind)) { [weak self] in
            guard let self, let counted = following.removeValue(forKey: kind), counted.times > 0 else { return }
            write(kind, counted.last, counted.times)
        }
    }
}
