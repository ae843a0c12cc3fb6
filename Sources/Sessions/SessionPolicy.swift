/// How long a session lasts, in seconds.
package struct SessionPolicy: Sendable, Equatable {
    /// A session from a clock further ahead than this is refused: it would outlive its lifetime.
    package static let clockSkew: Int64 = 300

    /// Ends after this long unused.
    package let idle: Int64
    /// Ends after this long, used or not.
    package let lifetime: Int64
    package let endsWithToken: Bool

    package init(idle: Int64, lifetime: Int64, endsWithToken: Bool = false) {
        self.idle = idle
        self.lifetime = lifetime
        self.endsWithToken = endsWithToken
    }

    package enum End: String, Sendable {
        case idle
        case lifetime
        case token
        /// It comes from the future.
        case clock
    }

    package enum Verdict: Sendable, Equatable {
        /// `isRenewalDue`: set the cookie again, with `lastSeenAt` now.
        case valid(isRenewalDue: Bool)
        case expired(End)
    }

    /// `now` in Unix seconds.
    package func judge(_ record: SessionRecord, now: Int64) -> Verdict {
        let age = now.subtractingReportingOverflow(record.createdAt)
        let unused = now.subtractingReportingOverflow(record.lastSeenAt)
        guard !age.overflow, !unused.overflow, age.partialValue >= -Self.clockSkew,
            unused.partialValue >= -Self.clockSkew
        else { return .expired(.clock) }
        if age.partialValue >= lifetime { return .expired(.lifetime) }
        if unused.partialValue >= idle { return .expired(.idle) }
        if endsWithToken, now >= record.tokenExpiresAt { return .expired(.token) }
        return .valid(isRenewalDue: unused.partialValue >= renewalInterval)
    }

    /// The cookie is set again once in this long: a tenth of `idle`, at least a minute, and where `idle` is shorter
    /// than two minutes, half of it. A session so ends up to that long before it would by the last use alone.
    package var renewalInterval: Int64 { max(1, min(max(60, idle / 10), idle / 2)) }

    /// When the session ends if it is not used again, in Unix seconds.
    package func end(of record: SessionRecord) -> Int64 {
        var end = min(lastPossibleEnd(of: record), Self.sum(record.lastSeenAt, idle))
        if endsWithToken { end = min(end, record.tokenExpiresAt) }
        return end
    }

    /// When it ends however it is used: until then, its being ended early must be remembered.
    package func lastPossibleEnd(of record: SessionRecord) -> Int64 { Self.sum(record.createdAt, lifetime) }

    private static func sum(_ left: Int64, _ right: Int64) -> Int64 {
        let (sum, overflow) = left.addingReportingOverflow(right)
        return overflow ? .max : sum
    }
}
