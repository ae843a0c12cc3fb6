import Posix

/// How many requests may be sent a second time: a share of those of the last ten seconds, and so many a second besides.
/// An origin that fails gets little more load than it had, and an origin that is asked seldom is asked again all the same.
package struct RetryBudget: Sendable {
    /// Of a hundred requests, so many may be repeated.
    private let percent: Int
    private let perSecond: Int
    private var since = MonotonicTime(nanoseconds: 0)
    private var current = Count()
    private var previous = Count()

    private struct Count {
        var requests = 0
        var retries = 0
    }

    /// What is counted is forgotten after twice this time.
    private static let half = Nanoseconds.seconds(5)

    package init(percent: Int = 20, perSecond: Int = 10) {
        self.percent = percent
        self.perSecond = perSecond
    }

    package mutating func noteRequest(now: MonotonicTime) {
        roll(now)
        current.requests += 1
    }

    /// Takes one from what is left; false where nothing is.
    package mutating func withdraw(now: MonotonicTime) -> Bool {
        roll(now)
        let allowed = (current.requests + previous.requests) * percent / 100 + 10 * perSecond
        guard current.retries + previous.retries < allowed else { return false }
        current.retries += 1
        return true
    }

    private mutating func roll(_ now: MonotonicTime) {
        let age = now - since
        if age < Self.half { return }
        previous = age.count < 2 * Self.half.count ? current : Count()
        current = Count()
        since = now
    }
}
