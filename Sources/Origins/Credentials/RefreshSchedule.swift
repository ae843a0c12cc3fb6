/// When credentials are loaded again. Pure: it is told what happened, and says how long to wait, in seconds.
///
/// Credentials that end are renewed twenty minutes before, those of less than forty minutes at half of what is left, up
/// to a tenth (five minutes at most) sooner by chance, so that many machines do not ask in step. What fails is tried
/// again after 1, 2, 4 … 60 s.
package struct RefreshSchedule: Sendable {
    package static let lead: Int64 = 1200
    package static let longestJitter: Int64 = 300
    package static let shortestPause: Int64 = 1
    package static let longestRetry: Int64 = 60
    /// A file may be changed at any time.
    package static let rereading: Int64 = 60

    /// Failures since the last success.
    package private(set) var failures = 0

    package init() {}

    /// - Parameters:
    ///   - expiresAt: when what was loaded ends; nil where it does not.
    ///   - random: any 64 random bits.
    /// - Returns: nil where there is nothing to load again.
    package mutating func succeeded(
        from source: CredentialSource, expiresAt: Int64?, now: Int64, random: UInt64
    ) -> Int64? {
        failures = 0
        guard let expiresAt else { return source == .environment ? nil : Self.rereading }
        let left = max(0, expiresAt - now)
        let pause = max(left - Self.lead, left / 2)
        let jitter = min(pause / 10, Self.longestJitter)
        return max(pause - Int64(random % UInt64(jitter + 1)), Self.shortestPause)
    }

    package mutating func failed(random: UInt64) -> Int64 {
        let delay = min(1 << min(failures, 6), Self.longestRetry)
        failures += 1
        return max(delay - Int64(random % UInt64(delay / 4 + 1)), Self.shortestPause)
    }
}
