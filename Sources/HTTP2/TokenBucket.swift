/// Counts what an allowance allows: a bucket of `burst` tokens that fills up by `perSecond`.
struct TokenBucket {
    private let burst: Int
    private let perSecond: Int
    private var tokens: Int
    /// The time up to which tokens have been given.
    private var filledAt: UInt64?

    init(_ allowance: HTTP2Limits.Allowance) {
        burst = allowance.burst
        perSecond = allowance.perSecond
        tokens = allowance.burst
    }

    /// Takes one token; false where there is none.
    ///
    /// - Parameter now: in nanoseconds of a clock that does not jump.
    mutating func take(now: UInt64) -> Bool {
        if tokens == 0 { fill(now) }
        guard tokens > 0 else { return false }
        if tokens == burst { filledAt = now }
        tokens -= 1
        return true
    }

    mutating func give(_ count: Int) { tokens = min(burst, tokens + count) }

    private mutating func fill(_ now: UInt64) {
        guard let filledAt, perSecond > 0, now > filledAt else { return }
        let step = 1_000_000_000 / UInt64(perSecond)
        let earned = (now - filledAt) / step
        self.filledAt = filledAt + earned * step
        tokens = min(burst, Int(min(earned, UInt64(burst))))
    }
}
