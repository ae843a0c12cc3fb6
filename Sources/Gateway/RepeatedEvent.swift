import Posix
import Reactor

/// Tells the operator of what happens again and again: the first time at once, and those that follow in one line for each
/// key and interval. A flood writes no more lines than a trickle.
final class RepeatedEvent<Key: Hashable, Detail> {
    private let loop: EventLoop
    private let interval: (Key) -> Nanoseconds
    private let write: (Key, Detail, Int) -> Void
    /// What has followed a line, while the next one's time has not come: how often, and the latest.
    private var following: [Key: (times: Int, detail: Detail)] = [:]

    /// - Parameter write: writes a line; told how often it happened since the last one of that key.
    init(
        loop: EventLoop, every interval: @escaping (Key) -> Nanoseconds, write: @escaping (Key, Detail, Int) -> Void
    ) {
        self.loop = loop
        self.interval = interval
        self.write = write
    }

    func note(_ key: Key, _ detail: Detail) {
        guard let times = following[key]?.times else { return tell(key, detail, 1) }
        following[key] = (times + 1, detail)
    }

    private func tell(_ key: Key, _ detail: Detail, _ times: Int) {
        write(key, detail, times)
        following[key] = (0, detail)
        loop.schedule(after: interval(key)) { [weak self] in
            guard let self, let counted = following.removeValue(forKey: key), counted.times > 0 else { return }
            tell(key, counted.detail, counted.times)
        }
    }
}
