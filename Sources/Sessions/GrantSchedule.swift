/// When a session's tokens are renewed: shortly before what the provider gave runs out.
///
/// A tenth of its life ahead, so that a token of an hour and one of a minute both have time for a slow provider and a
/// second try; at most a minute, for what is renewed early only costs the provider more. Never within a second of the
/// last time, whatever lives a provider gives its tokens.
package enum GrantSchedule {
    package static let longestLead: Int64 = 60
    package static let shortestInterval: Int64 = 1
    /// How long a grant counts that came without an ID token and without `expires_in`.
    package static let usualLife: Int64 = 3600
    /// The least that `expires_in` counts for where no ID token came.
    package static let shortestLife: Int64 = 60

    /// Unix seconds from which the tokens are to be renewed. All times are Unix seconds.
    package static func due(obtainedAt: Int64, expiresAt: Int64) -> Int64 {
        let (life, overflow) = expiresAt.subtractingReportingOverflow(obtainedAt)
        guard !overflow else { return .max }
        let lead = min(longestLead, max(0, life) / 10)
        let (earliest, over) = obtainedAt.addingReportingOverflow(shortestInterval)
        return over ? .max : max(expiresAt - lead, earliest)
    }

    /// When a grant ends that came without an ID token. `expiresIn` in seconds.
    package static func end(obtainedAt: Int64, expiresIn: Int64?) -> Int64 {
        let (end, overflow) = obtainedAt.addingReportingOverflow(max(shortestLife, expiresIn ?? usualLife))
        return overflow ? .max : end
    }
}
