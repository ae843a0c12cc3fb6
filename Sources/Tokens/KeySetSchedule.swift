/// When to fetch a key set again. Pure: it is told what happened, and says when to act.
///
/// All times are milliseconds of one monotonic clock. A set lives as long as its response's
/// `Cache-Control` says, within bounds, and is fetched anew at four fifths of that; a failed fetch
/// is tried again after 1, 2, 4 … 60 s, each up to a quarter less by chance, so that many workers
/// or machines do not ask in step. Meanwhile the last good set serves on, for a day at most.
package struct KeySetSchedule: Sendable {
    package static let shortestLife: Int64 = 60_000
    package static let longestLife: Int64 = 3_600_000
    package static let usualLife: Int64 = 600_000
    package static let firstRetry: Int64 = 1_000
    package static let longestRetry: Int64 = 60_000
    /// How long a set that cannot be renewed is still believed.
    package static let longestUse: Int64 = 86_400_000

    /// When to fetch next.
    package private(set) var nextFetch: Int64
    /// Failures since the last success.
    package private(set) var failures = 0
    private var lastSuccess: Int64?

    /// - Parameter now: the first fetch is due at once.
    package init(now: Int64) { nextFetch = now }

    /// - Parameter cacheControl: the field's value, all lines joined by commas.
    package mutating func succeeded(now: Int64, cacheControl: String?) {
        failures = 0
        lastSuccess = now
        nextFetch = now + Self.life(cacheControl: cacheControl) / 5 * 4
    }

    /// - Parameter random: any 64 random bits.
    package mutating func failed(now: Int64, random: UInt64) {
        let delay = min(Self.firstRetry << min(failures, 6), Self.longestRetry)
        failures += 1
        nextFetch = now + delay - Int64(random % UInt64(delay / 4 + 1))
    }

    /// Whether the set of the last success may still be used.
    package func isUsable(now: Int64) -> Bool {
        lastSuccess.map { now - $0 < Self.longestUse } ?? false
    }

    /// How long a response stays fresh (RFC 9111 section 5.2.2), within `shortestLife...longestLife`.
    package static func life(cacheControl: String?) -> Int64 {
        var life: Int64?
        for directive in (cacheControl ?? "").lowercased().split(separator: ",") {
            let parts = directive.split(separator: "=", maxSplits: 1).map { $0.filter { $0 != " " && $0 != "\t" } }
            switch parts.first {
            case "no-store", "no-cache": return shortestLife
            case "max-age" where parts.count == 2 && life == nil:
                let digits = parts[1].filter { $0 != "\"" }
                guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), !digits.isEmpty else { break }
                life = min(Int64(digits) ?? .max, longestLife / 1000) * 1000
            default: break
            }
        }
        return min(max(life ?? usualLife, shortestLife), longestLife)
    }
}

/// Lets an unknown `kid` cause one fetch of the key set a cooldown, however many tokens name one. All times are
/// milliseconds of one monotonic clock.
package struct UnknownKeyThrottle: Sendable {
    package let cooldown: Int64
    private var lastFetch: Int64?

    /// - Parameter cooldown: milliseconds.
    package init(cooldown: Int64 = 30_000) { self.cooldown = cooldown }

    /// Whether a fetch would be allowed now.
    package func isOpen(now: Int64) -> Bool {
        lastFetch.map { now - $0 >= cooldown } ?? true
    }

    /// Whether to fetch now. A yes starts the cooldown.
    package mutating func allowsFetch(now: Int64) -> Bool {
        guard isOpen(now: now) else { return false }
        lastFetch = now
        return true
    }
}
