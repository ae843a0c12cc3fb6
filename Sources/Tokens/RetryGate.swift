/// Whether an endpoint that failed may be asked again: after 1, 2, 4 … 60 s, each up to a quarter less by chance, and
/// then by one caller first. Pure; all times are milliseconds of one monotonic clock.
package struct RetryGate: Sendable {
    package static let firstRetry: Int64 = 1_000
    package static let longestRetry: Int64 = 60_000
    /// The one who may ask first must come back in this time; then it is another's turn.
    package static let probeTime: Int64 = 30_000

    /// Failures since the last success.
    package private(set) var failures = 0
    /// When it may be asked again; nil as long as all is well.
    package private(set) var retryAt: Int64?

    package init() {}

    /// Whether to ask now. After failures a yes is a promise to tell how it went, and keeps others away meanwhile.
    package mutating func allowsAsking(now: Int64) -> Bool {
        guard let retryAt else { return true }
        guard now >= retryAt else { return false }
        self.retryAt = now + Self.probeTime
        return true
    }

    package mutating func succeeded() {
        failures = 0
        retryAt = nil
    }

    /// Several that were under way when it broke count as one.
    /// - Parameters:
    ///   - startedAt: when the one that failed was begun.
    ///   - random: any 64 random bits.
    package mutating func failed(startedAt: Int64, now: Int64, random: UInt64) {
        if let lastFailure, startedAt <= lastFailure { return }
        let delay = min(Self.firstRetry << min(failures, 6), Self.longestRetry)
        failures += 1
        lastFailure = now
        retryAt = now + delay - Int64(random % UInt64(delay / 4 + 1))
    }

    private var lastFailure: Int64?
}
